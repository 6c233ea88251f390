import { setTimeout as sleep } from 'node:timers/promises'
import { asCoded, type CodedError, monoMs } from '../../contracts/index.ts'

/** Waits between attempts double from 250 ms to 10 s, and start anew after a session that worked. */
const FIRST_MS = 250
const LONGEST_MS = 10_000
/**
 * A connection that is closed sooner, and on which nothing was heard, did not work: whoever serves one client alone takes
 * each other one and drops it. A scanner may close behind each code.
 */
const STOOD_MS = 1_000

/**
 * Runs one session after the other until `stop` aborts.
 *
 * @param session resolves or rejects when its connection ends; calls `worked` when it stands, and with
 *   true when something is heard on it
 */
export async function keepConnected(
  stop: AbortSignal,
  session: (worked: (heard?: true) => void) => Promise<void>,
  lost: (error: CodedError) => void,
): Promise<void> {
  let waitMs = FIRST_MS
  while (!stop.aborted) {
    let sinceMs = Infinity
    try {
      await session((heard) => {
        sinceMs = heard ? -Infinity : Math.min(sinceMs, monoMs())
      })
    } catch (error) {
      if (!stop.aborted) lost(asCoded(error, 'CAM_GONE'))
    }
    if (stop.aborted) return
    if (monoMs() - sinceMs >= STOOD_MS) waitMs = FIRST_MS
    await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined)
    waitMs = Math.min(LONGEST_MS, waitMs * 2)
  }
}
