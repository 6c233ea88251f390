import { spawnWorker } from '../../contracts/index.ts'

/** What the guard gets: the count of beats, in shared memory, and how many seconds may pass without one. */
export interface GuardOrder {
  beats: Int32Array
  limitS: number
}

const BEAT_MS = 500

/**
 * Ends this process when it makes no step for too long: a model may run for ever, as one with an endless loop, and
 * nothing stops native code but the end of its process (ADR 12). For commands whose steps are single inferences.
 */
export function endWhenStuck(limitS = 120): void {
  const beats = new Int32Array(new SharedArrayBuffer(4))
  const guard = spawnWorker(new URL('./stuck-guard.worker.ts', import.meta.url), {
    workerData: { beats, limitS } satisfies GuardOrder,
  })
  guard.unref()
  setInterval(() => {
    Atomics.add(beats, 0, 1)
    Atomics.notify(beats, 0)
  }, BEAT_MS).unref()
}
