import type { FamilySpec } from '../../contracts/index.ts'
import { ctcBestPath } from '../kernels/ctc.kernel.ts'
import type { Adapter } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { elementwiseDifference } from './elementwise.ts'

/**
 * Recogniser of one line of text with CTC (PP-OCR `rec`; Shi et al. 2015, CRNN). The labels are the characters; one
 * whose threshold is above 1 is never read, so that a recipe can restrict the alphabet. The score is the mean
 * probability of the characters as in PaddleOCR's `CTCLabelDecode`; a character forced by the alphabet keeps its low one.
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
      const length = ctcBestPath(data, count, classes, allowed, symbols, scores)
      const read = scores.subarray(0, length)
      const text = {
        text: Array.from(symbols.subarray(0, length), (s) => labels[s - 1] ?? '').join(''),
        score: length === 0 ? 0 : read.reduce((a, b) => a + b, 0) / length,
        weakest: length === 0 ? 0 : Math.min(...read),
      }
      return { findings: [], scores: { score: text.score, weakest: text.weakest }, text }
    },
  }
}
