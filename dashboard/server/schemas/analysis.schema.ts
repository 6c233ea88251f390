import { z } from '../zod.ts'

const num = z.number()
const maybe = num.nullable()
const factor = z.enum(['lot', 'supplier', 'station', 'shift', 'recipe', 'model'])

export const causeCountSchema = z.object({ factor, value: z.string(), n: num, bad: num })

const comparisonSchema = z.object({
  /** Share of bad parts over that of the rest; null where one of them is 0. */
  ratio: maybe,
  /** 95 % interval of the ratio. */
  low: maybe,
  high: maybe,
  method: z.enum(['fisher', 'chi-square']),
  /** Two-sided. */
  p: num,
})

export const causeSchema = causeCountSchema.extend({
  ...comparisonSchema.shape,
  restN: num,
  restBad: num,
  /** Benjamini–Hochberg over all that was compared. */
  q: num,
  named: z.boolean(),
})

export const analysisSchema = z.object({
  /** Judgements compared: each unit once per station, its first. */
  n: num,
  bad: num,
  classes: z.array(z.object({ label: z.string(), value: num, share: num, cumulative: num })),
  causes: z.array(causeSchema),
  /** Each factor as a whole. */
  factors: z.array(z.object({ factor, values: num, statistic: num, df: num, p: num })),
  /** The time after a moment against the time before it; null without one. */
  change: comparisonSchema.extend({ n: num, bad: num, beforeN: num, beforeBad: num }).nullable(),
})
