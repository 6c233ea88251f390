import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type RejectCommand, type SqlDatabase } from '../../contracts/index.ts'
import { migrate, openSql } from '../../traceability/index.ts'
import { dispositionOf, IN_FORCE, keptBack, LAST_JUDGED } from '../../traceability/genealogy/disposition.ts'
import { identityMap } from '../../traceability/genealogy/identity-names.ts'
import { whereabouts } from '../../traceability/genealogy/whereabouts.ts'
import { writeAnnotation } from '../../traceability/store/annotations.ts'
import { BatchWriter } from '../../traceability/store/batch-writer.ts'
import { prepareCapture } from '../../traceability/store/prepared-capture.ts'
import { recordOf } from '../../traceability/store/record-codec.ts'
import { gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let db: SqlDatabase
beforeEach(() => {
  db = openSql(':memory:', { synchronous: 'normal' })
  migrate(db, ':memory:')
})
afterEach(() => db.close())

let notes = 0
/** What a gate did not take is not told here. */
const noEvents = {
  find: () => null,
  append: () => {
    throw new Error('no event is to be written')
  },
}

/** Served `action` by the gate, which acknowledged it or not. */
function served(inspectionId: string, action: RejectCommand['action'], ok: boolean): void {
  const command = {
    station: 'st10',
    trigger: 1,
    inspectionId,
    result: 'pass',
    deadlineMs: 1,
    action,
    disposition: action === 'hold' ? 'hold' : 'release',
    // The word alone keeps nothing back.
    reason: { zh: '阈值', en: 'threshold' },
  } as RejectCommand
  const id = `0198c0de-0000-7000-8000-${String(++notes).padStart(12, '0')}`
  writeAnnotation(db, noEvents, {
    id,
    at: '',
    inspectionId,
    note: { gate: { command, ack: { ok, atMs: 1 } as never } },
  })
}

/** Judged as passed. Of the unit and of the inspection, what they go by. */
function judged(serial: string, trigger: number): { uri: string; inspectionId: string; station: string } {
  const asked = { ...request(trigger, passVerdict({ codes: [gs1Code(serial)] })), image: null }
  const prepared = prepareCapture(recordOf({ ...asked, station: `st${trigger}` }))
  new BatchWriter(db).commit([
    { request: { id: trigger, op: 'capture', ask: { prepared, image: null } }, image: null },
  ])
  return { uri: prepared.unit.uri, inspectionId: asked.inspectionId, station: `st${trigger}` }
}

it('the last command of a gate says what became of a part', () => {
  const asked = judged('A', 1)
  const { uri } = asked
  const found = (): unknown[] => [
    dispositionOf(db, uri),
    keptBack(db, [uri], identityMap(db)).map((k) => k.disposition),
  ]
  expect(found()).toEqual(['release', []])
  for (const [action, ok, is] of [
    ['release', true, 'release'],
    ['release', false, 'hold'],
    ['release', true, 'release'],
    ['hold', true, 'hold'],
    ['reject', false, 'release'],
    ['hold', false, 'hold'],
    ['release', true, 'release'],
  ] as const) {
    served(asked.inspectionId, action, ok)
    expect(found(), `${action} ${ok}`).toEqual([is, is === 'hold' ? ['hold'] : []])
  }
})

it('a unit that was judged again and again is where it was judged last, once', () => {
  const [first, again, other] = [judged('A', 1), judged('A', 2), judged('B', 3)]
  const last = judged('A', 4)
  served(again.inspectionId, 'hold', true)
  const found = whereabouts(db, [{ uri: 'urn:sightline:box:1' }, first, other], () => false)
  expect(found).toEqual([
    null,
    expect.objectContaining({ uri: first.uri, station: last.station, disposition: 'release', place: 'line' }),
    expect.objectContaining({ uri: other.uri, station: other.station }),
  ])
  served(last.inspectionId, 'hold', true)
  expect(whereabouts(db, [first], () => false)).toEqual([
    expect.objectContaining({ station: last.station, disposition: 'hold', place: 'held' }),
  ])
})

it('of a unit that is judged every day, as a master part, one row is read', () => {
  const judgements = Array.from({ length: 40 }, (_, n) => judged('A', n + 1))
  const asked = vi.spyOn(db, 'get')
  const [found] = whereabouts(db, judgements.slice(0, 1), () => false)
  expect(found).toMatchObject({ station: judgements.at(-1)?.station })
  const rows = asked.mock.results.flatMap(({ value }) => {
    const { station } = (value ?? {}) as { station?: string }
    return station === undefined ? [] : [JSON.parse(station) as unknown[]]
  })
  expect(rows).toEqual([[judgements.at(-1)?.station]])
})

it('what is known of many units is read from indices, not from the rows with the records', () => {
  const plan = db
    .all<{
      detail: string
    }>(
      `explain query plan select i.station, i.ended_at, ${IN_FORCE} as disposition
         from json_each(?1) v cross join identity d on d.uri = v.value ${LAST_JUDGED}`,
      '[]',
    )
    .map((r) => r.detail)
  const search = (name: string): string[] => plan.filter((d) => d.startsWith(`SEARCH ${name} `))
  expect(search('i')).toEqual([
    expect.stringContaining('USING COVERING INDEX inspection_unit (unit=? AND position>?)'),
  ])
  expect(search('g')).toEqual([expect.stringContaining('INDEX gate_kept')])
  expect(search('w')).toEqual([expect.stringContaining('INDEX review_inspection')])
  expect(search('s')).toEqual([expect.stringContaining('INDEX trace_fact_subject')])
  // Which decision counts is asked once for the unit, not for each of its decisions.
  const first = (name: string): number => plan.findIndex((d) => d.startsWith(`SEARCH ${name} `))
  expect(first('t')).toBeGreaterThan(first('p'))
})
