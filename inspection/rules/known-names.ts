import { CODE_FORMATS, type ModelCard, type Recipe, type ToolSpec } from '../../contracts/index.ts'
import { backgroundOf, findingClasses, scoreNames } from '../../models/index.ts'
import type { LimitState } from './facts.ts'

/** Facts whose texts are names that the recipe and its models give, and no others. */
export type Kind = 'tool' | 'class' | 'state' | 'region' | 'symbology' | 'score' | 'measurement'

interface Known {
  names: readonly string[]
  /** What names that are not known begin with; '' = any name can be. */
  open: readonly string[]
  /** Names that no fact has, and that one may well be told from: `f.class != "background"`. */
  absent?: readonly string[]
}

const STATES: readonly LimitState[] = ['in', 'out', 'uncertain']

/** @param cards of the models, by id of the tool; classes and scores of one that is not there are not known */
export function knownNames(recipe: Recipe, cards: ReadonlyMap<string, ModelCard>): Record<Kind, Known> {
  const { tools } = recipe
  const open = tools.filter((t) => t.use === 'model@1' && !cards.has(t.id)).map((t) => `${t.id}.`)
  const closed = (names: readonly string[]): Known => ({ names: [...new Set(names)], open: [] })
  return {
    tool: closed(tools.map((t) => t.id)),
    class: {
      ...closed(tools.flatMap((t) => classesOf(t, cards.get(t.id)))),
      open: open.length > 0 ? [''] : [],
      absent: [...cards.values()].flatMap(({ spec }) => backgroundOf(spec) ?? []),
    },
    state: closed(STATES),
    region: closed(Object.keys(recipe.rois)),
    symbology: closed(tools.flatMap(symbologiesOf)),
    score: {
      ...closed(tools.flatMap((t) => scoresOf(t, cards.get(t.id)).map((name) => `${t.id}.${name}`))),
      open,
    },
    measurement: closed(tools.flatMap((t) => (t.use === 'measure@1' ? t.characteristic : []))),
  }
}

function classesOf(tool: ToolSpec, card: ModelCard | undefined): string[] {
  if ('class' in tool) return [tool.class]
  return tool.use === 'model@1' && card ? findingClasses(card) : []
}

function symbologiesOf(tool: ToolSpec): string[] {
  if (tool.use === 'text@1') return tool.expect.map(({ name }) => `text:${name}`)
  // Without any symbol the failure names all that were looked for.
  return tool.use === 'code@1' ? [...CODE_FORMATS, tool.formats.join('|')] : []
}

/** As the tools name them. */
function scoresOf(tool: ToolSpec, card: ModelCard | undefined): string[] {
  switch (tool.use) {
    case 'template@1':
      return ['count', 'areaPx']
    case 'blob@1':
      return ['count', 'areaPx', 'threshold']
    case 'text@1':
      return [
        'lines',
        ...tool.expect.flatMap(({ name, date }) => [
          `${name}.confidence`,
          ...(date === undefined ? [] : [`${name}.day`]),
        ]),
      ]
    case 'model@1':
      return card ? scoreNames(card) : []
    default:
      return []
  }
}
