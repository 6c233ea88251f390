import { countNativeCalls, spawnWorker } from '../../contracts/thread.ts'

/** What the guard gets, in shared memory, and how many seconds a call may take without a beat. */
export interface GuardOrder {
  beats: Int32Array
  calls: Int32Array
  limitS: number
}

const BEAT_MS = 500
/** In place of a beat: the process ends. */
export const ENDS = -1

/**
 * Ends this process when one native call takes too long: a model may run for ever, as one with an endless loop, and
 * nothing stops native code but the end of its process (ADR 12). For commands that run models on the main thread. The
 * limit is far beyond what an image of 33 Mpx takes on a busy machine. A terminal or a pager that takes no more output
 * holds the process up as well, and is none of this.
 */
export function endWhenStuck(limitS = 600): void {
  const [beats, calls] = [new Int32Array(new SharedArrayBuffer(4)), countNativeCalls()]
  const guard = spawnWorker(new URL('./stuck-guard.worker.ts', import.meta.url), {
    workerData: { beats, calls, limitS } satisfies GuardOrder,
  })
  guard.unref()
  setInterval(() => {
    Atomics.add(beats, 0, 1)
    Atomics.notify(beats, 0)
  }, BEAT_MS).unref()
  // Node ends a thread by breaking off what it runs. Where that comes while the thread still starts it can be lost (seen on
  // Node 24 on a busy machine), and the process would wait for it for ever.
  process.once('exit', () => {
    Atomics.store(beats, 0, ENDS)
    Atomics.notify(beats, 0)
  })
}
