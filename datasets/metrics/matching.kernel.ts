import type { Box } from '../../contracts/index.ts'

/** One call of the inspection, px of the tested image. */
export interface Detection {
  class: string
  score: number
  box: Box
}

export interface LabelledBox {
  class: string
  box: Box
  /** A region that is ignored: what is called in it is neither right nor wrong (COCO's `iscrowd`). */
  crowd?: boolean | undefined
}

/** What is true and what was called on one image. */
export interface ScoredImage {
  id: string
  truths: readonly LabelledBox[]
  detections: readonly Detection[]
}

/** Intersection over union of two half-open boxes, 0..1. */
export function iou(a: Box, b: Box): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (w <= 0 || h <= 0) return 0
  const both = w * h
  return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
}

/** How much of a call lies in a crowd, 0..1: COCO's overlap with one (`bbIou` of pycocotools). */
export function shareInside(call: Box, crowd: Box): number {
  const w = Math.min(call[2], crowd[2]) - Math.max(call[0], crowd[0])
  const h = Math.min(call[3], crowd[3]) - Math.max(call[1], crowd[1])
  return w <= 0 || h <= 0 ? 0 : (w * h) / ((call[2] - call[0]) * (call[3] - call[1]))
}

/** Indices of `detections`, highest score first; equal scores keep their order. */
export const byScore = (detections: readonly Detection[]): number[] =>
  detections.map((_, i) => i).sort((a, b) => detections[b]!.score - detections[a]!.score || a - b)

/**
 * Gives each detection of one image its truth, highest score first: the still free truth of largest overlap above
 * `iouAbove` (strictly, as DeepPCB says "larger than 0.33"). Each truth is taken once, so a second call on the same
 * defect is a false one. What a detection gets never depends on lower scored ones: matches at any higher threshold
 * are a prefix of these. One that hits no truth and lies in a crowd gets the crowd, which is never used up.
 *
 * @param sameClass false = the class does not matter
 * @returns per detection the index of its truth or crowd, or -1
 */
export function matchImage(
  truths: readonly LabelledBox[],
  detections: readonly Detection[],
  iouAbove: number,
  sameClass: boolean,
): Int32Array {
  const matched = new Int32Array(detections.length).fill(-1)
  const taken = new Uint8Array(truths.length)
  for (const d of byScore(detections)) {
    const detection = detections[d]!
    let best = -1
    let bestIou = iouAbove
    let crowd = -1
    for (let t = 0; t < truths.length; t++) {
      const truth = truths[t]!
      if (taken[t] === 1 || (sameClass && truth.class !== detection.class)) continue
      if (truth.crowd) {
        if (shareInside(detection.box, truth.box) > iouAbove) crowd = t
        continue
      }
      const overlap = iou(truth.box, detection.box)
      if (overlap > bestIou) {
        best = t
        bestIou = overlap
      }
    }
    matched[d] = best >= 0 ? best : crowd
    if (best >= 0) taken[best] = 1
  }
  return matched
}
