import type { Box } from '../../contracts/index.ts'
import type { EvaluatedImage, EvaluationResult } from '../evaluate/index.ts'
import { iou, isCalled, matchImage } from '../metrics/index.ts'

/** One thing that went wrong, with the place to look at. */
export interface Case {
  kind: 'missed' | 'false-call' | 'misnamed'
  image: EvaluatedImage
  box: Box
  /** Class that is true, class that was called. */
  truth: string | null
  called: string | null
  /** Score of the call; of a miss the best score anything overlapping it had below the threshold. */
  score: number
}

/**
 * Misses, false calls and wrong classes at the operating threshold, worst first: misses with the least hint of a
 * call, false calls with the highest score.
 */
export function worstCases(result: EvaluationResult): Record<Case['kind'], Case[]> {
  const cases: Record<Case['kind'], Case[]> = { missed: [], 'false-call': [], misnamed: [] }
  const iouAbove = result.detection?.iouAbove ?? 0
  for (const image of result.images) {
    if (!image.truths) continue
    const called = image.detections.filter((d) => isCalled(d, result.threshold))
    const matched = matchImage(image.truths, called, iouAbove, false)
    called.forEach((d, n) => {
      const truth = image.truths?.[matched[n] ?? -1]
      if (truth?.class === d.class || truth?.crowd) return
      cases[truth ? 'misnamed' : 'false-call'].push({
        kind: truth ? 'misnamed' : 'false-call',
        image,
        box: d.box,
        truth: truth?.class ?? null,
        called: d.class,
        score: d.score,
      })
    })
    const found = new Set(matched)
    image.truths.forEach((t, n) => {
      if (found.has(n) || t.crowd) return
      const hint = Math.max(
        0,
        ...image.detections
          .filter((d) => !called.includes(d) && iou(d.box, t.box) > iouAbove)
          .map((d) => d.score),
      )
      cases.missed.push({ kind: 'missed', image, box: t.box, truth: t.class, called: null, score: hint })
    })
  }
  cases.missed.sort((a, b) => a.score - b.score)
  cases['false-call'].sort((a, b) => b.score - a.score)
  cases.misnamed.sort((a, b) => b.score - a.score)
  return cases
}

/** Parts judged against their truth: escapes first, then overkill. */
export const wrongParts = (result: EvaluationResult): EvaluatedImage[] => [
  ...result.images.filter((i) => i.defective === true && i.verdict === 'pass'),
  ...result.images.filter((i) => i.defective === false && i.verdict === 'fail'),
]
