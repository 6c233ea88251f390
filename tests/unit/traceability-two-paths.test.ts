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
    { ...(patienceMs !== undefined && { patienceMs }) },
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

it('says that the disk stands still once neither path has answered for five seconds, until one does', async () => {
  const paths = new TwoPaths(20, () => undefined)
  const kept = paths.either(
    () => after(9_000, 'store'),
    () => after(60_000, 'spool'),
  )
  await vi.advanceTimersByTimeAsync(4_900)
  expect(paths.silence).toBeNull()
  await vi.advanceTimersByTimeAsync(3_100)
  expect(paths.silence).toMatchObject({
    code: 'TRC_WRITE',
    detail: { actual: 'no answer to store or spool for more than 5 s' },
  })
  await vi.advanceTimersByTimeAsync(1_500)
  expect([await kept, paths.silence]).toEqual(['store', null])
})

it('is not silent because of a request that waits for company', async () => {
  const paths = new TwoPaths(20, () => undefined)
  const kept = paths.either(
    () => after(6_000, 'store'),
    () => after(1, 'spool'),
    { patienceMs: 8_000 },
  )
  await vi.advanceTimersByTimeAsync(5_900)
  expect(paths.silence).toBeNull()
  await vi.advanceTimersByTimeAsync(200)
  expect(await kept).toBe('store')
})

it('takes no more images into memory for a disk that stands still than it has room for', async () => {
  const paths = new TwoPaths(20, () => undefined)
  const hang = (bytes: number) =>
    paths.either(
      () => after(8_000, 'store'),
      () => after(60_000, 'spool'),
      { bytes },
    )
  const kept = [hang(400 * 2 ** 20)]
  await vi.advanceTimersByTimeAsync(6_000)
  expect(() => paths.mustHaveRoom()).not.toThrow()
  kept.push(hang(112 * 2 ** 20))
  expect(() => paths.mustHaveRoom()).toThrow(/TRC_WRITE.*a disk that answers/)
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await kept[0]).toBe('store')
  expect(() => paths.mustHaveRoom()).not.toThrow()
})
