import { describe, expect, it } from 'vitest'
import { canonicalJson, type InspectionCompleted, type QEvent } from '../../contracts/index.ts'
import { checkEvent } from '../../traceability/store/event-check.ts'
import { checkInspection } from '../../traceability/store/inspection-check.ts'
import { inspectionEvent, type UnitFacts } from '../../traceability/store/inspection-event.ts'
import { recordOf } from '../../traceability/store/record-codec.ts'
import { failVerdict, gs1Code, missed, passVerdict, request } from './samples/traceability-requests.ts'

type Event = Omit<QEvent<InspectionCompleted>, 'sequence'>

const unit = {
  serial: 'A1',
  uri: 'urn:x:1',
  identifiedBy: 'code',
  lot: 'L1',
  origin: { unit: 'urn:x:1', product: 'urn:x', lots: [{ lot: 'urn:x:l', supplier: 'urn:x:s' }] },
} as const satisfies UnitFacts
const image = {
  sha256: 'ab'.repeat(32),
  path: 'images/x',
  mime: 'image/png',
  bytes: 3,
  view: 'top',
  widthPx: 4,
  heightPx: 2,
}
const model = { id: 'm', version: '1', sha256: 'cd'.repeat(32), provider: 'cpu' }
const sample = (): Event =>
  structuredClone(
    inspectionEvent(
      recordOf(request(1, failVerdict({ models: [model], codes: [gs1Code('A1')] }))),
      unit,
      image,
    ),
  )

/** As the writer does it: the check, then the canonical JSON. */
const kept = (event: Event): string => {
  checkInspection(event)
  return canonicalJson(event)
}

/** Paths of every leaf, with array indices. */
function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([k, v]) => leaves(v, [...path, Array.isArray(value) ? Number(k) : k]))
}

function set(event: Event, path: readonly (string | number)[], value: unknown): void {
  let at = event as unknown as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  at[path.at(-1) ?? ''] = value
}

describe('the check of inspection events against their schema', () => {
  it('takes what the schema takes', () => {
    for (const event of [
      sample(),
      inspectionEvent(recordOf(request(2, passVerdict())), unit, null),
      inspectionEvent(recordOf(missed(3)), { ...unit, lot: null }, null),
    ]) {
      expect(() => checkEvent(event)).not.toThrow()
      expect(() => kept(event)).not.toThrow()
    }
  })

  it.each([
    ['NaN for a number', 'number', Number.NaN],
    ['infinity for a number', 'number', Number.POSITIVE_INFINITY],
    ['a lone surrogate', 'string', '\ud800'],
  ])('refuses %s at every place', (_name, type, bad) => {
    const places = leaves(sample()).filter((path) => {
      let at: unknown = sample()
      for (const key of path) at = (at as Record<string | number, unknown>)[key]
      return typeof at === type
    })
    expect(places.length).toBeGreaterThan(20)
    for (const path of places) {
      const event = sample()
      set(event, path, bad)
      expect(() => kept(event), path.join('.')).toThrow(expect.objectContaining({ code: 'EVT_SCHEMA' }))
    }
  })

  it.each([
    [['id'], 'no-uuid'],
    [['time'], 'yesterday'],
    [['data', 'process', 'startedAt'], '2026-01-05T06:00:00Z'],
    [['data', 'process', 'endedAt'], '2026-13-05T06:00:00.000Z'],
    [['data', 'timing', 'captureAt'], ''],
    [['data', 'timing', 'totalMs'], '11'],
    [['data', 'trigger'], 1.5],
    [['data', 'runType'], 'holiday'],
    [['data', 'unit', 'serial'], null],
    [['data', 'place', 'plant'], undefined],
    [['data', 'verdict', 'result'], 'maybe'],
    [['data', 'verdict', 'disposition'], 'pass'],
    [['data', 'verdict', 'noVerdict'], 'tired'],
    [['data', 'verdict', 'pDefect'], null],
    [['data', 'verdict', 'rules', 0], 3],
    [['data', 'image', 'views', 0, 'sha256'], 'AB'],
    [['data', 'image', 'views', 0, 'width'], 1.5],
    [['data', 'models', 0, 'sha256'], 'x'],
    [['data', 'defects', 0, 'severity'], 'awful'],
    [['data', 'defects', 0, 'confidence'], '0.9'],
    [
      ['data', 'defects', 0, 'bbox'],
      [1, 2, 3],
    ],
    [['data', 'measurements', 0, 'value'], null],
  ] as [(string | number)[], unknown][])('refuses %j = %j as the schema does', (path, bad) => {
    const event = sample()
    set(event, path, bad)
    expect(() => checkEvent(event)).toThrow(expect.objectContaining({ code: 'EVT_SCHEMA' }))
    expect(() => kept(event)).toThrow(expect.objectContaining({ code: 'EVT_SCHEMA' }))
  })
})
