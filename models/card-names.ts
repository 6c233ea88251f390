import type { ModelCard } from '../contracts/index.ts'

/** The classes that findings of a model can have. */
export function findingClasses({ spec, labels }: ModelCard): string[] {
  switch (spec.family) {
    case 'backbone':
    case 'text-recognition':
      return []
    case 'segmentation-classes':
      return labels.filter((label) => label !== spec.background)
    default:
      return labels
  }
}

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
