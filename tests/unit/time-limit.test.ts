import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { timeLimit } from '../../contracts/index.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('timeLimit', () => {
  it('fires after its time, also when nothing but the listener holds the signal and memory is collected', async () => {
    // AbortSignal.any([AbortSignal.timeout(50), other]) loses its abort here (nodejs/node #57736).
    const fired = new Promise<unknown>((resolve) => {
      const { signal } = timeLimit(50, new AbortController().signal)
      signal.addEventListener('abort', () => resolve(signal.reason))
    })
    collectGarbage()
    expect(await fired).toMatchObject({ name: 'TimeoutError' })
  })

  it('aborts with the other signal and its reason, also one that aborted before', () => {
    const other = new AbortController()
    const limit = timeLimit(10_000, other.signal)
    other.abort('line stops')
    expect(limit.signal.reason).toBe('line stops')
    expect(timeLimit(10_000, other.signal).signal.reason).toBe('line stops')
  })

  it('never fires once cleared', async () => {
    const other = new AbortController()
    const limit = timeLimit(5, other.signal)
    limit.clear()
    await new Promise((resolve) => setTimeout(resolve, 20))
    other.abort()
    expect(limit.signal.aborted).toBe(false)
  })
})
