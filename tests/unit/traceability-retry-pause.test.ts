import { expect, it } from 'vitest'
import { retryAfterMs, retryPauseMs } from '../../traceability/sinks/retry-pause.ts'

const HERE = 'Sat, 28 Nov 2026 17:00:00 GMT'

it.each([
  [null, null, null],
  ['2', null, 2_000],
  [' 30 ', null, 30_000],
  ['0', null, null],
  ['86400', null, 900_000],
  ['99999999999999999999', null, 900_000],
  ['-5', HERE, null],
  ['soon', HERE, null],
  ['', HERE, null],
  // By the clock of the receiver, which is years off here.
  ['Sat, 28 Nov 2026 17:00:40 GMT', HERE, 40_000],
  ['Sat, 28 Nov 2026 16:59:00 GMT', HERE, null],
])('a receiver that says %s at %s asks for %s ms', (asked, date, ms) => {
  expect(retryAfterMs(asked, date)).toBe(ms)
})

it('a receiver makes a pause longer, never shorter', () => {
  const pauses = { firstRetryMs: 500, maxRetryMs: 60_000 }
  expect([1, 2, 3, 50].map((n) => retryPauseMs(n, pauses))).toEqual([500, 1_000, 2_000, 60_000])
  expect(retryPauseMs(1, pauses, 30_000)).toBe(30_000)
  expect(retryPauseMs(50, pauses, 1_000)).toBe(60_000)
})
