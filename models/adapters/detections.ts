import type { Box } from '../../contracts/index.ts'
import { boxToImage } from '../input/geometry.ts'
import { nms, softNms } from '../kernels/nms.kernel.ts'
import type { Decoded, DecodeContext, ModelFinding } from './adapter.ts'

/** Detections in px of the model input, before suppression; parallel lists. */
export interface Candidates {
  /** xyxy, 4 per candidate */
  boxes: number[]
  scores: number[]
  labels: number[]
}

/** What a place of the network says it is. */
export interface Chosen {
  /** -1 = no class reaches its threshold. */
  label: number
  score: number
  /** Highest score of the place. */
  best: number
}

/** The best of the classes that reach their own threshold: a low one is not hidden behind another below a high one. */
export function bestQualified(scoreOf: (label: number) => number, thresholds: readonly number[]): Chosen {
  const chosen: Chosen = { label: -1, score: -Infinity, best: 0 }
  thresholds.forEach((threshold, label) => {
    const score = scoreOf(label)
    chosen.best = Math.max(chosen.best, score)
    if (score >= threshold && score > chosen.score) Object.assign(chosen, { label, score })
  })
  return chosen
}

/**
 * Suppresses, maps to the image, clips, orders and cuts candidates that have passed their thresholds.
 *
 * `scores.count` is the number of findings before the cut to `maxFindings`, so a cut is visible; `scores.max` is
 * `best`, the highest raw score of the image whether or not it reached a threshold.
 *
 * @param suppress null = the graph has suppressed already; `ties`: of equal scores, as saturated sigmoids give them,
 *                 the one given first suppresses the others (torchvision `nms` sorts stably), or the one whose class and
 *                 place come first, where the graph's own order is not the same on every machine
 * @param areaPx   area of candidate i in px of the image; the box's by default
 */
export function finishDetections(
  found: Candidates,
  best: number,
  suppress: (({ iou: number } | { sigma: number }) & { classAware: boolean; ties: 'given' | 'place' }) | null,
  context: DecodeContext,
  areaPx: (i: number, box: Box) => number = boxArea,
): Decoded {
  let kept = Uint32Array.from(found.scores, (_, i) => i)
  let { scores } = found
  if (suppress !== null) {
    const { classAware, ties } = suppress
    const given = (a: number, b: number): number => at(found.scores, b) - at(found.scores, a) || a - b
    const order = kept.sort(ties === 'given' ? given : (a, b) => compare(found, a, b))
    const keep = new Uint32Array(order.length)
    const boxes = Float64Array.from(found.boxes)
    const labels = Int32Array.from(found.labels)
    if ('iou' in suppress) kept = keep.slice(0, nms(boxes, labels, order, suppress.iou, classAware, keep))
    else {
      const left = Float64Array.from(scores)
      const least = Float64Array.from(found.labels, (l) => context.thresholds[l] ?? 0)
      kept = keep.slice(0, softNms(boxes, labels, left, least, order, suppress.sigma, classAware, keep))
      scores = [...left]
    }
  }
  kept.sort((a, b) => compare({ ...found, scores }, a, b))
  const findings: ModelFinding[] = []
  for (const i of kept.subarray(0, context.maxFindings)) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = found.boxes.slice(i * 4, i * 4 + 4)
    const box = boxToImage(context.geometry, x1, y1, x2, y2)
    findings.push({
      class: context.labels[found.labels[i] ?? -1] ?? '',
      score: scores[i] ?? 0,
      box,
      areaPx: areaPx(i, box),
    })
  }
  return { findings, scores: { count: kept.length, max: best } }
}

export const boxArea = (_: number, [x1, y1, x2, y2]: Box): number => (x2 - x1) * (y2 - y1)

/** Falling score; then class, top, left and number, so that equal scores keep one order on every machine. */
function compare(found: Candidates, a: number, b: number): number {
  const { scores, labels, boxes } = found
  return (
    at(scores, b) - at(scores, a) ||
    at(labels, a) - at(labels, b) ||
    at(boxes, a * 4 + 1) - at(boxes, b * 4 + 1) ||
    at(boxes, a * 4) - at(boxes, b * 4) ||
    a - b
  )
}

const at = (list: readonly number[], i: number): number => list[i] ?? 0
