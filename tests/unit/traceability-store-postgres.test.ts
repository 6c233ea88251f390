import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { openPartStore, SqliteEventLog, TraceQuery } from '../../traceability/index.ts'
import { DATABASE_URL, dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { partStoreSuite, type StoreUnderTest } from '../suites/part-store.suite.ts'
import { triggerBalanceSuite } from '../suites/trigger-balance.suite.ts'

async function open(dataDir: string, schema: string): Promise<StoreUnderTest> {
  const store = await openPartStore({
    dataDir,
    spoolAfterMs: 20_000,
    database: { url: DATABASE_URL, schema },
  })
  const log = new SqliteEventLog(await openSchema(schema), (l) => store.onAppend(l))
  const close = async (): Promise<void> => {
    log.close()
    await store.close()
  }
  return {
    store,
    log,
    query: async () => new TraceQuery(dataDir, await openSchema(schema)),
    reopen: async () => {
      await close()
      return open(dataDir, schema)
    },
    dispose: async () => {
      await close()
      await dropSchema(schema)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

// Every test makes a schema of its own, with all tables and months.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describeWith('PostgreSQL', await postgresPresent(), 'the store of one line on PostgreSQL', () => {
  const openHere = (): Promise<StoreUnderTest> =>
    open(mkdtempSync(join(tmpdir(), 'sightline-store-')), freshSchema())
  partStoreSuite('PostgreSQL', openHere)
  triggerBalanceSuite('PostgreSQL', openHere)
})
