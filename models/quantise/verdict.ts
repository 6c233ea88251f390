import type { ModelCard } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/index.ts'
import type { ModelOutput } from '../runner.ts'
import type { Judge } from './compare.ts'

/** More findings than this are never compared. */
const ALL = 10_000

/**
 * What the plainest recipe around a package decides on: the class of highest score, the text read, else whether
 * anything is found at the threshold of the card.
 *
 * @throws MDL_QUANTISE for a backbone, which judges nothing, and for a model that cuts its image into tiles
 */
export function plainJudge(card: ModelCard): Judge {
  const { family } = card.spec
  if (family === 'backbone')
    throw new CodedError('MDL_QUANTISE', {
      path: card.id,
      expected: 'a model that judges images, so that flipped verdicts can be counted',
      actual: 'a backbone',
      hint: 'quantise the models taught on it',
    })
  if (card.spec.family === 'anomaly-map' && card.spec.tiles !== undefined)
    throw new CodedError('MDL_QUANTISE', {
      path: card.id,
      expected: 'a model that sees its image in one piece',
      actual: `${card.spec.tiles.columns} x ${card.spec.tiles.rows} tiles`,
      hint: 'teach it with a working area (--area) of at most 1048576 px, and quantise that model',
    })
  const options = { threshold: card.threshold.value, thresholds: {}, maxFindings: ALL }
  const verdictOf = ({ findings, scores, text }: ModelOutput): string => {
    if (family === 'text-recognition') return text?.text ?? ''
    if (family === 'classification') return highest(scores)
    return findings.length > 0 ? 'fail' : 'pass'
  }
  return { options, verdictOf }
}

const highest = (scores: Record<string, number>): string =>
  Object.entries(scores).reduce((a, b) => (b[1] > a[1] ? b : a), ['', -Infinity])[0]
