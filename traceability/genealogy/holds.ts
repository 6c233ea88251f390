import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { oneUri } from '../epcis/epc.ts'
import { ORIGIN_KINDS, PACKING_KINDS } from './cycle-guard.ts'
import { follow, type FlowStart } from './flow.ts'
import { identityMap } from './identity-names.ts'
import { rowsOf } from './json-rows.ts'
import { lotName, spelt, thingUri } from './things.ts'

export interface Hold {
  id: string
  /** Canonical URI, or `lot/<name>` for a lot that was held by name. */
  target: string
  reason: string
  by: string
  at: string
  releasedBy: string | null
  releasedAt: string | null
  releaseReason: string | null
  /** Log of the line, or `plant`, that placed it and passed it on; null = it was placed here. */
  originLog: string | null
  /** The same of who released it. */
  releaseLog: string | null
  /** In a plant: the logs of the lines that took it over. */
  takenBy?: string[]
}

const COLUMNS = `id, target, reason, placed_by as "by", placed_at as at, released_by as releasedBy,
  released_at as releasedAt, release_reason as releaseReason, origin_log as originLog, release_log as releaseLog`

type HoldRow = { [K in keyof Omit<Hold, 'takenBy'>]: Hold[K] }

export const activeHolds = (db: SqlDatabase): Hold[] =>
  db.all<HoldRow>(`select ${COLUMNS} from hold where released_at is null order by position`)

/** All that are in force, then released ones up to the limit; the newest first. */
export const allHolds = (db: SqlDatabase, limit: number): Hold[] =>
  db.all<HoldRow>(
    `select ${COLUMNS} from hold order by released_at is not null, position desc
     limit max(?, (select count(*) from hold where released_at is null))`,
    limit,
  )

/** Of these holds, the ones that are in force. */
export const heldOf = (db: SqlDatabase, ids: readonly string[]): Hold[] =>
  holdsOf(db, ids).filter((h) => h.releasedAt === null)

/** Holds by their ids; an id that nobody knows has none. */
export const holdsOf = (db: SqlDatabase, ids: readonly string[]): Hold[] =>
  ids.flatMap((id) => db.get<HoldRow>(`select ${COLUMNS} from hold where id = ?`, id) ?? [])

/** Links followed from a unit to a held thing: some 600 generations where each is made of the one before. */
const MAX_WAYS = 20_000

/** What was found within a bound: no hold with `cut` is no answer. */
export interface HeldBy {
  hold: Hold | null
  cut: boolean
  /** Links that were followed. */
  ways: number
}

/**
 * The hold that a part falls under: itself, its lots, their suppliers, its components, the station or recipe that
 * judges it, and all these were made of. A station on hold stops what it judges from then on, not what it once judged.
 *
 * @param starts what the part is, and is being judged by
 * @param ways   links followed at most: about 4 µs of CPU each
 */
export function heldBy(
  db: SqlDatabase,
  holds: ReadonlyMap<string, Hold>,
  starts: readonly FlowStart[],
  ways: number,
): HeldBy {
  if (holds.size === 0) return { hold: null, cut: false, ways: 0 }
  // A part that turned out to be another one too falls under the holds of both.
  const merged = identityMap(db)
  const direct = first(holds, merged.namesOfAll(starts.map((s) => s.uri)))
  if (direct !== null) return { hold: direct, cut: false, ways: 0 }
  const { nodes, cut, ways: followed } = follow(db, starts, 'up', ways, merged)
  const origins = nodes.map((n) => n.uri).filter((uri) => !isStation(uri))
  const hold = first(holds, merged.namesOfAll(origins))
  return { hold, cut: cut && hold === null, ways: followed }
}

const kinds = (list: readonly string[]): string => list.map((k) => `'${k}'`).join(', ')
/** All that the things in `?1` were made of, or that lay in them, at whatever time: one statement, however far back. */
const EVER = `
with recursive origin (uri) as (
  select value from json_each(?1)
  union
  select case when e.child = o.uri then e.parent else e.child end from origin o
    cross join edge e on (e.child = o.uri and e.kind in (${kinds(ORIGIN_KINDS)}))
      or (e.parent = o.uri and e.kind in (${kinds(PACKING_KINDS)}))
)
select json_group_array(uri) as found from (select uri from origin limit ?2)`
const JUDGED = `
select json_group_array(station) as found from (
  select distinct i.station from json_each(?1) v cross join inspection i on i.unit = v.value)`

/** Things that are looked at so: some 100 ms of CPU. */
const MAX_EVER = 40_000

/**
 * Whether nothing on hold is among all that `heldBy` could find were there no times: then it finds none. A walk asks once
 * per generation, which takes a part of a long chain of lots 50 times as long.
 */
function isFree(db: SqlDatabase, holds: ReadonlyMap<string, Hold>, starts: readonly FlowStart[]): boolean {
  const merged = identityMap(db)
  const seen = new Set<string>()
  const own = merged.namesOfAll(starts.map((s) => s.uri))
  let asked = own
  while (asked.length > 0) {
    const left = MAX_EVER - seen.size
    const list = (sql: string, of: readonly string[], ...more: number[]): string[] =>
      rowsOf<string>(db.get<{ found: string }>(sql, JSON.stringify(of), ...more)?.found)
    const found = list(EVER, asked, left)
    if (found.length >= left) return false
    const fresh = found.filter((uri) => !seen.has(uri))
    for (const uri of fresh) seen.add(uri)
    const stations = list(JUDGED, fresh).map((name) => `${thingUri('station', '')}${name}`)
    asked = [...new Set([...merged.namesOfAll(fresh), ...stations])].filter((uri) => !seen.has(uri))
  }
  return first(holds, [...own, ...[...seen].filter((uri) => !isStation(uri))]) === null
}

/** The same, with an answer in any case. @throws TRC_GENEALOGY for a part of more links than can be followed */
export function holdOver(
  db: SqlDatabase,
  holds: ReadonlyMap<string, Hold>,
  starts: readonly FlowStart[],
): Hold | null {
  if (holds.size === 0 || isFree(db, holds, starts)) return null
  const { hold, cut } = heldBy(db, holds, starts, MAX_WAYS)
  if (cut)
    throw new CodedError('TRC_GENEALOGY', {
      expected: `a part of fewer than ${MAX_WAYS} links`,
      actual: starts[0]?.uri ?? '',
      hint: 'its holds cannot be told in time',
    })
  return hold
}

/** Of a hold that also covers what was made before it. */
export const isStation = (uri: string): boolean => uri.startsWith(thingUri('station', ''))

function first(holds: ReadonlyMap<string, Hold>, uris: readonly string[]): Hold | null {
  for (const uri of uris) {
    const name = lotName(uri)
    const found = holds.get(uri) ?? (name === null ? undefined : holds.get(spelt(name)))
    if (found) return found
  }
  return null
}

/** Holds by URI, as it was stated and as parts and events have it, or by `lot/<name>` as names are spelt. */
export const byTarget = (holds: readonly Hold[]): Map<string, Hold> =>
  new Map(
    holds.flatMap((h): [string, Hold][] =>
      h.target.startsWith('lot/')
        ? [[spelt(h.target), h]]
        : [
            [oneUri(h.target), h],
            [h.target, h],
          ],
    ),
  )
