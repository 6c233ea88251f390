import { expect, it, vi } from 'vitest'
import { CodedError } from '../../contracts/index.ts'
import { SpoolDrain } from '../../traceability/store/spool-drain.ts'

/** Times of the rounds, s, while something comes into the spool during each. */
async function roundsOf(drain: () => Promise<void>): Promise<number[]> {
  vi.useFakeTimers()
  try {
    const from = Date.now()
    const at: number[] = []
    const spool = {
      count: 1,
      drain: () => {
        at.push((Date.now() - from) / 1_000)
        return drain()
      },
    }
    const parts = { spool, thread: {}, paths: { behind: 0, alarm: () => undefined } }
    const unkept = { any: false, try: () => Promise.resolve() }
    const rounds = new SpoolDrain(
      { ...parts, unkept } as unknown as ConstructorParameters<typeof SpoolDrain>[0],
      1_000,
    )
    rounds.later()
    await vi.advanceTimersByTimeAsync(8_000)
    rounds.stop()
    return at
  } finally {
    vi.useRealTimers()
  }
}

it('goes on soon where the store takes what waits, and ever later where it does not', async () => {
  expect(await roundsOf(() => Promise.reject(new CodedError('TRC_WRITE')))).toEqual([1, 3, 7])
  expect(await roundsOf(() => Promise.resolve())).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})
