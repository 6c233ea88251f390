import { clopperPearson, wilson, type Confidence } from './interval.kernel.ts'

/** A share with its 95 % intervals. `rate` is null when there was nothing to count. */
export interface Rate {
  count: number
  of: number
  rate: number | null
  /** Parts per million. */
  ppm: number | null
  /** Wilson score interval. */
  wilson: [number, number]
  /** Clopper-Pearson, never narrower than stated: the one for acceptance. */
  exact: [number, number]
}

export const rate = (count: number, of: number, confidence: Confidence = 0.95): Rate => ({
  count,
  of,
  rate: of === 0 ? null : count / of,
  ppm: of === 0 ? null : Math.round((count * 1e6) / of),
  wilson: wilson(count, of, confidence),
  exact: clopperPearson(count, of, confidence),
})
