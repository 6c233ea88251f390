import { CodedError } from '../../contracts/index.ts'
import type { ModelCard } from '../../contracts/index.ts'
import { floatsOf } from '../adapters/adapter.ts'
import { adapterFor } from '../adapters/registry.ts'
import { scoreRange } from '../check-thresholds.ts'
import type { ForwardResult } from '../forward.ts'

/** What float16 and an int8 softmax leave of a sum of 1; logits miss it by far. */
const ROUNDING = 0.02

/**
 * Holds a card to what its model gives for the golden images, where nobody else has said what its scores are: a second
 * softmax brings every class near 1 / classes, and a threshold for probabilities cuts logits anywhere.
 *
 * @throws MDL_PACKAGE for probabilities that the card lets a softmax follow, and for scores that are no probabilities
 *         where the card says they are
 */
export function refuseContradictingScores(card: ModelCard, results: readonly ForwardResult[]): void {
  const { spec, labels, threshold } = card
  const ofClasses = spec.family === 'classification' || spec.family === 'segmentation-classes'
  if (ofClasses && spec.activation === 'softmax') {
    if (!results.every(({ raw }) => areShares(floatsOf(raw, spec.output).data, labels.length))) return
    throw new CodedError('MDL_PACKAGE', {
      path: 'spec.activation',
      expected: 'logits from the graph, since the card lets a softmax follow',
      actual: 'numbers of 0 and more that add up to 1: the graph has its softmax',
      hint: 'write "activation": "none"',
    })
  }
  const range = scoreRange(card)
  if (range === null || spec.family.startsWith('text-')) return
  for (const { raw, geometry } of results) {
    const thresholds = labels.map(() => Infinity)
    const scores: Float32Array = ofClasses
      ? floatsOf(raw, spec.output).data
      : Float32Array.of(
          adapterFor(spec).decode(raw, { labels, thresholds, maxFindings: 0, geometry }).scores['max'] ?? 0,
        )
    const other = scores.find((v) => v < -ROUNDING || v > 1 + ROUNDING)
    if (other === undefined) continue
    throw new CodedError('MDL_PACKAGE', {
      path: ofClasses ? 'spec.activation' : 'spec.output',
      expected: `scores from 0 to 1, as the threshold ${threshold.value} of the card is for`,
      actual: `a score of ${other.toPrecision(4)}`,
      hint: ofClasses
        ? 'write "activation": "softmax" for logits, or a threshold of logits, which is 0 or less or above 1'
        : 'export the network with the sigmoid of its scores',
    })
  }
}

/** Whether the classes of every place share 1 among them; `data` is class by class. */
function areShares(data: Float32Array, classes: number): boolean {
  const places = data.length / classes
  const sums = new Float64Array(places)
  for (const [i, v] of data.entries()) {
    if (v < -ROUNDING) return false
    sums[i % places] = (sums[i % places] ?? 0) + v
  }
  return sums.every((sum) => Math.abs(sum - 1) <= ROUNDING)
}
