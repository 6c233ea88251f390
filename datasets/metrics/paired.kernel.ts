import { incompleteBeta } from './interval.kernel.ts'

/**
 * Exact test of McNemar (1947): of the things that one of two judges got right and the other wrong, how likely is a
 * split at least as uneven by pure chance. Two-sided binomial test with p = 1/2.
 */
export function mcnemarExact(onlyFirst: number, onlySecond: number): number {
  const n = onlyFirst + onlySecond
  const k = Math.min(onlyFirst, onlySecond)
  // P(X <= k) = I_(1/2)(n - k, k + 1); from the middle on both tails together are everything.
  return 2 * k >= n ? 1 : Math.min(1, 2 * incompleteBeta(0.5, n - k, k + 1))
}

/**
 * How often each of `counts.length` things is drawn in one resample of the same size, with replacement.
 *
 * @param next random number, 0 <= x < 1
 */
export function drawCounts(next: () => number, counts: Float64Array): void {
  const n = counts.length
  counts.fill(0)
  for (let i = 0; i < n; i++) counts[Math.floor(next() * n)]!++
}

/** Quantile of sorted values by linear interpolation (type 7 of Hyndman and Fan 1996). */
export function quantileOf(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1)
  const low = sorted[Math.floor(at)]!
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at))
}
