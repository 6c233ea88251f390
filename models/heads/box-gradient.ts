import { classGradient, type GradientOf } from './two-layer.ts'

/** Values per patch beside the logits: logarithms of the distances to the four sides, in `unitPx`. */
export const SIDES = 4

/**
 * Gradient of the loss of a box head: class loss of every patch, and 1 - IoU (Yu et al. 2016, "UnitBox") of the box of
 * each patch that has one. With distances l, t, r, b and those of the truth, the intersection is
 * (min l + min r)(min t + min b).
 *
 * @param distances [rows][left, top, right, bottom] in units; NaN without a box
 */
export function boxGradient(
  classes: number,
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
  distances: Float32Array,
): GradientOf {
  const outputs = classes + SIDES
  const ofClass = classGradient(classes, outputs, labels, weights)
  return (given, rows, out) => {
    ofClass(given, rows, out)
    const boxed = rows.filter((r) => !Number.isNaN(distances[r * SIDES] ?? NaN)).length
    rows.forEach((row, i) => {
      const truth = distances.subarray(row * SIDES, row * SIDES + SIDES)
      if (Number.isNaN(truth[0] ?? NaN)) return
      const at = i * outputs + classes
      const [l = 0, t = 0, r = 0, b = 0] = [0, 1, 2, 3].map((k) => Math.exp(given[at + k] ?? 0))
      const [tl = 0, tt = 0, tr = 0, tb = 0] = truth
      const width = Math.min(l, tl) + Math.min(r, tr)
      const height = Math.min(t, tt) + Math.min(b, tb)
      const both = width * height
      const union = (l + r) * (t + b) + (tl + tr) * (tt + tb) - both
      const slope = (own: number, wanted: number, across: number, side: number): number => {
        const dBoth = own < wanted ? across : 0
        // d (both / union), and d exp(x) = exp(x) dx.
        return (-(dBoth * (union + both) - both * side) / (union * union)) * own
      }
      out[at] = slope(l, tl, height, t + b) / boxed
      out[at + 1] = slope(t, tt, width, l + r) / boxed
      out[at + 2] = slope(r, tr, height, t + b) / boxed
      out[at + 3] = slope(b, tb, width, l + r) / boxed
    })
  }
}
