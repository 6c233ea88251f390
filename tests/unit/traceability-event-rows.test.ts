import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SqlDatabase } from '../../contracts/index.ts'
import { openSql } from '../../traceability/index.ts'
import { EventRows } from '../../traceability/proof/event-rows.ts'
import { checkRange } from '../../traceability/proof/range-check.ts'
import type { RangeResult } from '../../traceability/proof/range-walk.ts'
import { Findings } from '../../traceability/proof/report.ts'
import { readHeads, trustOf } from '../../traceability/proof/heads.ts'
import { findSignedLeaves } from '../../traceability/proof/signed-leaves.ts'
import { capture, signNow, temporary } from './samples/signed-log.ts'

const place = temporary()
const [SIGNED, EVENTS] = [15, 18]
let db: SqlDatabase

beforeAll(async () => {
  await capture(place.dir, 1, SIGNED)
  await signNow(place.dir)
  await capture(place.dir, SIGNED + 1, EVENTS)
  db = openSql(join(place.dir, 'trace.db'), { synchronous: 'normal' })
  db.exec('pragma foreign_keys = off; drop trigger event_no_update; drop trigger event_no_delete')
})
afterAll(() => {
  db.close()
  place.dispose()
})

/** Pieces of five, put together. */
function together(): { rows: EventRows; pieces: RangeResult[] } {
  const dir = join(place.dir, 'log')
  const findings = new Findings()
  const heads = readHeads(place.dir, [], trustOf(place.dir, []), findings)
  const signed = findSignedLeaves(dir, db, heads.list, findings)
  const rows = new EventRows(db, findings, signed)
  const pieces: RangeResult[] = []
  for (let after = 0; after < EVENTS; after += 5)
    pieces.push(checkRange(db, { after, end: Math.min(after + 5, EVENTS) }, { dir, size: signed.size }, null))
  for (const piece of pieces) rows.add(piece)
  return { rows, pieces }
}

/** What is told of a log while a change of it stands. */
function whileChanged(change: string): ReturnType<typeof together> {
  db.exec('begin')
  try {
    db.exec(change)
    return together()
  } finally {
    db.exec('rollback')
  }
}

it('takes pieces as signed, and what stands behind the signed log for new', () => {
  const { rows, pieces } = together()
  expect(pieces.map((p) => p.asSigned)).toEqual([true, true, true, false])
  expect(rows).toMatchObject({ asSigned: true, count: EVENTS })
})

it('sees that a row is missing at the end of a piece, though the next pieces stand at their positions', () => {
  const { rows, pieces } = whileChanged('delete from event where position = 5')
  expect(pieces.map((p) => p.asSigned)).toEqual([false, true, true, false])
  expect(rows).toMatchObject({ asSigned: false, count: EVENTS - 1 })
})

it('sees a leaf that differs behind pieces that were as signed', () => {
  const { rows, pieces } = whileChanged(`update event set json = json || ' ' where position = 12`)
  expect(pieces.map((p) => p.asSigned)).toEqual([true, true, false, false])
  expect(rows).toMatchObject({ asSigned: false, count: EVENTS })
})
