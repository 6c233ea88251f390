import type { ModelCard } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/index.ts'
import type { ModelOutput } from '../runner.ts'
import type { Judge } from './compare.ts'

/** More findings than this are never compared. */
const ALL = 10_000

/**
 * What the plainest recipe around a package decides on: the class of highest score and the classes that reach the
 * threshold of the card, the text read, else whether anything is found at that threshold.
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
    if (family === 'classification') return classes(highest(scores), findings)
    return findings.length > 0 ? 'fail' : 'pass'
  }
  return { options, verdictOf }
}

/** A class that falls below the threshold is no finding any more, though it may still be the likeliest. */
function classes(best: string, findings: ModelOutput['findings']): string {
  if (findings.length === 0) return `${best} below the threshold`
  const others = findings.map((f) => f.class).filter((name) => name !== best)
  return [best, ...others.toSorted()].join(' + ')
}

const highest = (scores: Record<string, number>): string =>
  Object.entries(scores).reduce((a, b) => (b[1] > a[1] ? b : a), ['', -Infinity])[0]
