import { z } from 'zod'

/** The module's entry in the line file: `{ use: lean, subgroup: 50 }`. */
export const leanParams = z.strictObject({
  /** Judged parts per subgroup, or one subgroup per hour of event time (UTC). */
  subgroup: z.union([z.number().int().min(2).max(10_000), z.literal('hour')]).default(50),
  /** Subgroups of phase I; 20 to 25 at least, Montgomery 7.2.1. */
  baseline: z.number().int().min(20).max(1_000).default(25),
  /** Tests of phase II: points beyond the limits only, or all four zone tests (more false alarms). */
  rules: z.enum(['beyond-limits', 'western-electric']).default('beyond-limits'),
})
export type LeanParams = z.infer<typeof leanParams>

/** In-control subgroups that must remain for limits; Montgomery 7.2.1 asks for 20 to 25 samples. */
export const MIN_STABLE = 20
/** Nonconforming parts the in-control baseline must hold: with fewer, the centre line is not known to better than ± 90 %. */
export const MIN_NONCONFORMING = 5
