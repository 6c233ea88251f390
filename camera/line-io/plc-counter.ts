import { wrapped } from '../trigger-counter.ts'

/** What is known of the PLC's trigger counter. */
export interface PlcCounter {
  /** Last value taken; null before the first poll. */
  counter: number | null
  lastPollMs: number | null
  /** A value seen once, and the poll before that sighting. */
  candidate: { value: number; beforeMs: number | null } | null
  /** The number that the count last went over; null = it began otherwise. */
  over: number | null
}

export type CounterReading =
  | { kind: 'same' | 'base' | 'doubtful' }
  /**
   * The counter went on; `lostTo` is the last number whose part may be gone, `trigger` the one before the camera. `sinceMs`:
   * the poll that had not seen it yet. `greatest`: it was restarted by going over this number; null = otherwise.
   */
  | {
      kind: 'counted' | 'restarted'
      trigger: number | null
      lostTo: number
      sinceMs: number
      greatest: number | null
    }

/** The counter has 32 bits; one of a PLC program with 16 bits goes over its own greatest number. */
const WRAP = 0x1_0000_0000

/**
 * What one reading of the counter means. The PLC may write the two words of the counter between our reads of
 * them (65535 → 131071 → 65536), so a value is taken only when it is exactly the next one, or when two polls in
 * a row agree. A value below the last is then a counter that was restarted, wrapped or replaced.
 *
 * @param freshMs a value first seen later than this after the poll before announces no trigger
 */
export function readCounter(
  before: PlcCounter,
  value: number,
  atMs: number,
  freshMs: number,
): { now: PlcCounter; reading: CounterReading } {
  const { counter, lastPollMs, candidate, over } = before
  const taken = { counter: value, lastPollMs: atMs, candidate: null, over }
  if (counter === null) return { now: taken, reading: { kind: 'base' } }
  if (value === counter) return { now: taken, reading: { kind: 'same' } }
  const agreed = candidate?.value === value
  if (value !== (counter + 1) % WRAP && !agreed) {
    const seen = { value, beforeMs: lastPollMs }
    return { now: { ...before, lastPollMs: atMs, candidate: seen }, reading: { kind: 'doubtful' } }
  }
  const beforeMs = agreed ? candidate.beforeMs : lastPollMs
  const fresh = beforeMs !== null && atMs - beforeMs <= freshMs
  const kind = value > counter ? 'counted' : 'restarted'
  const greatest = kind === 'restarted' ? wrapped(counter, value) : null
  // A counter that was set to 0 has counted no part; one that wrapped has.
  const aPart = value > 0 || greatest !== null
  const trigger = fresh && aPart ? value : null
  const lostTo = trigger === null ? value : value - 1
  const now = { ...taken, ...(kind === 'restarted' && { over: greatest }) }
  return { now, reading: { kind, trigger, lostTo, sinceMs: beforeMs ?? atMs, greatest } }
}

/**
 * Whether the PLC has counted this number. Behind a greatest number, those of before it and those after it are told apart
 * by their distance, as in RFC 1982.
 */
export const isCounted = (n: number, { counter, over }: PlcCounter): boolean =>
  n <= (counter ?? 0) || (over !== null && n <= over && n - (counter ?? 0) > over / 2)

/** What to tell of a restarted one; `greatest` as in `CounterReading`. */
export function wentBack(from: number, to: number, greatest: number | null): string {
  const reset = 'counter restarted; it must be retained over a power cut'
  return `the trigger counter of the PLC went back from ${from} to ${to}: ${greatest === null ? reset : `it went over ${greatest}`}`
}

/** What to tell of numbers that nobody could announce. */
export function unseen(from: number, to: number, why: string): string {
  const range = to === from ? `trigger ${to}` : `triggers ${from} to ${to}`
  return `${range} came unseen${why}; the PLC rejects those parts by default`
}
