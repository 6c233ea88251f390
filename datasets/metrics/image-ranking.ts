import {
  atFalseCallRate,
  atFullRecall,
  averagePrecision,
  bestF1Point,
  precisionRecallCurve,
  rocArea,
  rocCurve,
  stepsOf,
  sum,
  thinCurve,
} from './ranking.kernel.ts'
import { rate, type Rate } from './rate.ts'

/** How well a score tells bad parts from good ones, before any threshold is chosen. */
export interface ImageRanking {
  good: number
  bad: number
  auroc: number
  /** Average precision, the area under the precision-recall curve without interpolation. */
  aupr: number
  f1Max: { value: number; threshold: number }
  /** Good parts called bad at the highest threshold that lets no bad part pass. */
  falseCallsAtFullRecall: { threshold: number; falseCalls: Rate }
  /** Bad parts found while at most this share of the good ones is called bad; threshold null = nothing can be called. */
  detectionAt: { falseCallRate: number; threshold: number | null; detected: Rate; falseCalls: Rate }[]
  /** (false-call rate, detection rate) */
  roc: [number, number][]
  /** (recall, precision) */
  pr: [number, number][]
}

/** False-call rates at which detection is stated. */
const STATED_RATES: readonly number[] = [0.01, 0.05]

/** The chance that a bad part scores above a good one, ties counting half. NaN when one kind is missing. */
export const auroc = (scores: readonly number[], bad: readonly boolean[]): number =>
  rocArea(stepsOf(scores, bad))

/** Null when one kind is missing. */
export function rankImages(scores: readonly number[], bad: readonly boolean[]): ImageRanking | null {
  const steps = stepsOf(scores, bad)
  const positives = sum(steps.bad)
  const negatives = sum(steps.good)
  const best = bestF1Point(steps)
  const full = atFullRecall(steps)
  if (negatives === 0 || !best || !full) return null
  return {
    good: negatives,
    bad: positives,
    auroc: rocArea(steps),
    aupr: averagePrecision(steps),
    f1Max: { value: best.f1, threshold: best.threshold },
    falseCallsAtFullRecall: { threshold: full.threshold, falseCalls: rate(full.falseCalls, negatives) },
    detectionAt: STATED_RATES.map((falseCallRate) => {
      const p = atFalseCallRate(steps, falseCallRate)
      return {
        falseCallRate,
        threshold: Number.isFinite(p.threshold) ? p.threshold : null,
        detected: rate(p.detected, positives),
        falseCalls: rate(p.falseCalls, negatives),
      }
    }),
    roc: thinCurve(rocCurve(steps)),
    pr: thinCurve(precisionRecallCurve(steps)),
  }
}
