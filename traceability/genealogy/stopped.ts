import { CodedError, type PartDisposition, type SqlDatabase, type TraceFact } from '../../contracts/index.ts'
import { keptBack } from './disposition.ts'
import { type IdentityMap } from '../identity/index.ts'
import { activeHolds, byTarget, heldBy, type Hold } from './holds.ts'
import { identityMap } from './identity-names.ts'
import { rowsOf } from './json-rows.ts'
import { END } from './no-end.ts'
import { isHolder, shortName } from './things.ts'

/** What would happen to a thing: what is held may not be packed, leave, be used or be let go. */
export interface Move {
  kind: 'aggregate' | 'ship' | 'use' | 'dispose'
  uri: string
  /** RFC 3339: what lies in it then, or is put in it later, goes with it. */
  at: string
  /** Also what is on hold or scrapped by its disposition stays. */
  kept: boolean
}

/**
 * Links that may be followed, about 4 µs of CPU each, on the thread that stores the records of parts: a pallet of 1,000
 * parts has some 5,000. Several moves may share one.
 */
export interface WalkBudget {
  left: number
}
const ONE_MOVE = 20_000

/** Boxes in boxes; real pallets have fewer. */
const MAX_DEPTH = 16
/** Named in an error; the rest is counted. */
const NAMED = 5

/** Of one generation, what lies in each of the things of `?1` at `?2` or later, at most `?3`. */
const INSIDE = `
select json_group_array(uri) as found from (
  select e.child as uri from json_each(?1) v cross join edge e
    on e.parent = v.value and e.kind = 'aggregate' and ifnull(e.valid_to, '${END}') > ?2
  limit ?3)`

/** The things and everything in them, by all their names; null when that is more than may be looked at. */
function withContents(
  db: SqlDatabase,
  uris: readonly string[],
  at: string,
  budget: WalkBudget,
  merged: IdentityMap,
): string[] | null {
  const all = new Set(uris)
  let outer = [...all]
  for (let depth = 0; outer.length > 0; depth++) {
    if (budget.left <= 0 || depth === MAX_DEPTH) return null
    const row = db.get<{ found: string }>(INSIDE, JSON.stringify(outer), at, budget.left)
    const found = rowsOf<string>(row?.found)
    budget.left -= found.length
    outer = merged.namesOfAll([...new Set(found)]).filter((inner) => !all.has(inner))
    for (const inner of outer) all.add(inner)
  }
  return [...all]
}

type Stop =
  | { by: 'hold'; hold: Hold; inside: boolean }
  | { by: 'disposition'; kept: { uri: string; disposition: PartDisposition }[] }
  /** It could not be told within the budget. */
  | { by: 'bound' }

/** What stops any of these things, with all that is in them; null when nothing does. */
export function stopOf(
  db: SqlDatabase,
  uris: readonly string[],
  { at, kept }: Pick<Move, 'at' | 'kept'>,
  budget: WalkBudget,
): Stop | null {
  const holds = byTarget(activeHolds(db))
  if (holds.size === 0 && !kept) return null
  const merged = identityMap(db)
  const named = merged.namesOfAll(uris)
  const things = withContents(db, named, at, budget, merged)
  if (things === null) return { by: 'bound' }
  if (holds.size > 0) {
    // What lay in a box earlier is no reason to keep the box.
    const starts = things.map((uri) => (isHolder(uri) ? { uri, from: at } : { uri }))
    const { hold, cut, ways } = heldBy(db, holds, starts, Math.max(1, budget.left))
    budget.left -= ways
    if (hold !== null) return { by: 'hold', hold, inside: things.length > named.length }
    if (cut) return { by: 'bound' }
  }
  const found = kept ? keptBack(db, things, merged) : []
  return found.length === 0 ? null : { by: 'disposition', kept: found }
}

/**
 * Refuses what a hold or a disposition stops.
 *
 * @param budget the links followed are taken from it
 * @throws TRC_HELD naming the hold, or the parts and their disposition, and what ends it; also when it cannot be told
 */
export function refuseStopped(db: SqlDatabase, move: Move, budget: WalkBudget = { left: ONE_MOVE }): void {
  const stop = stopOf(db, [move.uri], move, budget)
  if (stop !== null) throw refusal(move, stop)
}

