import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEventLog, openPartStore, openTraceQuery } from '../../traceability/index.ts'
import { partStoreSuite, type StoreUnderTest } from '../suites/part-store.suite.ts'
import { triggerBalanceSuite } from '../suites/trigger-balance.suite.ts'

async function open(dataDir: string): Promise<StoreUnderTest> {
  const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  const log = openEventLog(dataDir, (l) => store.onAppend(l))
  const close = async (): Promise<void> => {
    log.close()
    await store.close()
  }
  return {
    store,
    log,
    query: () => Promise.resolve(openTraceQuery(dataDir)),
    reopen: async () => {
      await close()
      return open(dataDir)
    },
    dispose: async () => {
      await close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

const openHere = (): Promise<StoreUnderTest> => open(mkdtempSync(join(tmpdir(), 'sightline-store-')))
partStoreSuite('SQLite', openHere)
triggerBalanceSuite('SQLite', openHere)
