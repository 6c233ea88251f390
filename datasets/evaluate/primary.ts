import type { ModelCard, Recipe } from '../../contracts/index.ts'
import { type Dataset, isGoodLabel } from '../readers/item.ts'

const plainName = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/**
 * A class in the words of others: the very same one, else the one that differs by case and punctuation alone
 * (`pin-hole` and `pinhole`). Several such are different classes to whoever named them, and `+` is not `-`.
 */
export function inWords(name: string, classes: readonly string[]): string | undefined {
  if (classes.includes(name)) return name
  const alike = classes.filter((c) => plainName(c) !== '' && plainName(c) === plainName(name))
  return alike.length === 1 ? alike[0] : undefined
}

type Labels = Pick<Dataset, 'classes' | 'goodLabels'>

/** The model that ranks the parts: the first of the recipe. */
export interface Primary {
  tool: string
  card: ModelCard
  /** Score from which it reports a finding. */
  threshold: number
  /** What the score is called in the result. */
  scoreName: string
  /** Higher = worse. Null when the image has no score, or the classes do not say which are good. */
  scoreOf(scores: Record<string, number>): number | null
  /** Class of highest score, in the words of the data set; null for other families. */
  classOf(scores: Record<string, number>): string | null
}

/** @param set labels of the data set, and which of them mean a good part */
export function primaryOf(
  recipe: Recipe,
  cards: ReadonlyMap<string, ModelCard>,
  set: Labels,
): Primary | null {
  const tool = recipe.tools.find((t) => t.use === 'model@1')
  const card = tool && cards.get(tool.id)
  if (tool?.use !== 'model@1' || !card) return null
  const read = (name: string) => (scores: Record<string, number>) => scores[`${tool.id}.${name}`] ?? null
  const common = { tool: tool.id, card, threshold: tool.threshold }
  const good = card.labels.filter((l) => isGoodLabel(l, set.goodLabels))
  switch (card.spec.family) {
    case 'anomaly-map':
      return { ...common, scoreName: `${tool.id}.score`, scoreOf: read('score'), classOf: () => null }
    case 'detection-decoded':
    case 'detection-objectness':
    case 'detection-yolov8':
    case 'detection-rows':
    case 'segmentation-yolov8':
    case 'segmentation-classes':
      return {
        ...common,
        scoreName: `${tool.id}.max`,
        // The highest score of a model that finds good parts, too, says nothing of a part.
        scoreOf: good.length > 0 ? () => null : read('max'),
        classOf: () => null,
      }
    case 'classification': {
      const bad = card.labels.filter((l) => !good.includes(l))
      const most = (names: readonly string[], s: Record<string, number>): number =>
        Math.max(...names.map((n) => s[`${tool.id}.${n}`] ?? NaN))
      return {
        ...common,
        scoreName: `${tool.id}: worst bad class less best good class`,
        scoreOf(scores) {
          const margin = most(bad, scores) - most(good, scores)
          return good.length > 0 && bad.length > 0 && Number.isFinite(margin) ? margin : null
        },
        classOf: classCaller(tool.id, card.labels, set),
      }
    }
    default:
      return null
  }
}

/** Finds the class of highest score; a model that only knows good and bad is read in the words of the data set. */
function classCaller(tool: string, labels: readonly string[], set: Labels) {
  const words = new Map(labels.map((l) => [l, inWordsOf(l, labels, set)]))
  return (scores: Record<string, number>): string | null => {
    let best: string | null = null
    for (const l of labels) {
      const s = scores[`${tool}.${l}`]
      if (s !== undefined && (best === null || s > (scores[`${tool}.${best}`] ?? -Infinity))) best = l
    }
    return best === null ? null : (words.get(best) ?? best)
  }
}

function inWordsOf(label: string, labels: readonly string[], { classes, goodLabels }: Labels): string {
  const same = inWords(label, classes)
  if (same !== undefined) return same
  const kind = isGoodLabel(label, goodLabels)
  const [only, ...more] = classes.filter((c) => isGoodLabel(c, goodLabels) === kind)
  const alone = labels.filter((l) => isGoodLabel(l, goodLabels) === kind).length === 1
  return only !== undefined && more.length === 0 && alone ? only : label
}
