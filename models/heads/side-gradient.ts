import { SIDES } from './box-gradient.ts'
import { PLACES, placeShares } from './side-profiles.ts'

export type Corners = readonly [x1: number, y1: number, x2: number, y2: number]

/** What a network of sides says of some boxes, or the gradient of it. */
export interface SaidOfSides {
  /** [SIDES][boxes][PLACES]: logits of where the side lies, counted from it inwards. */
  places: Float32Array
  /** Per box: logit of how well it lies once its sides are moved. */
  quality: Float32Array
}

const QUALITY = 2
/** A side moves by less than half the box, so that it stays a box. */
export const FARTHEST = 0.49

/**
 * Loss of a network of sides over some boxes, and its gradient with respect to what it said.
 *
 * Places: cross entropy with the truth shared among the two places around it (Li et al. 2020, "Generalized focal loss",
 * distribution focal loss), only of boxes that lie on a truth. Quality: cross entropy with the IoU of the moved box,
 * weighted by its error, 0 without a truth.
 *
 * @param truths per box: the truth that it lies on, or null
 * @param out overwritten
 */
export function sideGradient(
  said: SaidOfSides,
  boxes: readonly Corners[],
  truths: readonly (Corners | null)[],
  out: SaidOfSides,
): void {
  const count = boxes.length
  const spoken = Math.max(1, truths.filter((t) => t !== null).length)
  const chances = new Float32Array(PLACES)
  boxes.forEach((box, i) => {
    const truth = truths[i] ?? null
    const moved: number[] = []
    for (let side = 0; side < SIDES; side++) {
      const at = (side * count + i) * PLACES
      const inwards = expectedSide(said.places.subarray(at, at + PLACES), chances)
      moved.push(sideMoved(box, side, Math.max(-FARTHEST, Math.min(FARTHEST, inwards))))
      const slope = out.places.subarray(at, at + PLACES).fill(0)
      if (truth === null) continue
      const place = Math.max(0, Math.min(PLACES - 1, placeOf(box, truth, side)))
      for (let k = 0; k < PLACES; k++)
        slope[k] = ((chances[k] ?? 0) - Math.max(0, 1 - Math.abs(place - k))) / (SIDES * spoken)
    }
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = moved
    const wrong = 1 / (1 + Math.exp(-(said.quality[i] ?? 0))) - (truth ? overlap([x1, y1, x2, y2], truth) : 0)
    out.quality[i] = (QUALITY * wrong * Math.abs(wrong)) / count
  })
}

/** Where a side lies by the logits of its places: their mean, as a share of the box inwards. */
function expectedSide(logits: Float32Array, chances: Float32Array): number {
  const top = Math.max(...logits)
  logits.forEach((v, k) => (chances[k] = Math.exp(v - top)))
  const sum = chances.reduce((a, b) => a + b, 0)
  let inwards = 0
  for (let k = 0; k < PLACES; k++) {
    chances[k] = (chances[k] ?? 0) / sum
    inwards += (chances[k] ?? 0) * (placeShares[k] ?? 0)
  }
  return inwards
}

const lengthOf = (box: Corners, side: number): number => (side % 2 === 0 ? box[2] - box[0] : box[3] - box[1])

const sideMoved = (box: Corners, side: number, inwards: number): number =>
  (box[side] ?? 0) + (side < 2 ? 1 : -1) * inwards * lengthOf(box, side)

/** Place of the truth's side, from 0 to PLACES - 1 within the profile. */
function placeOf(box: Corners, truth: Corners, side: number): number {
  const inwards = (((truth[side] ?? 0) - (box[side] ?? 0)) * (side < 2 ? 1 : -1)) / lengthOf(box, side)
  return ((inwards + 0.5) * PLACES) / 2 - 0.5
}

/** IoU of two boxes. */
export function overlap(a: Corners, b: Corners): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (width <= 0 || height <= 0) return 0
  const both = width * height
  return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
}
