import { CodedError, type ModelCard } from '../contracts/index.ts'

/** What a recipe asks of the scores of a model. */
interface Thresholds {
  threshold: number
  /** Per class, in place of `threshold`. */
  thresholds: Readonly<Record<string, number>>
}

/** Whether the scores of a model are probabilities: 0.5 written as 5 would find nothing, and pass every part. */
function areProbabilities({ spec }: ModelCard): boolean {
  switch (spec.family) {
    case 'anomaly-map':
    case 'backbone':
      return false
    case 'classification':
    case 'segmentation-classes':
      return spec.activation === 'softmax'
    default:
      return true
  }
}

/**
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
  if (!areProbabilities(card)) return
  const all = [
    ['threshold', threshold] as const,
    ...Object.entries(thresholds).map(([n, v]) => [`thresholds.${n}`, v] as const),
  ]
  for (const [name, value] of all)
    if (value < 0 || value > 1)
      throw new CodedError('CFG_INVALID', {
        path: `${path}.${name}`,
        expected: `a score from 0 to 1, as ${card.id} gives`,
        actual: String(value),
      })
}
