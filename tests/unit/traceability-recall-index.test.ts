import { afterEach, beforeEach, expect, it } from 'vitest'
import { type RejectCommand, type SqlDatabase } from '../../contracts/index.ts'
import { migrate, openSql } from '../../traceability/index.ts'
import { dispositionOf, IN_FORCE, keptBack, LAST_JUDGED } from '../../traceability/genealogy/disposition.ts'
import { identityMap } from '../../traceability/genealogy/identity-names.ts'
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

it('the last command of a gate says what became of a part', () => {
  const asked = { ...request(1, passVerdict({ codes: [gs1Code('A')] })), image: null }
  const prepared = prepareCapture(recordOf(asked))
  new BatchWriter(db).commit([
    { request: { id: 1, op: 'capture', ask: { prepared, image: null } }, image: null },
  ])
  const { uri } = prepared.unit
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

it('what is last known of many units is read from indices, not from the rows with the records', () => {
  const plan = db
    .all<{
      detail: string
    }>(
      `explain query plan select i.station, i.ended_at, ${IN_FORCE} as disposition
         from json_each(?1) v cross join identity d on d.uri = v.value ${LAST_JUDGED}`,
      '[]',
    )
    .map((r) => r.detail)
  expect(plan.filter((d) => d.startsWith('SEARCH i '))).toEqual([
    expect.stringContaining('USING COVERING INDEX inspection_unit (unit=? AND position>?)'),
  ])
  expect(plan.filter((d) => d.startsWith('SEARCH g '))).toEqual([expect.stringContaining('INDEX gate_kept')])
})
