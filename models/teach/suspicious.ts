import { MAD_TO_SD } from './median.kernel.ts'

/** A good image that the others do not explain: look at it before trusting the model. */
export interface SuspiciousImage {
  name: string
  score: number
  /** Robust deviations above the median of the good scores. */
  deviations: number
}

type Suspicion = Omit<SuspiciousImage, 'name'> & {
  /** Index of the good image. */
  image: number
}

/** Good scores have a long upper tail; a normal one would pass this limit once in 10^7. */
const LIMIT = 5
/**
 * Outliers among the good images by their cross-fitted scores, the most unusual first (median and MAD, which the
 * outliers themselves do not move; Hampel 1974).
 */
export function suspicious(scores: readonly number[]): Suspicion[] {
  const middle = median(scores)
  const spread = MAD_TO_SD * median(scores.map((s) => Math.abs(s - middle)))
  if (!(spread > 0)) return []
  return scores
    .map((score, image) => ({ image, score, deviations: (score - middle) / spread }))
    .filter((s) => s.deviations > LIMIT)
    .sort((a, b) => b.deviations - a.deviations)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2
}
