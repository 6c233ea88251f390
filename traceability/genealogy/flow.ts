import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { PACKING_KINDS } from './cycle-guard.ts'
import { DOWN, KINDS, type Links, PROBABLE, UP, WAYS } from './flow-links.ts'
import { identityMap } from './identity-names.ts'
import { columnsOf } from './json-rows.ts'
import { END } from './no-end.ts'
import { isHolder } from './things.ts'

/** Where a walk begins; the window (RFC 3339, half-open) limits what a holder held. */
export interface FlowStart {
  uri: string
  from?: string
  to?: string
}

/** One thing reached; `certain` when one way to it has certain links only. */
export interface FlowNode {
  uri: string
  /** Links on the shortest way. */
  depth: number
  certain: boolean
  /** What it was reached from on that way, null for a start: of several by a certain link, then the first by its URI. */
  via: string | null
  /**
   * Kind and URI of each link outwards that holds now, a line each: no URI has a line break. Absent where not all were
   * looked at, where there are two of a kind, of which the order counts, and on the way up.
   */
  outwards?: string
  /** What it went into for certain and is in now, on the way down; null where there are several. */
  into?: BuiltInto | null
}

/** What something is a part of, or was made into. */
export interface BuiltInto {
  uri: string
  since: string
}

/** @returns null where there is another one already */
export function oneOf(before: BuiltInto | null | undefined, uri: string, since: string): BuiltInto | null {
  if (before === undefined) return { uri, since }
  return before?.uri === uri ? before : null
}

export interface Flow {
  nodes: FlowNode[]
  /** The bound was reached: there is more. */
  cut: boolean
  /** Links that were followed, what far generations count as, and the starts. */
  ways: number
}

/** Generations that cost no more than their links; most products have fewer. */
const SHALLOW = 16
/**
 * Links that each further one counts as, since it is a statement of its own: where every lot takes in what was left of
 * the one before (regrind, the heel of a tank), they have no end.
 */
const PER_GENERATION = 30
const PACKED: ReadonlySet<string> = new Set(PACKING_KINDS)
/**
 * Everything the material of `starts` went into (`down`), or everything they were made of (`up`), the starts included,
 * nearest first. Walks one generation after the other, each one statement. What was merged is one thing under its
 * canonical name, whose links are those of all its names.
 *
 * @param limit  most ways that are followed, the only bound; the answer says when it was reached
 * @param merged what was; absent = asked for
 */
export function follow(
  db: SqlDatabase,
  starts: readonly FlowStart[],
  direction: 'up' | 'down',
  limit: number,
  merged: IdentityMap = identityMap(db),
): Flow {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new CodedError('TRC_BINDING', { expected: 'a limit of at least 1', actual: String(limit) })
  const walk = new Walk(direction === 'down', merged)
  for (const { uri, from = '', to = END } of starts) walk.reach(uri, from, to, true, 0, null)
  let ways = starts.length
  for (let depth = 1; ways < limit; depth++) {
    const { things, holders } = walk.next()
    if (things.length + holders.length === 0) break
    const links = columnsOf<Links>(
      db.get(
        direction === 'down' ? DOWN : UP,
        JSON.stringify(things.map((t) => t.name)),
        JSON.stringify(holders.map((h) => [h.name, h.start, h.stop])),
        things.length,
        limit - ways,
      ),
    )
    ways += links.link.length + (depth > SHALLOW ? PER_GENERATION : 0)
    walk.follow([...things, ...holders], links, depth, ways < limit ? things.length : 0)
  }
  return { nodes: walk.nodes(), cut: ways >= limit, ways }
}

/** A window of a thing that is gone on from. */
interface Reach {
  readonly node: FlowNode
  /** Of the node: the canonical one, or another that its links are asked for under. */
  readonly name: string
  start: string
  stop: string
  readonly certain: boolean
  readonly depth: number
  /** Its links say what the thing lies in. */
  tells: boolean
}

/** The widest window of each thing, by the end of it that is fixed, and its URI: of a node a hash would have to be made. */
type Widest = Map<string, Map<string, Reach>>

/**
 * What was reached, and in which windows: what sat in a holder (box, station, carrier, oven run) counts only for what the
 * holder met while it did; what went into a product stays there. A unit that a station judged met what was on the
 * station at that moment.
 *
 * Of windows of one thing that end together the one that begins first holds the others (upwards: of those that begin
 * together the one that ends last), so that a box with a thousand units goes on as one, not a thousand.
 */
class Walk {
  readonly #down: boolean
  readonly #nodes = new Map<string, FlowNode>()
  readonly #certain: Widest = new Map()
  readonly #probable: Widest = new Map()
  readonly #links = new Map<string, string>()
  /** With more than one link of a kind outwards. */
  readonly #several = new Set<FlowNode>()
  readonly #merged: IdentityMap
  #frontier: Reach[] = []

