import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { ORIGIN_KINDS, PACKING_KINDS } from './cycle-guard.ts'
import { rowsOf } from './json-rows.ts'
import { holderSql } from './things.ts'

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
}

export interface Flow {
  nodes: FlowNode[]
  /** The bound was reached: there is more. */
  cut: boolean
}

/** Generations followed; a bound, real products have fewer. */
const MAX_DEPTH = 16
const STATION = 'urn:sightline:station:'
const kinds = (list: readonly string[]): string => list.map((k) => `'${k}'`).join(', ')

/** `table` with the kinds of links that are followed from `from` to `to`. */
const links = (from: string, to: string, of: readonly string[], down: boolean): string => `
  select e.${to} as uri,
      ${down ? 'max(f.start, e.valid_from)' : `case when ${holderSql(`e.${to}`)} then max(f.start, e.valid_from) else '' end`} as start,
      ${down ? `case when e.valid_to is not null and ${holderSql(`e.${to}`)} then e.valid_to else '9999' end` : `min(f.stop, ifnull(e.valid_to, '9999'))`} as stop,
      min(f.certain, e.certainty = 'certain') as certain
    from f cross join edge e on e.${from} = f.uri and e.kind in (${kinds(of)})
    where max(f.start, e.valid_from) < min(f.stop, ifnull(e.valid_to, '9999'))`

/**
 * One generation of a walk: from the things in `?1` to what is one link further. Of nearly all things the windows end
 * together (upwards: begin together) and are equally certain, so that these (`?3`, `?4`) are said once, and each thing
 * is a member of an object; the others stand in `?5`.
 *
 * Material flows from a parent to what was made from it, and from a child into the box it was packed in. Time windows
 * are kept: what sat in a holder (box, station, carrier, oven run) counts only for what the holder met while it did;
 * what went into a product stays there. A unit that a station judged met what was on the station at that moment.
 *
 * Of windows of one thing that end together the one that begins first holds the others (upwards: of those that begin
 * together the one that ends last), so that a box with a thousand units goes on as one, not a thousand.
 *
 * @param group column that windows have in common, and the one they differ in by `widest`
 */
const generation = (steps: readonly string[], group: string, widest: string): string => `
with f (uri, start, stop, certain) as materialized (
  select key, ${group === 'stop' ? 'value, ?3' : '?3, value'}, cast(?4 as integer) from json_each(?1, '$')
  union all
  select value ->> 0, value ->> 1, value ->> 2, cast(value ->> 3 as integer) from json_each(?5)
)
select json_group_array(json_array(uri, start, stop, certain, ways)) as found from (
  select uri, ${widest}, ${group}, certain, count(*) as ways from (${steps.join('\n  union all')}
  limit ?2)
  group by uri, ${group}, certain)`

/** The plus before a station keeps that step on the index by time. */
const DOWN = generation(
  [
    links('parent', 'child', ORIGIN_KINDS, true),
    links('child', 'parent', PACKING_KINDS, true),
    `
  select i.unit as uri, i.started_at as start, '9999' as stop, f.certain as certain
    from f cross join inspection i
      on +i.station = substr(f.uri, ${STATION.length + 1}) and i.started_at >= f.start and i.started_at < f.stop
    where f.uri glob '${STATION}*'`,
  ],
  'stop',
  'min(start) as start',
)

/** The same, against the flow. Of a station one moment: just after it began is before anything later in RFC 3339 text. */
const UP = generation(
  [
    links('child', 'parent', ORIGIN_KINDS, false),
    links('parent', 'child', PACKING_KINDS, false),
    `
  select '${STATION}' || i.station as uri, i.started_at as start, i.started_at || '~' as stop, f.certain as certain
    from f cross join inspection i on i.unit = f.uri and i.started_at < f.stop`,
  ],
  'start',
  'max(stop) as stop',
)

/** A thing, the window in which the material is there, and 1 when all links are certain. */
type Reach = [uri: string, start: string, stop: string, certain: number]
type Found = [uri: string, start: string, stop: string, certain: number, ways: number]