/** Since when a thing, or what it lies in, had been shipped and not taken back at a moment; null = it was not. */
export function shippedSince(db: SqlDatabase, uri: string, moment = END): string | null {
  const merged = identityMap(db)
  const shipped: string[] = []
  /** Each thing that it lies in, and since when. */
  let inner = new Map(merged.namesOfAll([uri]).map((name) => [name, '']))
  for (let depth = 0; depth < MAX_DEPTH && inner.size > 0; depth++) {
    const rows = db.all<{ child: string; kind: string; parent: string; since: string }>(
      `select e.child, e.kind, e.parent, e.valid_from as since from json_each(?1) v cross join edge e
         on e.child = v.value and e.kind in ('aggregate', 'ship') and e.valid_from < ?2
           and (e.valid_to is null or e.valid_to > ?2)`,
      JSON.stringify([...inner.keys()]),
      moment,
    )
    const outer = new Map<string, string>()
    for (const { child, kind, parent, since } of rows) {
      const before = inner.get(child) ?? ''
      const both = before > since ? before : since
      if (kind === 'ship') shipped.push(both)
      else
        for (const name of merged.names(parent)) {
          const known = outer.get(name)
          if (known === undefined || both < known) outer.set(name, both)
        }
    }
    inner = outer
  }
  return shipped.sort()[0] ?? null
}

/** Decisions with which a part goes on. */
const LETS_GO: readonly PartDisposition[] = ['release', 'use-as-is', 'regrade']

/** What a fact with resolved names would do to a thing; null for one that no hold stops. */
export function moveOf(
  db: SqlDatabase,
  fact: TraceFact,
  { subject, data }: { subject: string; data: Record<string, unknown> },
): Move | null {
  const { at } = fact
  switch (fact.kind) {
    case 'ship':
    case 'use':
      return { kind: fact.kind, uri: subject, at, kept: true }
    case 'aggregate':
      // What is put into a box that has left has left with it.
      return { kind: 'aggregate', uri: subject, at, kept: shippedSince(db, String(data['parent'])) !== null }
    case 'dispose':
      return LETS_GO.includes(fact.disposition) ? { kind: 'dispose', uri: subject, at, kept: false } : null
    default:
      return null
  }
}

const VERB: Record<Move['kind'], string> = {
  aggregate: 'packed',
  ship: 'shipped',
  use: 'used',
  dispose: 'let go',
}

const VERB_ZH: Record<Move['kind'], string> = {
  aggregate: '装箱',
  ship: '发货',
  use: '使用',
  dispose: '放行',
}

function refusal(move: Move, stop: Stop): CodedError {
  const { zh, ...reason } = reasonOf(stop)
  const name = shortName(move.uri)
  return new CodedError('TRC_HELD', {
    expected: `${name} free to be ${VERB[move.kind]}`,
    ...reason,
    zh: { expected: `${name} 可以${VERB_ZH[move.kind]}`, ...zh },
  })
}

interface Reason {
  actual: string
  hint: string
}

function reasonOf(stop: Stop): Reason & { zh: Reason } {
  switch (stop.by) {
    case 'hold': {
      const { id, target, reason, by } = stop.hold
      const name = shortName(target)
      return {
        actual: `the hold ${id} of ${name}${stop.inside ? ', under which something in it falls' : ''}: ${reason} (${by})`,
        hint: `it ends with: sightline release ${name} --reason … --by …`,
        zh: {
          actual: `${name} 的隔离 ${id}${stop.inside ? '(其中的工件受此隔离)' : ''}:${reason}(${by})`,
          hint: '请先在“隔离”页解除',
        },
      }
    }
    case 'disposition': {
      const named = stop.kept.slice(0, NAMED).map((k) => `${shortName(k.uri)} (${k.disposition})`)
      const more = stop.kept.length > NAMED ? ` and ${stop.kept.length - NAMED} more` : ''
      const first = shortName(stop.kept[0]?.uri ?? '')
      return {
        actual: `the disposition of ${named.join(', ')}${more}`,
        hint: `a person decides otherwise with: sightline dispose ${first} release --reason … --by …`,
        zh: {
          actual: `${named.join('、')}${stop.kept.length > NAMED ? ` 等 ${stop.kept.length} 件` : ''}的处置`,
          hint: `须先由人员在工件 ${first} 的页面改变处置`,
        },
      }
    }
    case 'bound':
      return {
        actual: 'more parts and links than can be looked at in time',
        hint: 'state it for the boxes in it one by one',
        zh: { actual: '工件与关联过多,无法及时查完', hint: '请对其中的箱逐一登记' },
      }
    default:
      return stop satisfies never
  }
}
