import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type SqlDatabase, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { IdentityChanges, openPartStore, openSql, type TraceStore } from '../../traceability/index.ts'
import { DATABASE_URL, dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { at, context, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

const line = { plant: 'p1', line: 'caps-a' }
const unit = (serial: string): string => `https://id.gs1.org/01/09506000134352/21/${serial}`

interface Opened {
  store: TraceStore
  db: SqlDatabase
  remove(): Promise<void>
}

function takenBack(open: () => Promise<Opened>): void {
  let o: Opened
  let trigger = 0
  beforeEach(async () => {
    o = await open()
    trigger = 0
  })
  afterEach(() => o.remove())

  /** @returns its id */
  const tell = async (fact: object, n: number): Promise<string> => {
    const id = uuidv7()
    await o.store.recordFact({ id, at: at(n), by: 'li', ...fact } as TraceFact, line)
    return id
  }
  const retract = (supersedes: string): Promise<string> =>
    tell({ kind: 'retract', supersedes, reason: 'wrong' }, 90)
  /** At one second after the other. */
  const judge = (serial: string, more: object = {}): Promise<unknown> =>
    o.store.capture(
      request(++trigger, passVerdict({ codes: [gs1Code(serial)] }), { context: { ...context, ...more } }),
    )
  const identity = (kind: 'merge' | 'split'): Promise<unknown> =>
    new IdentityChanges(o.db, o.store, line).change({
      kind,
      canonical: unit('S2'),
      uris: [unit('S1')],
      by: 'li',
      reason: 'two labels',
    })

  it.each(['while they are one', 'after they were split'])(
    'an unpacking leaves the part packed that was unpacked by another of its names, %s',
    async (when) => {
      await judge('S1')
      await judge('S2')
      await tell({ kind: 'aggregate', child: 'unit/S1', parent: 'box/B1' }, 51)
      await identity('merge')
      const out = await tell({ kind: 'disaggregate', child: 'unit/S2', parent: 'box/B1' }, 52)
      const packed = (): unknown =>
        o.db.all(`select child, valid_to, closed_by from edge where kind = 'aggregate'`)
      expect(packed()).toMatchObject([{ child: unit('S1'), valid_to: at(52) }])
      if (when === 'after they were split') await identity('split')
      await retract(out)
      expect(packed()).toEqual([{ child: unit('S1'), valid_to: null, closed_by: null }])
    },
  )
}

describe('in SQLite, taken back', () =>
  takenBack(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'sightline-take-back-'))
    const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    return {
      store,
      db,
      remove: async () => {
        db.close()
        await store.close()
        rmSync(dataDir, { recursive: true, force: true })
      },
    }
  }))

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })
describeWith('PostgreSQL', await postgresPresent(), 'on PostgreSQL, taken back', () =>
  takenBack(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'sightline-take-back-'))
    const schema = freshSchema()
    const store = await openPartStore({
      dataDir,
      spoolAfterMs: 20_000,
      database: { url: DATABASE_URL, schema },
    })
    const db = await openSchema(schema)
    return {
      store,
      db,
      remove: async () => {
        db.close()
        await store.close()
        await dropSchema(schema)
        rmSync(dataDir, { recursive: true, force: true })
      },
    }
  }),
)
