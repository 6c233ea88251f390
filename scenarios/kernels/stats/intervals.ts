import { betaQuantile, normalQuantile } from './dist.ts'
import { outside } from './domain.ts'

export interface Interval {
  low: number
  high: number
  confidence: number
}

/** Score interval of a proportion, k of n. Wilson, JASA 22 (1927). n > 0. */
export function wilson(k: number, n: number, confidence = 0.95): Interval {
  check('wilson', k, n)
  const z = normalQuantile(1 - (1 - confidence) / 2)
  const p = k / n
  const z2n = (z * z) / n
  const centre = (p + z2n / 2) / (1 + z2n)
  const half = (z / (1 + z2n)) * Math.sqrt((p * (1 - p)) / n + z2n / (4 * n))
  return {
    low: k === 0 ? 0 : Math.max(0, centre - half),
    high: k === n ? 1 : Math.min(1, centre + half),
    confidence,
  }
}

/** Exact interval of a proportion, k of n: coverage never below `confidence`. Clopper & Pearson, Biometrika 26 (1934). */
export function clopperPearson(k: number, n: number, confidence = 0.95): Interval {
  check('clopperPearson', k, n)
  const tail = (1 - confidence) / 2
  return {
    low: k === 0 ? 0 : betaQuantile(tail, k, n - k + 1),
    high: k === n ? 1 : betaQuantile(1 - tail, k + 1, n - k),
    confidence,
  }
}

function check(kernel: string, k: number, n: number): void {
  if (!(n > 0 && k >= 0 && k <= n)) throw outside(kernel, '0 <= k <= n, n > 0', `k = ${k}, n = ${n}`)
}