  constructor(down: boolean, merged: IdentityMap) {
    this.#down = down
    this.#merged = merged
  }

  reach(
    name: string,
    start: string,
    stop: string,
    certain: boolean,
    depth: number,
    via: string | null,
  ): void {
    const uri = this.#merged.canonical(name)
    let node = this.#nodes.get(uri)
    if (node === undefined)
      this.#nodes.set(uri, (node = { uri, depth, certain, via, outwards: undefined, into: undefined }))
    else {
      if (via !== null && node.via !== null && depth === node.depth && via !== node.via)
        if (certain === node.certain ? via < node.via : certain) node.via = via
      if (certain) node.certain = true
    }
    const fixed = this.#down ? stop : start
    const sure = this.#certain.get(fixed)
    let mine = certain ? sure : this.#probable.get(fixed)
    const known = mine?.get(uri)
    if (this.#holds(known, start, stop) || (!certain && this.#holds(sure?.get(uri), start, stop))) return
    if (known?.depth === depth) {
      // Not gone on from yet.
      known.start = start
      known.stop = stop
      return
    }
    const reach = { node, name: uri, start, stop, certain, depth, tells: false }
    if (mine === undefined) (certain ? this.#certain : this.#probable).set(fixed, (mine = new Map()))
    mine.set(uri, reach)
    this.#frontier.push(reach)
  }

  #holds(known: Reach | undefined, start: string, stop: string): boolean {
    return known !== undefined && (this.#down ? known.start <= start : known.stop >= stop)
  }

  /** What is gone on from, once, and under each of its names, which lie side by side. */
  next(): { things: Reach[]; holders: Reach[] } {
    const [things, holders]: [Reach[], Reach[]] = [[], []]
    const asked = this.#frontier.flatMap((reach) => {
      const names = this.#merged.names(reach.name)
      return names.length === 1 ? reach : names.map((name, n) => (n === 0 ? reach : { ...reach, name }))
    })
    for (const reach of asked) (isHolder(reach.node.uri) ? holders : things).push(reach)
    this.#frontier = []
    return { things, holders }
  }

  /**
   * @param asked what the links are of, by their number
   * @param whole so many of them have all their links here
   */
  follow(asked: readonly Reach[], links: Links, depth: number, whole: number): void {
    if (this.#down)
      for (const [n, reach] of asked.slice(0, whole).entries()) {
        const { node } = reach
        reach.tells = reach.name === node.uri ? node.outwards === undefined : asked[n - 1]?.tells === true
        node.outwards ??= ''
      }
    // Many links in a row lead to the same box.
    let known = ''
    let uri = ''
    let holds = false
    for (let n = 0; n < links.link.length; n++) {
      const link = links.link[n] ?? -1
      const from = asked[Math.floor(link / WAYS)]
      const name = links.uri[n]
      const since = links.since[n]
      const how = link % WAYS
      const until = links.until[n] ?? null
      if (from === undefined || name === undefined || since === undefined) continue
      if (name !== known) {
        known = name
        uri = this.#merged.canonical(name)
        holds = isHolder(uri)
      }
      const kind = KINDS[how % PROBABLE]
      if (from.tells && until === null && kind !== undefined)
        if (PACKED.has(kind)) {
          const before = from.node.outwards
          const out = this.#outwards(kind, uri)
          if (before?.includes(`${kind}\n`) === true) this.#several.add(from.node)
          from.node.outwards = before ? `${before}\n${out}` : out
        } else if (how < PROBABLE && kind !== 'judge') from.node.into = oneOf(from.node.into, uri, since)
      const begins = since > from.start ? since : from.start
      const ends = until !== null && until < from.stop ? until : from.stop
      if (begins >= ends) continue
      const certain = from.certain && how < PROBABLE
      const via = from.node.uri
      if (this.#down) this.reach(uri, begins, until !== null && holds ? until : END, certain, depth, via)
      else this.reach(uri, holds ? begins : '', ends, certain, depth, via)
    }
  }

  /** One text for all units in a box. */
  #outwards(kind: string, uri: string): string {
    const known = this.#links.get(uri)
    if (known?.startsWith(`${kind}\n`)) return known
    const text = `${kind}\n${uri}`
    this.#links.set(uri, text)
    return text
  }

  nodes(): FlowNode[] {
    for (const node of this.#several) node.outwards = undefined
    return [...this.#nodes.values()].sort((a, b) => a.depth - b.depth || (a.uri < b.uri ? -1 : 1))
  }
}
