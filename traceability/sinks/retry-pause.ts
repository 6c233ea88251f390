/** Longest pause that a receiver may ask for, ms: one that errs by a day must not hold a line's events for a day. */
const MOST_ASKED_MS = 15 * 60_000

/**
 * `Retry-After` (RFC 9110, 10.2.3), seconds or a date. A date is one by the clock of the receiver, which need not be
 * ours: its `Date` says what time it is there.
 *
 * @returns ms from now, 15 min at most; null = it asks for none
 */
export function retryAfterMs(retryAfter: string | null, date: string | null): number | null {
  if (retryAfter === null) return null
  const asked = retryAfter.trim()
  const there = Date.parse(date ?? '')
  const ms = /^\d+$/.test(asked)
    ? Number(asked) * 1_000
    : Date.parse(asked) - (Number.isNaN(there) ? Date.now() : there)
  return ms > 0 ? Math.min(ms, MOST_ASKED_MS) : null
}

/**
 * Pause before the next try: doubled from the first one up to the longest, and at least what the receiver asks for.
 *
 * @param n tries so far, from 1
 */
export const retryPauseMs = (
  n: number,
  { firstRetryMs, maxRetryMs }: { firstRetryMs: number; maxRetryMs: number },
  askedMs = 0,
): number => Math.max(askedMs, Math.min(firstRetryMs * 2 ** Math.min(n - 1, 20), maxRetryMs))
