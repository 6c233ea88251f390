import { CodedError, type ModelCard } from '../contracts/index.ts'

/** What a recipe asks of the scores of a model. */
interface Thresholds {
  threshold: number
  /** Per class, in place of `threshold`. */
  thresholds: Readonly<Record<string, number>>
}

/**
 * Between which values a threshold can tell scores apart; null = the scores of the model are no probabilities.
 *
 * A classifier or segmenter without an activation outside its graph gives probabilities or logits, and the card does not
 * say which: those taught here have the softmax inside. Its own threshold tells, which for logits above 0 and up to 1
 * would be a coincidence; 0 is where logits are cut.
 */
export function scoreRange({ spec, threshold }: ModelCard): [least: number, most: number] | null {
  switch (spec.family) {
    case 'anomaly-map':
    case 'backbone':
      return null
    case 'classification':
    case 'segmentation-classes': {
      const unit = threshold.value > 0 && threshold.value <= 1
      return spec.activation === 'softmax' || unit ? [0, 1] : null
    }
    case 'text-detection':
    case 'text-recognition':
      return [0, 1]
    default:
      // What lies below the floor is never looked at: a lower threshold would promise findings that nobody gets.
      return [spec.scoreFloor, 1]
  }
}

/**
 * 0.5 written as 5 would find nothing, and pass every part.
 *
 * @param path where the tool stands in the recipe
 * @throws CFG_INVALID for a threshold that no score can reach or miss; CFG_UNKNOWN_REFERENCE for a class that the model
 *         does not know
 */
export function checkThresholds(card: ModelCard, { threshold, thresholds }: Thresholds, path: string): void {
  for (const name of Object.keys(thresholds))
    if (!card.labels.includes(name))
      throw new CodedError('CFG_UNKNOWN_REFERENCE', {
        path: `${path}.thresholds.${name}`,
        expected: `a class of ${card.id}: ${card.labels.join(', ')}`,
        actual: name,
      })
  const range = scoreRange(card)
  if (range === null) return
  const [least, most] = range
  const all = [
    ['threshold', threshold] as const,
    ...Object.entries(thresholds).map(([n, v]) => [`thresholds.${n}`, v] as const),
  ]
  for (const [name, value] of all)
    if (value < least || value > most)
      throw new CodedError('CFG_INVALID', {
        path: `${path}.${name}`,
        expected: `a score from ${least} to ${most}, as ${card.id} gives`,
        actual: String(value),
      })
}
