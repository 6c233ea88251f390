import { nms } from '../kernels/nms.kernel.ts'
import type { Corners } from './side-gradient.ts'

/** A box of a head, before its sides are moved; px of the working size. */
export interface Proposal {
  class: number
  score: number
  box: Corners
}

/** Boxes of an image, at most: one for every 16 patches, but 60 in a small one. */
export const mostProposals = (patches: number): number => Math.max(60, Math.ceil(patches / 16))
/** Of boxes of a class that overlap more, the better one is kept: the others show nothing else. */
export const PROPOSAL_IOU = 0.75

/**
 * The best boxes of what a model without networks of sides gave, by falling score.
 *
 * @param boxes [patches][x1, y1, x2, y2], px
 * @param most  how many, at most
 */
export function bestBoxes(
  boxes: Float32Array,
  scores: Float32Array,
  labels: ArrayLike<bigint>,
  most: number,
): Proposal[] {
  const corners = Float64Array.from(boxes)
  const classes = Int32Array.from(scores, (_, i) => Number(labels[i]))
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
  const keep = new Uint32Array(Math.min(most, order.length))
  const kept = nms(corners, classes, order, PROPOSAL_IOU, true, keep)
  return [...keep.subarray(0, kept)].map((i) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = corners.subarray(i * 4, i * 4 + 4)
    return { class: classes[i] ?? 0, score: scores[i] ?? 0, box: [x1, y1, x2, y2] }
  })
}
