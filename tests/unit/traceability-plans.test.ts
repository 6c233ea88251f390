import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SqlDatabase } from '../../contracts/index.ts'
import { migrate, openSql, REPLICA_TABLES } from '../../traceability/index.ts'
import { prepareItem } from '../../traceability/epcis/prepare-item.ts'
import { aliasesOf } from '../../traceability/query/aliases.ts'
import { EpcisWriter } from '../../traceability/store/epcis-writer.ts'
import { EventAppender } from '../../traceability/store/event-appender.ts'
import { RowBuffer } from '../../traceability/store/row-buffer.ts'

/** Tables, and what statements call them, that have a row or more for each part. */
const GROWING =
  /^SCAN (event|inspection|defect|measurement|carrier_read|inspection_image|image|identity|identity_alias|edge|trace_fact|[aei])\b/

let db: SqlDatabase
beforeEach(() => {
  db = openSql(':memory:', { synchronous: 'normal' })
  migrate(db, ':memory:')
})
afterEach(() => db.close())

/** Whole tables that a statement reads, where they grow with every part. */
const wholeTables = (sql: string): string[] =>
  db
    .all<{ detail: string }>(`explain query plan ${sql}`)
    .flatMap(({ detail }) => (GROWING.test(detail) ? [`${detail}: ${sql}`] : []))

/** Statements that are asked of the database meanwhile, as often as they are. */
function asked(work: (db: SqlDatabase) => void): string[] {
  const said: string[] = []
  const told = <A extends [string, ...never[]], R>(ask: (...args: A) => R) => {
    return (...args: A): R => {
      said.push(args[0])
      return ask(...args)
    }
  }
  work({
    exec: (sql) => db.exec(sql),
    run: told(db.run.bind(db)),
    get: told(db.get.bind(db)) as SqlDatabase['get'],
    all: told(db.all.bind(db)) as SqlDatabase['all'],
    insert: (...args) => db.insert(...args),
    transaction: (run) => db.transaction(run),
    close: () => undefined,
  })
  return said
}

it('a stretch of the log is carried into a plant without reading all links, facts and names', () => {
  expect(REPLICA_TABLES.flatMap(({ select }) => wholeTables(select))).toEqual([])
})

it('further names of a unit are found by the unit', () => {
  expect(asked((told) => aliasesOf(told, ['urn:a', 'urn:b'])).flatMap(wholeTables)).toEqual([])
})

/** Captures each event by itself. */
function capture(told: SqlDatabase, events: readonly Record<string, unknown>[]): void {
  const rows = new RowBuffer(told)
  const log = new EventAppender(told, rows)
  const writer = new EpcisWriter(told, log)
  for (const event of events)
    writer.write({
      capture: 'c',
      recordTime: '2026-01-05T07:00:00.000Z',
      source: { plant: 'p1', line: 'caps-a' },
      items: [prepareItem(event, null)],
      masterData: null,
      rollback: true,
    })
  log.flush()
}

it.each(['ADD', 'DELETE'])(
  'a crate that is never told the other end costs the same each time: %s',
  (action) => {
    // Programs of carriers often say only that a crate went into a truck, or only that it came out.
    const trips = Array.from({ length: 120 }, (_, n) => ({
      type: 'AggregationEvent',
      eventID: `urn:x:trip:${n}`,
      eventTime: new Date(Date.UTC(2026, 0, 5, n)).toISOString(),
      eventTimeZoneOffset: '+00:00',
      parentID: `urn:x:truck:${n}`,
      childEPCs: ['urn:x:crate'],
      action,
    }))
    const cost = (events: typeof trips): number => asked((told) => capture(told, events)).length
    capture(db, trips.slice(0, 10))
    const first = cost(trips.slice(10, 11))
    capture(db, trips.slice(11, 119))
    expect(cost(trips.slice(119))).toBe(first)
  },
)

it('an event that is declared an error takes its links back without reading all of them', () => {
  const box = 'urn:epc:id:sscc:9506000.0000000001'
  const packed = {
    type: 'AggregationEvent',
    eventID: 'urn:uuid:6f0e6f43-6a6c-4a51-9a45-000000000001',
    eventTime: '2026-01-05T06:00:00.000Z',
    eventTimeZoneOffset: '+00:00',
    parentID: box,
    childEPCs: ['urn:epc:id:sgtin:9506000.013435.A1'],
    action: 'ADD',
  }
  const declared = {
    ...packed,
    errorDeclaration: { declarationTime: '2026-01-05T07:00:00.000Z', reason: 'incorrect_data' },
  }
  const statements = asked((told) => capture(told, [packed, declared]))
  expect(statements.some((sql) => sql.startsWith('delete from edge'))).toBe(true)
  expect(db.all('select * from edge')).toEqual([])
  expect(statements.flatMap(wholeTables)).toEqual([])
})
