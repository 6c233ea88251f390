import { expect, it } from 'vitest'
import { canonicalJson } from '../../contracts/index.ts'
import { inspectionEvent } from '../../traceability/store/inspection-event.ts'
import { rowsHash } from '../../traceability/store/inspection-rows.ts'
import { eventText, prepareCapture, unitOf } from '../../traceability/store/prepared-capture.ts'
import { recordHash, recordOf } from '../../traceability/store/record-codec.ts'
import { failVerdict, gs1Code, missed, request } from './samples/traceability-requests.ts'

const image = {
  sha256: 'ab'.repeat(32),
  path: 'images/x',
  mime: 'image/png',
  bytes: 3,
  view: 'top "view":',
  widthPx: 4,
  heightPx: 2,
}
/** What stands in the text where a view and a sequence are put in. */
const MARKS = '"image":{"views":[],"source":","'

it('puts image and sequence where the canonical JSON of the whole event has them, whatever the strings say', () => {
  const asked = request(1, failVerdict({ codes: [gs1Code('A1', 'L1')] }))
  const [finding] = asked.outcome.verdict.findings
  if (!finding) throw new Error('a failed part without a finding')
  const named = failVerdict({
    findings: [{ ...finding, class: MARKS, rois: [MARKS] }],
    defects: [finding.id],
  })
  for (const [captured, of] of [
    [asked, image],
    [asked, null],
    [request(2, named, { product: { id: MARKS, revision: MARKS } }), image],
    [request(3, named, { context: { ...asked.context, line: MARKS, station: MARKS } }), null],
    [missed(4), null],
  ] as const) {
    const record = recordOf({ ...captured, image: null })
    const sequence = '00000000000000000007'
    const whole = inspectionEvent(record, unitOf(record).unit, of)
    const prepared = prepareCapture(record)
    const hashes = {
      recordSha256: recordHash(JSON.stringify(record)),
      rowsSha256: rowsHash(prepared.row, prepared.children),
    }
    expect(eventText(prepared, of, sequence)).toBe(
      canonicalJson({ ...whole, data: { ...whole.data, ...hashes }, sequence }),
    )
  }
})

it('names a part of a later count with it, and knows the name that programs of before gave it', () => {
  const record = recordOf({ ...missed(4), attempt: 1_767_596_500_000, image: null })
  const [now, before] = [unitOf(record), unitOf(record, 'caps-a.st10.4')].map((u) => u.unit)
  expect(now).toMatchObject({
    serial: 'caps-a.st10.4-1767596500000',
    origin: { unit: 'urn:sightline:trigger:caps-a:st10:4-1767596500000' },
  })
  expect(before).toMatchObject({
    serial: 'caps-a.st10.4',
    origin: { unit: 'urn:sightline:trigger:caps-a:st10:4' },
  })
  // Any other name is none that a program gave.
  expect(unitOf(record, 'caps-a.st10.5').unit).toEqual(now)
})
