import type { UnitLife } from '../api/types.ts'
import { COLOUR } from '../look/theme.ts'
import { base } from './options.ts'
import type { ChartOption } from './echarts.ts'

type Item = UnitLife['backward']['items'][number]

interface Node {
  name: string
  uri: string
  children: Node[]
  lineStyle?: { type: 'dashed'; color: string }
  itemStyle?: { color: string }
}

/** Room of one name, px. */
const ROW_PX = 24

/** The list of a walk, which stands depth first and says how far each item is indented, as a tree below the part. */
export function genealogyTree(name: string, uri: string, items: readonly Item[]): Node {
  const root: Node = { name, uri, children: [] }
  const path = [root]
  for (const item of items) {
    const node: Node = {
      name: item.name,
      uri: item.uri,
      children: [],
      // Colour never says it alone: what is probable is dashed, and the list below has the word.
      ...(!item.certain && {
        lineStyle: { type: 'dashed', color: COLOUR.inconclusive },
        itemStyle: { color: COLOUR.inconclusive },
      }),
    }
    path[item.level]?.children.push(node)
    path.splice(item.level + 1, path.length, node)
  }
  return root
}

const leaves = (node: Node): number =>
  node.children.length === 0 ? 1 : node.children.reduce((sum, child) => sum + leaves(child), 0)

/** Height that its names need, px. */
export const genealogyHeight = (sides: readonly Node[]): number =>
  Math.max(3, ...sides.map(leaves)) * ROW_PX + ROW_PX

/** Room for the names at the ends of a side, for that of the part where it has but one side, and for one between, px. */
const NAMES_PX = 150
const PART_PX = 60
const LEVEL_PX = 110

const depth = (node: Node): number => Math.max(0, ...node.children.map((child) => 1 + depth(child)))

/** Width that its names need where both sides stand in one row, px; one side alone fits into any panel. */
export const genealogyWidth = (backward: Node, forward: Node): number =>
  depth(backward) > 0 && depth(forward) > 0 ? 2 * NAMES_PX + (depth(backward) + depth(forward)) * LEVEL_PX : 0

/** Where the part stands in that width, px from the left. */
export const genealogyPart = (backward: Node): number => NAMES_PX + depth(backward) * LEVEL_PX

/** What a part was made of to its left, what it went into to its right; a side without anything leaves its room. */
export function genealogyOption(backward: Node, forward: Node): ChartOption {
  const width = genealogyWidth(backward, forward)
  const part = genealogyPart(backward) / width
  const middle = (share: number): string | number => (width > 0 ? `${100 * share}%` : PART_PX)
  const side = (data: Node, orient: 'RL' | 'LR'): object => ({
    type: 'tree',
    data: [data],
    orient,
    ...(orient === 'RL'
      ? { left: NAMES_PX, right: middle(1 - part) }
      : { left: middle(part), right: NAMES_PX }),
    top: ROW_PX / 2,
    bottom: ROW_PX / 2,
    symbol: 'circle',
    symbolSize: 8,
    initialTreeDepth: -1,
    expandAndCollapse: false,
    itemStyle: { color: COLOUR.accent, borderWidth: 0 },
    lineStyle: { color: COLOUR.muted, width: 1.2 },
    label: { position: 'top', distance: 4, color: COLOUR.text, fontSize: 12 },
    leaves: {
      label: {
        position: orient === 'RL' ? 'left' : 'right',
        align: orient === 'RL' ? 'right' : 'left',
        distance: 8,
        width: NAMES_PX - 12,
        overflow: 'truncate',
      },
    },
  })
  // The part stands once, where both sides meet, and a side without anything has but its name.
  const sides = [
    ...(backward.children.length > 0 ? [side(backward, 'RL')] : []),
    ...(forward.children.length > 0
      ? [side(backward.children.length > 0 ? { ...forward, name: '' } : forward, 'LR')]
      : []),
  ]
  return { ...base, tooltip: { trigger: 'item', confine: true, formatter: uriOf }, series: sides as never }
}

const uriOf = (at: unknown): string => {
  const uri = (at as { data?: { uri?: string } }).data?.uri ?? ''
  return uri.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
}
