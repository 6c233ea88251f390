import { chi2Cdf } from './dist.ts'
import { outside } from './domain.ts'

export interface KsResult {
  /** Largest distance between the two empirical distributions, 0..1. */
  d: number
  /** Two-sided; exact for continuous data, too large (on the safe side) where values are tied. */
  p: number
}

/** Up to here p is counted exactly, n · m steps; above it is asymptotic. */
const EXACT_PRODUCT = 4_000_000

/**
 * Two-sample test of Kolmogorov and Smirnov. Exact p by counting the lattice paths that stay within the distance
 * (Hodges, Arkiv för Matematik 3 (1958) 469); for large samples Smirnov's limit (Ann. Math. Stat. 19 (1948) 279).
 *
 * @param a, b finite values in any order, not empty; not changed
 */
export function ksTwoSample(a: readonly number[], b: readonly number[]): KsResult {
  const [n, m] = [a.length, b.length]
  if (n === 0 || m === 0) throw outside('ksTwoSample', 'two samples that are not empty', Math.min(n, m))
  const x = Float64Array.from(a).sort()
  const y = Float64Array.from(b).sort()
  let [i, j, reached] = [0, 0, 0]
  while (i < n && j < m) {
    const at = Math.min(x[i] ?? 0, y[j] ?? 0)
    while (i < n && x[i] === at) i++
    while (j < m && y[j] === at) j++
    // In units of 1 / (n m), a whole number: no rounding decides whether a path touches the border.
    reached = Math.max(reached, Math.abs(i * m - j * n))
  }
  const d = reached / (n * m)
  if (reached === 0) return { d, p: 1 }
  return { d, p: n * m <= EXACT_PRODUCT ? exactTail(n, m, reached) : smirnovTail(d, n, m) }
}

/**
 * P(D >= reached / (n m)): the chance that a random order of both samples leaves the band. The chance to have left it
 * is carried, not one minus the chance to have stayed, so that small values keep their digits.
 */
function exactTail(n: number, m: number, reached: number): number {
  const left = new Float64Array(m + 1)
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      if (Math.abs(i * m - j * n) >= reached) left[j] = 1
      else if (i === 0 && j === 0) left[j] = 0
      else {
        // The last of i + j values came from the first sample with chance i / (i + j).
        const fromFirst = i === 0 ? 0 : (left[j] ?? 0)
        const fromSecond = j === 0 ? 0 : (left[j - 1] ?? 0)
        left[j] = (i * fromFirst + j * fromSecond) / (i + j)
      }
    }
  }
  return left[m] ?? 1
}

function smirnovTail(d: number, n: number, m: number): number {
  const t = d * d * ((n * m) / (n + m))
  let sum = 0
  for (let k = 1; k <= 100; k++) {
    const term = Math.exp(-2 * k * k * t)
    sum += k % 2 === 1 ? term : -term
    if (term < 1e-18) break
  }
  return Math.min(1, Math.max(0, 2 * sum))
}

/**
 * Population stability index of two sets of counts over the same bins: Σ (b − a) ln(b / a) of the shares a and b, the
 * symmetric divergence of Jeffreys (Lewis, An Introduction to Credit Scoring, 1994; Siddiqi, Credit Risk Scorecards,
 * 2006). An empty bin counts as half a part, else the index would be infinite.
 */
export function populationStability(reference: readonly number[], now: readonly number[]): number {
  const shares = (counts: readonly number[]): number[] => {
    const total = counts.reduce((s, c) => s + c, 0)
    if (!(total > 0)) throw outside('populationStability', 'counts that are not all 0', total)
    return counts.map((c) => (c === 0 ? 0.5 : c) / total)
  }
  if (reference.length !== now.length)
    throw outside('populationStability', `${reference.length} bins`, now.length)
  const b = shares(now)
  return shares(reference).reduce((sum, a, i) => sum + ((b[i] ?? 0) - a) * Math.log((b[i] ?? 0) / a), 0)
}

/**
 * Index that chance alone exceeds with probability `alpha` when nothing changed: PSI / (1/n + 1/m) is chi-square with
 * bins − 1 degrees of freedom (Yurdakul, Statistical Properties of Population Stability Index, 2018).
 */
export function stabilityLimit(n: number, m: number, bins: number, alpha: number): number {
  if (!(n > 0 && m > 0 && bins > 1 && alpha > 0 && alpha < 1))
    throw outside('stabilityLimit', 'n, m > 0, bins > 1, 0 < alpha < 1', alpha)
  let [low, high] = [0, 10]
  while (1 - chi2Cdf(high, bins - 1) > alpha) high *= 2
  for (let i = 0; i < 100; i++) {
    const mid = (low + high) / 2
    if (1 - chi2Cdf(mid, bins - 1) > alpha) low = mid
    else high = mid
  }
  return high * (1 / n + 1 / m)
}
