import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, vi } from 'vitest'
import type { SqlDatabase } from '../../../contracts/index.ts'
import { IdentityChanges, openPartStore, openSql, type TraceStore } from '../../../traceability/index.ts'
import {
  DATABASE_URL,
  dropSchema,
  freshSchema,
  openSchema,
  postgresPresent,
} from '../../services/postgres.ts'
import { describeWith } from '../../services/require-service.ts'

export const line = { plant: 'p1', line: 'caps-a' }

export interface Opened {
  store: TraceStore
  db: SqlDatabase
  /** A connection of its own, as changes of identities have one. */
  changes: IdentityChanges
  close(): Promise<void>
}

/** The same tests in the store of a line and in one in PostgreSQL. */
export async function inBothStores(
  name: string,
  suite: (open: () => Promise<Opened>) => void,
): Promise<void> {
  describe(`${name} in the store of a line`, () => {
    suite(async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'sightline-both-'))
      const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
      const open = (): SqlDatabase =>
        openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
      return opened(store, open(), new IdentityChanges(open(), store, line), () => {
        rmSync(dataDir, { recursive: true, force: true })
      })
    })
  })
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })
  describeWith('PostgreSQL', await postgresPresent(), `${name} in PostgreSQL`, () => {
    suite(async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'sightline-both-'))
      const schema = freshSchema()
      const store = await openPartStore({
        dataDir,
        spoolAfterMs: 20_000,
        database: { url: DATABASE_URL, schema },
      })
      const changes = new IdentityChanges(await openSchema(schema), store, line)
      return opened(store, await openSchema(schema), changes, async () => {
        await dropSchema(schema)
        rmSync(dataDir, { recursive: true, force: true })
      })
    })
  })
}

const opened = (
  store: TraceStore,
  db: SqlDatabase,
  changes: IdentityChanges,
  remove: () => void | Promise<void>,
): Opened => ({
  store,
  db,
  changes,
  close: async () => {
    changes.close()
    db.close()
    await store.close()
    await remove()
  },
})
