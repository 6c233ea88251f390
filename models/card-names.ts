import type { ModelCard } from '../contracts/index.ts'

/** The classes that rules may name of a model: all its labels, the background included, which no finding has. */
export const classNames = ({ spec, labels }: ModelCard): string[] =>
  spec.family === 'backbone' || spec.family === 'text-recognition' ? [] : labels

/** The names that image scores of a model can have. */
export function scoreNames({ spec, labels }: ModelCard): string[] {
  switch (spec.family) {
    case 'backbone':
      return []
    case 'classification':
      return labels
    case 'segmentation-classes':
      return [...labels.map((label) => `${label}.areaPx`), 'count', 'max']
    case 'text-detection':
      return ['count']
    case 'text-recognition':
      return ['score', 'weakest']
    case 'anomaly-map':
      return ['score', 'count', ...(spec.normalised === undefined ? [] : ['normalised'])]
    default:
      return ['count', 'max']
  }
}
