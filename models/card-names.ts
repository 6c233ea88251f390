import type { ModelCard } from '../contracts/index.ts'

/** The classes that findings of a model can have: all its labels but the background. */
export const findingClasses = ({ spec, labels }: ModelCard): string[] =>
  spec.family === 'backbone' || spec.family === 'text-recognition'
    ? []
    : labels.filter((label) => label !== backgroundOf(spec))

/** The label of places where nothing is; null = the family has none. */
export const backgroundOf = (spec: ModelCard['spec']): string | null =>
  spec.family === 'segmentation-classes' ? spec.background : null

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
