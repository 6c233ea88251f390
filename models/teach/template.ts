import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { Form } from './form.ts'
import type { Matrix } from './matrix-sessions.ts'
import { MAD_TO_SD, medians } from './median.kernel.ts'
import type { Reference } from './reference.ts'

/** Images a median is taken of, at most, spread evenly: more move it by less than a fifth of the spread. */
const MOST_IMAGES = 40
/** Share of the mean spread added to that of each place: of few images some happen to agree. */
const FLOOR = 0.3

/**
 * The golden template of good images: their median at each place, in the light of the image (`planes.ts`). What judges
 * an image held out is the median of the other parts of the cross-fit.
 *
 * @param good   planes of each image, [cells][numbers]
 * @param groups of each image; group g is of part g modulo `folds`
 */
export function templateReference(
  good: readonly Matrix[],
  groups: readonly number[],
  numbers: number,
  folds: number,
): Reference {
  const all = medians(some(good), false)
  const without = Array.from({ length: folds }, (_, f) => {
    const others = good.filter((_image, i) => (groups[i] ?? 0) % folds !== f)
    return others.length === 0 ? all : medians(some(others), false)
  })
  return {
    residuals: (planes, group) => {
      const middle = group === undefined ? all : (without[group % folds] ?? all)
      return Promise.resolve(planes.map((v, i) => v - (middle[i] ?? 0)))
    },
    graph: (input, output, prefix) => ({
      initializers: [onnxTensor(`${prefix}median`, [all.length / numbers, numbers], all)],
      nodes: [onnxNode('Sub', [input, `${prefix}median`], [output])],
    }),
  }
}

/**
 * How far from the template in local spreads, as a variation model does (Steger, Ulrich and Wiedemann, Machine Vision
 * Algorithms and Applications, 3.4.1; robust: median and median absolute deviation).
 *
 * @param residuals to the template, of each image, [cells][numbers]
 */
export function spreadForm(residuals: readonly Matrix[]): Form {
  const spread = medians(some(residuals), true).map((v) => MAD_TO_SD * v)
  const mean = spread.reduce((a, b) => a + b, 0) / spread.length
  // images that are all the same have none, and any change is far
  const floor = FLOOR * mean || 1e-3
  return { kind: 'spread', scale: spread.map((s) => 1 / (s + floor)) }
}

function some(images: readonly Matrix[]): Matrix[] {
  const step = Math.max(1, images.length / MOST_IMAGES)
  const count = Math.min(images.length, MOST_IMAGES)
  return Array.from({ length: count }, (_, i) => images[Math.floor(i * step)] ?? new Float32Array())
}
