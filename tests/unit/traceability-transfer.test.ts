import { expect, it } from 'vitest'
import { prepareCapture } from '../../traceability/store/prepared-capture.ts'
import { recordOf } from '../../traceability/store/record-codec.ts'
import { passVerdict, request } from './samples/traceability-requests.ts'

const HOUR = 3_600_000
const T = Date.parse('2026-03-02T06:00:00.000Z')
const iso = (ms: number): string => new Date(ms).toISOString()

/** Triggered at T of `monoMs`, exposed 40 ms and ended 100 ms later, by the clock as it stood at each. */
function transferMs(atCapture: number, atEnd: number): number {
  const { meta, ...rest } = request(1, passVerdict())
  if (meta === null) throw new Error('a frame')
  const record = recordOf({
    ...rest,
    meta: { ...meta, triggeredAtMs: T + 0.25, capturedAt: iso(T + 40 + atCapture) },
    startedAt: iso(T + atEnd),
    endedAt: iso(T + 100 + atEnd),
  })
  const event = JSON.parse(prepareCapture(record).json.text) as { data: { timing: { transferMs: number } } }
  return event.data.timing.transferMs
}

it.each([
  ['was not set', 0, 0],
  ['was set long before', 3 * HOUR, 3 * HOUR],
  ['was put back long before', -4 * HOUR, -4 * HOUR],
  ['was set after the capture', 0, 3 * HOUR],
  ['was put back after the capture', 0, -4 * HOUR],
])('the transfer time of a part is what it was where the clock %s', (_, atCapture, atEnd) => {
  expect(transferMs(atCapture, atEnd)).toBeCloseTo(40, 0)
})
