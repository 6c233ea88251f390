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

/** What a part was made of to its left, what it went into to its right. */
export function genealogyOption(backward: Node, forward: Node): ChartOption {
  const side = (data: Node, orient: 'RL' | 'LR'): object => ({
    type: 'tree',
    data: [data],
    orient,
    ...(orient === 'RL' ? { left: 180, right: '50%' } : { left: '50%', right: 180 }),
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