/**
 * Everything the material of `starts` went into (`down`), or everything they were made of (`up`), the starts included,
 * nearest first. Walks one generation after the other, each one statement.
 *
 * @param limit most ways that are followed; the answer says when it was reached
 */
export function follow(
  db: SqlDatabase,
  starts: readonly FlowStart[],
  direction: 'up' | 'down',
  limit: number,
): Flow {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new CodedError('TRC_BINDING', { expected: 'a limit of at least 1', actual: String(limit) })
  const walk = new Walk(direction === 'down')
  let frontier = starts.flatMap(({ uri, from = '', to = '9999' }) => walk.reach([uri, from, to, 1], 0))
  let ways = starts.length
  for (let depth = 1; depth <= MAX_DEPTH && frontier.length > 0 && ways < limit; depth++) {
    const { members, fixed, certain, others } = walk.asked(frontier)
    const row = db.get<{ found: string | null }>(
      direction === 'down' ? DOWN : UP,
      members,
      limit - ways,
      fixed,
      certain,
      others,
    )
    frontier = []
    for (const [uri, start, stop, sure, count] of rowsOf<Found>(row?.found)) {
      ways += count
      frontier.push(...walk.reach([uri, start, stop, sure], depth))
    }
  }
  return { nodes: walk.nodes(), cut: ways >= limit }
}

/** The other end of the widest window, by the end that is fixed and by thing. */
type Widest = Map<string, Map<string, string>>

/** What was reached, and in which windows. */
class Walk {
  readonly #down: boolean
  readonly #nodes = new Map<string, FlowNode>()
  /** Of certain ways and of the others. */
  readonly #widest: readonly [Widest, Widest] = [new Map(), new Map()]

  constructor(down: boolean) {
    this.#down = down
  }

  /** @returns the thing when it has to be gone on from, nothing when a wider window was */
  reach(at: Reach, depth: number): Reach[] {
    const [uri, start, stop, certain] = at
    const known = this.#nodes.get(uri)
    if (known === undefined) this.#nodes.set(uri, { uri, depth, certain: certain === 1 })
    else if (certain === 1) known.certain = true
    const [fixed, end] = this.#down ? [stop, start] : [start, stop]
    const [others, sure] = this.#widest
    const mine = certain === 1 ? sure : others
    const [held, heldSurely] = [mine.get(fixed)?.get(uri), sure.get(fixed)?.get(uri)]
    if (this.#holds(held, end) || this.#holds(heldSurely, end)) return []
    const ends = mine.get(fixed)
    if (ends) ends.set(uri, end)
    else mine.set(fixed, new Map([[uri, end]]))
    return [at]
  }

  #holds(known: string | undefined, end: string): boolean {
    return known !== undefined && (this.#down ? known <= end : known >= end)
  }

  /** The things that are gone on from, as a statement takes them: by what most have in common, and the others. */
  asked(frontier: readonly Reach[]): { members: string; fixed: string; certain: number; others: string } {
    const groups = new Map<string, Reach[]>()
    for (const at of frontier) {
      const key = `${at[3]} ${at[this.#down ? 2 : 1]}`
      const group = groups.get(key)
      if (group) group.push(at)
      else groups.set(key, [at])
    }
    const [most = [], ...others] = [...groups.values()].sort((a, b) => b.length - a.length)
    const [, start, stop, certain] = most[0] ?? ['', '', '', 1]
    return {
      // Of several windows of one thing the last is the widest.
      members: JSON.stringify(
        Object.fromEntries(most.map(([uri, from, to]) => [uri, this.#down ? from : to])),
      ),
      fixed: this.#down ? stop : start,
      certain,
      others: JSON.stringify(others.flat()),
    }
  }

  nodes(): FlowNode[] {
    return [...this.#nodes.values()].sort((a, b) => a.depth - b.depth || (a.uri < b.uri ? -1 : 1))
  }
}
