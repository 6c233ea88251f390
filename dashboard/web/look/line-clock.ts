/** How far the clock of the line is ahead of that of this screen, ms: nobody sets the clock of a tablet. */
let aheadMs = 0

/**
 * What the line said of its time in an answer (RFC 9110, 6.6.1); one out of a store is an old one. It said so between
 * question and answer, in whole seconds: clocks that may agree are left alone, so that no fact is stated before another
 * that was seen already.
 */
export function heardTime(headers: Pick<Headers, 'get'>, askedMs: number, nowMs = Date.now()): void {
  const saidMs = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(saidMs) || headers.get('cache-control') !== 'no-store') return
  const [least, most] = [saidMs - nowMs, saidMs + 1_000 - askedMs]
  aheadMs = Math.max(least, Math.min(most, aheadMs))
}

/** Now by the clock of the line, which its records go by, ms since 1970; that of this screen until the line answers. */
export const lineNow = (nowMs = Date.now()): number => nowMs + aheadMs
