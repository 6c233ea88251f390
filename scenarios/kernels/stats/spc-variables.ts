import { outside } from './domain.ts'
import type { Limits } from './spc-attributes.ts'

/** Factors for subgroups of n = 2 … 10: Montgomery, Introduction to SQC, appendix VI; ASTM Manual 7A. */
const FACTORS: Record<number, { a2: number; d2: number; d3: number; d4: number }> = {
  2: { a2: 1.88, d2: 1.128, d3: 0, d4: 3.267 },
  3: { a2: 1.023, d2: 1.693, d3: 0, d4: 2.574 },
  4: { a2: 0.729, d2: 2.059, d3: 0, d4: 2.282 },
  5: { a2: 0.577, d2: 2.326, d3: 0, d4: 2.114 },
  6: { a2: 0.483, d2: 2.534, d3: 0, d4: 2.004 },
  7: { a2: 0.419, d2: 2.704, d3: 0.076, d4: 1.924 },
  8: { a2: 0.373, d2: 2.847, d3: 0.136, d4: 1.864 },
  9: { a2: 0.337, d2: 2.97, d3: 0.184, d4: 1.816 },
  10: { a2: 0.308, d2: 3.078, d3: 0.223, d4: 1.777 },
}

/** Limits of the x̄ and R charts from the grand mean and the average range, subgroups of n values. */
export function xbarRLimits(
  grandMean: number,
  meanRange: number,
  n: number,
): { mean: Limits; range: Limits } {
  const f = FACTORS[n]
  if (!f) throw outside('xbarRLimits', 'subgroups of 2 to 10', n)
  return {
    mean: {
      centre: grandMean,
      ucl: grandMean + f.a2 * meanRange,
      lcl: grandMean - f.a2 * meanRange,
    },
    range: { centre: meanRange, ucl: f.d4 * meanRange, lcl: f.d3 * meanRange },
  }
}

/** Limits of individuals and moving ranges of two (d2 = 1.128, D4 = 3.267). At least two values. */
export function iMrLimits(values: readonly number[]): { individuals: Limits; range: Limits } {
  if (values.length < 2) throw outside('iMrLimits', 'two values or more', values.length)
  let sum = 0
  let moved = 0
  let last: number | null = null
  for (const v of values) {
    sum += v
    if (last !== null) moved += Math.abs(v - last)
    last = v
  }
  const mean = sum / values.length
  const mr = moved / (values.length - 1)
  const half = (3 * mr) / 1.128
  return {
    individuals: { centre: mean, ucl: mean + half, lcl: mean - half },
    range: { centre: mr, ucl: 3.267 * mr, lcl: 0 },
  }
}

/** σ estimated from the average range of subgroups of n. */
export function sigmaFromRange(meanRange: number, n: number): number {
  const f = FACTORS[n]
  if (!f) throw outside('sigmaFromRange', 'subgroups of 2 to 10', n)
  return meanRange / f.d2
}
