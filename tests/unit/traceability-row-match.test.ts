import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { QEvent, SqlDatabase } from '../../contracts/index.ts'
import { openPartStore, openSql } from '../../traceability/index.ts'
import { RecordCheck } from '../../traceability/proof/record-check.ts'
import { Findings } from '../../traceability/proof/report.ts'
import { matchStretch, SignedTiles } from '../../traceability/proof/row-match.ts'
import { capture, deleteImages, signNow, temporary } from './samples/signed-log.ts'
import { failVerdict, gs1Code, plainCode, request } from './samples/traceability-requests.ts'

const place = temporary()
let db: SqlDatabase
let tiles: SignedTiles
let events = 0

/** Parts of every kind, one whose capture is compressed, names that JSON has to escape, numbers next to 0, and another event. */
beforeAll(async () => {
  await capture(place.dir, 1, 12)
  const store = await openPartStore({ dataDir: place.dir, synchronous: 'normal', spoolAfterMs: 20_000 })
  const codes = [gs1Code('S100', 'L1'), plainCode('quote " \\ \n line\u2028 \u001f 划痕')]
  await store.capture(request(100, failVerdict({ codes })))
  const rule = { rule: 'r', when: 'x'.repeat(9_000), matched: true, inputs: {}, defects: [] }
  const trace = { ruleset: 'cap-top@4', steps: [rule], decidedBy: 'r' }
  await store.capture(request(101, failVerdict({ trace })))
  const tiny = failVerdict()
  const [part, gap] = [tiny.findings[0], tiny.measurements[0]]
  if (!part || !gap) throw new Error('a failed part without finding and measurement')
  // What a part turned by half a turn, and a difference of two equal lengths, come to.
  Object.assign(part, { partXY: [Math.sin(Math.PI), -1e-17], areaMm2: Number.MIN_VALUE })
  Object.assign(gap, { value: 0.1 + 0.2 - 0.3, target: -0 })
  await store.capture(request(102, tiny))
  await store.close()
  await deleteImages(place.dir, ['ab'.repeat(32)])
  await signNow(place.dir)
  db = openSql(join(place.dir, 'trace.db'), { synchronous: 'normal' })
  db.exec('pragma foreign_keys = off; drop trigger event_no_update')
  events = db.get<{ n: number }>('select count(*) as n from event')?.n ?? 0
  tiles = new SignedTiles({ dir: join(place.dir, 'log'), size: events })
})
afterAll(() => {
  db.close()
  place.dispose()
})

const matches = () => matchStretch(db, 0, events, 128, tiles)

it('tells a log that is as it was signed by its hashes alone', () => {
  const found = matches()
  expect(found?.last).toBe(events)
  expect(found?.rows).toHaveLength(events)
  expect(found?.rows.filter((r) => r.inspected)).toHaveLength(events - 1)
  expect(Buffer.from(found?.leaves ?? []).toString('hex')).toBe(tiles.hex(0, events))
})

it('takes nothing behind the signed events for matched', () => {
  const fewer = new SignedTiles({ dir: join(place.dir, 'log'), size: 5 })
  expect(matchStretch(db, 0, events, 128, fewer)?.last).toBe(5)
  expect(matchStretch(db, 5, events, 128, fewer)).toBeNull()
})

/** What is found while a change stands, and whether the change changed anything. */
function whileChanged(table: string, change: string): { changed: boolean; found: unknown } {
  const read = () => JSON.stringify(db.all(`select * from ${table} order by position`))
  const before = read()
  db.exec('begin')
  try {
    db.exec(change)
    return { changed: read() !== before, found: matches() }
  } finally {
    db.exec('rollback')
  }
}

describe('sees every column that another value stands in', () => {
  const TABLES = ['event', 'inspection', 'defect', 'measurement', 'carrier_read', 'inspection_image']
  for (const table of TABLES)
    it(table, () => {
      const names = db.all<{ name: string; type: string }>(
        'select name, type from pragma_table_info(?)',
        table,
      )
      // The place of a row is that of the log, which other checks go by.
      for (const { name, type } of names.filter((c) => c.name !== 'position')) {
        const more = `ifnull(${name}, 0) + ${type === 'REAL' ? 1e-9 : 7}`
        const longer = type === 'BLOB' ? 'zeroblob(32)' : `ifnull(${name}, '') || 'x'`
        const other = OTHERS[name] ?? (type === 'TEXT' || type === 'BLOB' ? longer : more)
        const last = `(select max(position) from ${table})`
        const change = `update ${table} set ${name} = ${other} where position = ${last}`
        expect(whileChanged(table, change), name).toEqual({ changed: true, found: null })
      }
      expect(matches()?.rows).toHaveLength(events)
    })
})

it('sees rows that are gone or came', () => {
  for (const [table, change] of [
    ['defect', 'delete from defect where position = 3'],
    ['carrier_read', 'delete from carrier_read where position = 1'],
    ['inspection_image', 'delete from inspection_image where position = 1'],
    ['inspection', 'delete from inspection where position = 1'],
    [
      'inspection_image',
      `insert into inspection_image select 1, 'side', sha256, 4, 2 from inspection_image where position = 1`,
    ],
    ['measurement', `insert into measurement values (1, 9, 'x', 'y', 1, 'mm', null, null, null, null)`],
  ] as const)
    expect(whileChanged(table, change), change).toEqual({ changed: true, found: null })
})

it('takes a number next to 0 as it is or as 0 where each row is looked at by itself, and no third one', () => {
  const row = db.get<{ position: number; json: string }>(
    `select max(position) as position, json from event where type = 'qe.inspection.completed.v1'`,
  )
  if (!row) throw new Error('no part with numbers next to 0')
  const told = (value: string): string[] => {
    const findings = new Findings()
    db.exec('begin')
    db.exec(`update measurement set value = ${value} where position = ${row.position} and n = 0`)
    const check = new RecordCheck(db, findings)
    check.stretch(0, events)
    check.check(row.position, JSON.parse(row.json) as QEvent)
    db.exec('rollback')
    return findings.list.map((f) => f.detail)
  }
  // As a program of before kept it by the driver of Node 22, exactly.
  expect(['0', String(0.1 + 0.2 - 0.3), '2e-17'].map(told)).toEqual([
    [],
    [],
    [expect.stringMatching(/^the measurement rows differ/)],
  ])
})

/** What a constraint of the table lets another value be. */
const OTHERS: Record<string, string> = {
  ok: '1 - ok',
  identified_by: `iif(identified_by = 'code', 'trigger', 'code')`,
  result: `iif(result = 'pass', 'fail', 'pass')`,
  record_encoding: `iif(record_encoding = 'json', 'deflate-raw', 'json')`,
}
