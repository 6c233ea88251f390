import type { FamilySpec } from '../../contracts/index.ts'
import { ctcBestPath } from '../kernels/ctc.kernel.ts'
import type { Adapter } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { elementwiseDifference } from './elementwise.ts'

/**
 * Recogniser of one line of text with CTC (PP-OCR `rec`; Shi et al. 2015, CRNN). The labels are the characters; one
 * whose threshold is above 1 is never read, so that a recipe can restrict the alphabet. The score is the mean
 * probability of the characters as in PaddleOCR's `CTCLabelDecode`, each at its first step, which is often half a blank;
 * how certain a character is, its highest probability tells. One forced by the alphabet keeps its low one, unless the
 * character it stands for has the same shape.
 */
export function textRecognition(spec: Extract<FamilySpec, { family: 'text-recognition' }>): Adapter {
  return {
    outputs: { [spec.output]: 'float32' },
    difference: elementwiseDifference,
    decode(raw, { labels, thresholds }) {
      const { shape, data } = floatsOf(raw, spec.output)
      const [n, count, classes] = shape
      if (shape.length !== 3 || n !== 1 || count === undefined || classes !== 1 + labels.length)
        throw wrongShape(spec.output, `[1, steps, ${1 + labels.length}]`, shape)
      const allowed = new Uint8Array(classes)
      thresholds.forEach((t, i) => (allowed[i + 1] = t <= 1 ? 1 : 0))
      const symbols = new Int32Array(count)
      const scores = new Float32Array(count)
      const peaks = new Float32Array(count)
      fold(data, count, classes, twins(labels, allowed))
      const length = ctcBestPath(data, count, classes, allowed, symbols, scores, peaks)
      const read = scores.subarray(0, length)
      const characters = Array.from(peaks.subarray(0, length))
      const text = {
        text: Array.from(symbols.subarray(0, length), (s) => labels[s - 1] ?? '').join(''),
        score: length === 0 ? 0 : read.reduce((a, b) => a + b, 0) / length,
        weakest: length === 0 ? 0 : Math.min(...characters),
        characters,
      }
      return { findings: [], scores: { score: text.score, weakest: text.weakest }, text }
    },
  }
}

/** Characters that many fonts give one shape. */
const SAME_SHAPE = ['0Oo', '1Il|']

/** Pairs of classes: what the first has belongs to the second, the only one of its shape that may be read. */
function twins(labels: readonly string[], allowed: Uint8Array): [from: number, to: number][] {
  return SAME_SHAPE.flatMap((shape) => {
    const classes = [...shape].map((c) => labels.indexOf(c) + 1).filter((c) => c > 0)
    const readable = classes.filter((c) => allowed[c] === 1)
    const [to] = readable
    if (to === undefined || readable.length > 1) return []
    return classes.filter((c) => c !== to).map((from): [number, number] => [from, to])
  })
}

function fold(
  steps: Float32Array,
  count: number,
  classes: number,
  pairs: readonly (readonly [number, number])[],
): void {
  for (const [from, to] of pairs)
    for (let row = 0; row < count * classes; row += classes) {
      steps[row + to] = (steps[row + to] ?? 0) + (steps[row + from] ?? 0)
      steps[row + from] = 0
    }
}
