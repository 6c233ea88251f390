import type { BoxTargets } from './box-targets.ts'

/** Values per patch beside the scores: logarithms of the distances to the four sides, in `unitPx`. */
export const SIDES = 4

const SCORES = 2
const PLACES = 2
/** Least score that a patch which speaks for a box is taught, however badly it places it. */
const LEAST_SCORE = 0.05

/**
 * Loss of a box head over some images, and its gradient with respect to what the head gave.
 *
 * Scores: the sigmoid of a patch's class is taught the IoU of the box that it gives, all others 0, each weighted by the
 * square of its error (Li et al. 2020, "Generalized focal loss", quality focal loss), so that the best placed box of a
 * defect ranks first. Places: 1 - generalised IoU (Rezatofighi et al. 2019). With distances l, t, r, b and those of the
 * truth, the intersection is (min l + min r)(min t + min b), and the box around both (max l + max r)(max t + max b).
 *
 * @param given [images][patches][classes + sides], read only
 * @param out as `given`, overwritten
 */
export function boxGradient(
  given: Float32Array,
  targets: readonly BoxTargets[],
  classes: number,
  unitPx: number,
  out: Float32Array,
): void {
  const outputs = classes + SIDES
  const spoken = targets.reduce((n, t) => n + t.classes.filter((c) => c >= 0).length, 0)
  const share = 1 / Math.max(1, spoken)
  out.fill(0)
  let at = 0
  for (const { classes: labels, distances } of targets)
    for (let cell = 0; cell < labels.length; cell++, at += outputs) {
      const label = labels[cell] ?? -1
      if (label === -2) continue
      const truth = distances.subarray(cell * SIDES, cell * SIDES + SIDES).map((d) => d / unitPx)
      const overlap = label < 0 ? 0 : placeGradient(given, at + classes, truth, PLACES * share, out)
      for (let c = 0; c < classes; c++) {
        const score = 1 / (1 + Math.exp(-(given[at + c] ?? 0)))
        const wrong = score - (c === label ? LEAST_SCORE + (1 - LEAST_SCORE) * overlap : 0)
        out[at + c] = SCORES * share * wrong ** 3
      }
    }
}

/** Writes the gradient of one box at `at`; returns its IoU with the truth. */
function placeGradient(
  given: Float32Array,
  at: number,
  truth: Float32Array,
  weight: number,
  out: Float32Array,
): number {
  const [l = 0, t = 0, r = 0, b = 0] = [0, 1, 2, 3].map((k) => Math.exp(given[at + k] ?? 0))
  const [tl = 0, tt = 0, tr = 0, tb = 0] = truth
  const width = Math.min(l, tl) + Math.min(r, tr)
  const height = Math.min(t, tt) + Math.min(b, tb)
  const both = width * height
  const union = (l + r) * (t + b) + (tl + tr) * (tt + tb) - both
  const aroundWidth = Math.max(l, tl) + Math.max(r, tr)
  const aroundHeight = Math.max(t, tt) + Math.max(b, tb)
  const around = aroundWidth * aroundHeight
  // loss = 2 - both / union - union / around, and d exp(x) = exp(x) dx.
  const slope = (own: number, wanted: number, across: number, side: number, aroundAcross: number): number => {
    const dBoth = own < wanted ? across : 0
    const dUnion = side - dBoth
    const dAround = own > wanted ? aroundAcross : 0
    const dOverlap = (dBoth * union - both * dUnion) / (union * union)
    const dFilled = (dUnion * around - union * dAround) / (around * around)
    return -(dOverlap + dFilled) * own * weight
  }
  out[at] = slope(l, tl, height, t + b, aroundHeight)
  out[at + 1] = slope(t, tt, width, l + r, aroundWidth)
  out[at + 2] = slope(r, tr, height, t + b, aroundHeight)
  out[at + 3] = slope(b, tb, width, l + r, aroundWidth)
  return both / union
}
