import { z } from 'zod'

/**
 * Longest time of a configuration, ms: about 11 days. A timer of JavaScript holds 2^31 - 1 ms, and one that is set for
 * longer ends at once; what is added to a budget must fit, too.
 */
const MAX_MS = 1_000_000_000

/**
 * Time kept back from the part's budget for writing the gate command, ms. A pass whose record is not durable by
 * `deadline - GATE_MARGIN_MS` is held.
 */
export const GATE_MARGIN_MS = 10

/** A length of time, ms. */
export const durationMs = z.number().int().positive().max(MAX_MS)

/** So many times a second; the time between two of them must be one that a timer holds. */
export const ratePerS = z.number().min(1_000 / MAX_MS)

/** Trigger to actuated verdict, ms. */
export const budgetMs = z
  .number()
  .int()
  .max(MAX_MS)
  .refine(
    (ms) => ms > GATE_MARGIN_MS,
    `more than ${GATE_MARGIN_MS}: the gate is told so much before the budget ends, and no verdict would be there by then`,
  )
