import { expect, it } from 'vitest'
import { keepConnected } from '../../camera/readers/reconnect.ts'
import { CodedError, monoMs } from '../../contracts/index.ts'

it('a scanner that takes connections and closes them at once, as one that serves another, is asked ever less often', async () => {
  const stop = new AbortController()
  const begunMs: number[] = []
  await keepConnected(
    stop.signal,
    async (worked) => {
      begunMs.push(monoMs())
      worked()
      if (begunMs.length === 4) stop.abort()
      throw new CodedError('CAM_GONE')
    },
    () => undefined,
  )
  const waitedMs = begunMs.slice(1).map((at, n) => at - (begunMs[n] ?? at))
  // Timers may fire a millisecond early by this clock.
  for (const [n, leastMs] of [250, 500, 1_000].entries())
    expect(waitedMs[n]).toBeGreaterThanOrEqual(leastMs - 5)
})
