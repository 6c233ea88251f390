import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { TwoPaths } from '../../traceability/store/two-paths.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const after = <T>(ms: number, value: T): Promise<T> =>
  new Promise((resolve) => setTimeout(() => resolve(value), ms))

/** Which path keeps a request that the store answers after so long, when it may take 20 ms. */
async function pathOf(storeMs: number, patienceMs?: number): Promise<string> {
  const paths = new TwoPaths(20, () => undefined)
  const kept = paths.either(
    () => after(storeMs, 'store'),
    () => after(1, 'spool'),
    patienceMs,
  )
  await vi.advanceTimersByTimeAsync(1_000)
  return kept
}

it('does not take for late what waited for company before it went to the store', async () => {
  expect(await pathOf(10)).toBe('store')
  expect(await pathOf(110)).toBe('spool')
  expect(await pathOf(110, 100)).toBe('store')
  expect(await pathOf(130, 100)).toBe('spool')
})
