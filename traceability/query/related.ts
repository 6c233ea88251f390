import type { Flow, FlowNode } from '../genealogy/flow.ts'
import { isStation } from '../genealogy/holds.ts'
import { shortName } from '../genealogy/things.ts'

/** One thing the unit was made of, or went into. */
export interface Related {
  uri: string
  name: string
  /** Links away. */
  depth: number
  certain: boolean
  /** From where it was reached on the shortest way: the unit, another of the list, or a station that stands in none. */
  via: string
  /** How many of the list lie between it and the unit: it stands indented so far below the one it belongs to. */
  level: number
}

export interface RelatedList {
  /** Of all there are; at most as many are listed as asked for. */
  total: number
  /** More than could be followed. */
  cut: boolean
  /** Each once, depth first: what an item was reached from stands above it. */
  items: Related[]
}

/**
 * A walk as a tree that can be read by indenting.
 *
 * @param shown items at most, the nearest ones
 */
export function related({ nodes, cut }: Flow, self: string, shown: number): RelatedList {
  // Every unit was judged at a station; where is in the timeline, and only a declared link makes it an origin.
  const others = nodes.filter((n) => n.uri !== self && !isStation(n.uri))
  const byUri = new Map(nodes.map((n) => [n.uri, n]))
  const below = new Map<string, FlowNode[]>()
  for (const node of others.slice(0, shown)) {
    const parent = listedAbove(node, byUri)
    const siblings = below.get(parent)
    if (siblings) siblings.push(node)
    else below.set(parent, [node])
  }
  const items: Related[] = []
  const list = (parent: string, level: number): void => {
    for (const { uri, depth, certain, via } of below.get(parent) ?? []) {
      items.push({ uri, name: shortName(uri), depth, certain, via: via ?? self, level })
      list(uri, level + 1)
    }
  }
  list(self, 0)
  return { total: others.length, cut, items }
}

/** What it stands under: nearer than itself, so that it is listed whenever the item is. */
function listedAbove(node: FlowNode, byUri: ReadonlyMap<string, FlowNode>): string {
  let above = node.via ?? node.uri
  for (let at = byUri.get(above); at?.via != null && isStation(above); at = byUri.get(above)) above = at.via
  return above
}
