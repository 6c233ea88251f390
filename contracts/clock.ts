/** Monotonic wall time in ms with sub-millisecond digits, comparable between threads and, roughly, processes of one host. */
export const monoMs = (): number => performance.timeOrigin + performance.now()

/** What counts as the system clock having been set, ms; less is drift, and two names of one moment would differ by it. */
export const CLOCK_SET_MS = 100
let aheadMs = 0

/**
 * What the clock of the system says of a moment, for records and for people. `monoMs` goes on from the clock as it
 * was when the process began, also when that is set afterwards (a PC that finds its time server late).
 *
 * @param atMs ms of `monoMs`
 * @returns    ms since 1970
 */
export function wallMs(atMs: number): number {
  const nowMs = Date.now() - monoMs()
  if (Math.abs(nowMs - aheadMs) > CLOCK_SET_MS) aheadMs = nowMs
  return atMs + aheadMs
}

/** `wallMs` as RFC 3339, UTC, milliseconds. */
export const wallTime = (atMs: number): string => new Date(wallMs(atMs)).toISOString()
