import { betaQuantile } from './dist.ts'
import { outside } from './domain.ts'
import type { Interval } from './intervals.ts'

export interface Stratum {
  /** Members of the stratum in the population. */
  size: number
  /** Of these looked at, drawn at random. */
  n: number
  /** Of those looked at with the property. */
  k: number
}

export interface StratifiedShare {
  /** Unbiased share in the strata that were looked at; null when none was. */
  estimate: number | null
  /** Null when none was looked at. */
  interval: Interval | null
  /** Simple random sample that would say as much. */
  effectiveN: number
  /** Share of the population in strata where nobody has looked: the estimate says nothing about them. */
  uncovered: number
}

/**
 * Share of a property in a population from a random sample of each stratum: Σ W k / n with the weights W of the
 * stratum sizes (Cochran, Sampling Techniques, 3rd ed., 1977, 5.1). Interval: Clopper and Pearson's on the effective
 * sample size, which is the smallest of the sample, of what the variance says (Korn and Graubard, Survey Methodology 24
 * (1998) 193) and of what unequal weights cost (Kish, Survey Sampling, 1965, 11.7). For one stratum, and for equal
 * rates with nothing found, it is Clopper and Pearson's.
 */
export function stratifiedShare(strata: readonly Stratum[], confidence = 0.95): StratifiedShare {
  for (const { size, n, k } of strata)
    if (!(k >= 0 && k <= n && n <= size))
      throw outside('stratifiedShare', '0 <= k <= n <= size', `k = ${k}, n = ${n}, size = ${size}`)
  const population = strata.reduce((s, h) => s + h.size, 0)
  const seen = strata.filter((h) => h.n > 0)
  const covered = seen.reduce((s, h) => s + h.size, 0)
  const uncovered = population === 0 ? 0 : 1 - covered / population
  if (covered === 0) return { estimate: null, interval: null, effectiveN: 0, uncovered }
  let [estimate, variance, spread, n] = [0, 0, 0, 0]
  for (const h of seen) {
    const weight = h.size / covered
    const share = h.k / h.n
    estimate += weight * share
    spread += (weight * weight) / h.n
    // Answers that are all the same, a single one above all, say nothing of a variance: `spread` bounds what they may.
    if (share > 0 && share < 1) variance += (weight * weight * share * (1 - share)) / (h.n - 1)
    n += h.n
  }
  const byVariance = variance > 0 ? (estimate * (1 - estimate)) / variance : Infinity
  const effectiveN = seen.length === 1 ? n : Math.min(n, 1 / spread, byVariance)
  const k = estimate * effectiveN
  const tail = (1 - confidence) / 2
  return {
    estimate,
    effectiveN,
    uncovered,
    interval: {
      low: k <= 0 ? 0 : betaQuantile(tail, k, effectiveN - k + 1),
      high: k >= effectiveN ? 1 : betaQuantile(1 - tail, k + 1, effectiveN - k),
      confidence,
    },
  }
}
