import { afterEach, describe, expect, it, vi } from 'vitest'
import { monoMs, wallMs, wallTime } from '../../contracts/index.ts'

afterEach(() => vi.useRealTimers())

/** The clock of the system alone is set, as by a time server. */
const setClock = (aheadMs: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: performance.timeOrigin + performance.now() + aheadMs })
}

describe('the time of a moment', () => {
  it.each([3 * 3_600_000, -4 * 3_600_000, 0])(
    'is that of the clock as it was set meanwhile, %d ms on, and its budget goes on by the other one',
    (aheadMs) => {
      const atMs = monoMs()
      setClock(aheadMs)
      expect(Math.abs(wallMs(atMs) - atMs - aheadMs)).toBeLessThan(150)
      expect(Math.abs(Date.parse(wallTime(monoMs())) - Date.now())).toBeLessThan(150)
      expect(monoMs() - atMs).toBeLessThan(10_000)
    },
  )

  it('has one name as long as the clock only drifts', () => {
    const atMs = monoMs()
    // The machine of the test may have had its clock set since it began.
    setClock(0)
    const first = wallTime(atMs)
    setClock(40)
    expect(wallTime(atMs)).toBe(first)
  })
})
