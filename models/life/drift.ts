/** Statistics, handed in because they live with the other kernels. */
export interface DriftStatistics {
  ksTwoSample(a: readonly number[], b: readonly number[]): { d: number; p: number }
  populationStability(reference: readonly number[], now: readonly number[]): number
  stabilityLimit(n: number, m: number, bins: number, alpha: number): number
}

export interface DriftResult {
  /** Population stability index over the deciles of the reference. */
  psi: number
  /** Index from which on an alarm is given. */
  psiLimit: number
  /** Distance of Kolmogorov and Smirnov, and the chance of it when nothing changed. */
  d: number
  p: number
  drift: boolean
}

/** Siddiqi, Credit Risk Scorecards (2006): 0.1 to 0.25 a small change, above a large one. */
const LARGE_CHANGE = 0.25
/**
 * With few parts the index passes its chi-square limit too often, since an almost empty bin weighs more than there. The
 * true limit was at most 1.23 times as high with 100 parts and 1.12 with 200 (drawn 200,000 times; alpha 0.05 to 0.0001).
 */
const FEW_PARTS = 25

/**
 * Compares a window of scores with the reference. An alarm when the distance is less likely than `alpha`, or the index
 * shows a large change that is beyond chance at `alpha`, too; as both are asked, half of it each.
 *
 * @param reference, window finite scores, not empty
 * @param alpha chance of an alarm when scores are independent and nothing changed
 */
export function compareScores(
  reference: readonly number[],
  window: readonly number[],
  alpha: number,
  stats: DriftStatistics,
): DriftResult {
  const { d, p } = stats.ksTwoSample(reference, window)
  const edges = decileEdges(reference)
  const psi = stats.populationStability(countsBetween(edges, reference), countsBetween(edges, window))
  const [n, m] = [reference.length, window.length]
  const chance = stats.stabilityLimit(n, m, edges.length + 1, alpha / 2) * (1 + FEW_PARTS / Math.min(n, m))
  const psiLimit = Math.max(LARGE_CHANGE, chance)
  return { psi, psiLimit, d, p, drift: p < alpha / 2 || psi >= psiLimit }
}

/** Deciles that differ; many equal scores give fewer of them. */
function decileEdges(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  const edges = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((q) => quantile(sorted, q / 10))
  return [...new Set(edges)]
}

/** Nearest-rank quantile of ascending values (Hyndman and Fan 1996, definition 1). */
export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0

/** Values up to each edge, and beyond the last. */
function countsBetween(edges: readonly number[], values: readonly number[]): number[] {
  const counts = Array<number>(edges.length + 1).fill(0)
  for (const v of values) {
    let at = 0
    while (at < edges.length && v > (edges[at] ?? 0)) at++
    counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}
