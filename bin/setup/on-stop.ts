import { STOP_SIGNALS } from '../../contracts/index.ts'

/**
 * Calls `stop` at the first signal that stops this process, and lets no other end it in the midst of that: a terminal
 * that is closed tells its processes more than once (its shell does, then the system).
 */
export function onStop(stop: () => void): void {
  let stopping = false
  for (const signal of STOP_SIGNALS)
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      stop()
    })
}
