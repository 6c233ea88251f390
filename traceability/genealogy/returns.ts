import type { QEvent, SqlDatabase } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { rowsOf } from './json-rows.ts'
import { END } from './no-end.ts'
import { isShipment, shortName, thingUri } from './things.ts'

/** How something last came back. */
export interface Returned {
  at: string
  from: string | null
  to: string | null
}

type Said = Partial<Record<'customer' | 'place', string>>

/** Of a row of `edge`: a return ended it. */
export const ENDED_BY_RETURN = `exists (select 1 from trace_fact r where r.position = edge.closed_by and r.kind = 'return')`

/** Of more than so many things it is first asked whether anything came back at all, which goes through all facts. */
const FEW = 500
const ANY = `select 1 as found from trace_fact where kind = 'return' and superseded_by is null limit 1`

/**
 * Each thing of `?1`, a row of its key and a name each, and what it lay in by links of these kinds: boxes in boxes as long
 * as it was in all of them at once. `depth` is a bound.
 */
const inside = (kinds: string, most: number): string => `
with recursive inside (at, uri, since, until, depth) as (
  select value ->> 0, value ->> 1, '', '${END}', 0 from json_each(?1)
  union all
  select i.at, e.parent, case when e.valid_from > i.since then e.valid_from else i.since end,
      case when e.valid_to < i.until then e.valid_to else i.until end, i.depth + 1
    from inside i cross join edge e on e.child = i.uri
    where e.kind in (${kinds}) and e.valid_from < i.until and ifnull(e.valid_to, '${END}') > i.since
      and i.depth < ${most}
)`

/** Returns of each thing, of what it lay in then, and of the shipment that it or that left with. */
const RETURNS = `${inside(`'aggregate', 'ship'`, 17)}
select json_group_array(json_array(at, position)) as found from (
  select i.at, t.position from inside i cross join trace_fact t on t.subject = i.uri
    where t.kind = 'return' and t.superseded_by is null and t.at >= i.since and t.at <= i.until)`

/**
 * The last return of each of these things by its place in the list, also as part of the box or shipment that it was in.
 *
 * @param uris canonical names
 */
export function returnsOf(
  db: SqlDatabase,
  uris: readonly string[],
  merged: IdentityMap,
): ReadonlyMap<number, Returned> {
  const last = new Map<number, Returned>()
  if (uris.length > FEW && db.get(ANY) === undefined) return last
  const asked = uris.flatMap((uri, n) => merged.names(uri).map((name) => [n, name]))
  const found = rowsOf<[at: number, position: number]>(
    db.get<{ found: string | null }>(RETURNS, JSON.stringify(asked))?.found,
  )
  const stated = statedBy(db, [...new Set(found.map(([, position]) => position))])
  for (const [key, position] of found) {
    const at = Number(key)
    const said = stated.get(position)
    const before = last.get(at)
    if (said !== undefined && (before === undefined || before.at <= said.at)) last.set(at, said)
  }
  return last
}

function statedBy(db: SqlDatabase, positions: readonly number[]): Map<number, Returned> {
  const rows = db.all<{ position: number; json: string }>(
    `select v.position, v.json from json_each(?) p cross join event v on v.position = cast(p.value as bigint)`,
    JSON.stringify(positions),
  )
  return new Map(
    rows.map(({ position, json }) => {
      const { time, subject, data } = JSON.parse(json) as QEvent<Said>
      const from =
        data.customer === undefined
          ? customerOf(db, subject, position)
          : shortName(thingUri('customer', data.customer))
      return [position, { at: time, from, to: data.place ?? null }]
    }),
  )
}

/** Whom the shipment went to that a return ended, else its name, or that of the box that something was taken out of. */
function customerOf(db: SqlDatabase, returned: string, position: number): string | null {
  const left = isShipment(returned)
    ? returned
    : db.get<{ parent: string }>(
        'select parent from edge where child = ? and closed_by = ? order by kind desc, valid_from desc limit 1',
        returned,
        position,
      )?.parent
  if (left === undefined) return null
  const customer = db.get<{ parent: string }>(
    `select parent from edge where child = ? and kind = 'deliver' order by valid_from desc limit 1`,
    left,
  )?.parent
  return shortName(customer ?? left)
}

/**
 * Shipments of boxes that each thing of `?1` was taken out of, or its box was, while they were away, and when: what is
 * unpacked at a customer is there.
 */
const UNPACKED = `${inside(`'aggregate'`, 16)}
select json_group_array(json_array(at, shipment, until)) as found from (
  select i.at, e.parent as shipment, i.until from inside i cross join edge e on e.child = i.uri
    where e.kind = 'ship' and i.until < '${END}' and e.valid_from < i.until and ifnull(e.valid_to, '${END}') > i.until)`

/** By the index of ended links: where nothing was ever unpacked, 20,000 units are not walked for it. */
const ANY_UNPACKED = `select 1 as found from edge where closed_by is not null and kind = 'aggregate' limit 1`

/** Where a thing was unpacked last while its box was away. */
export interface Unpacked {
  shipment: string
  at: string
}

/** The last of these of each of the things by its place in the list. */
export function unpackedAway(
  db: SqlDatabase,
  uris: readonly string[],
  merged: IdentityMap,
): ReadonlyMap<number, Unpacked> {
  const last = new Map<number, Unpacked>()
  if (db.get(ANY_UNPACKED) === undefined) return last
  const asked = uris.flatMap((uri, n) => merged.names(uri).map((name) => [n, name]))
  const found = rowsOf<[at: number, shipment: string, until: string]>(
    db.get<{ found: string | null }>(UNPACKED, JSON.stringify(asked))?.found,
  )
  for (const [key, shipment, at] of found)
    if (at > (last.get(Number(key))?.at ?? '')) last.set(Number(key), { shipment, at })
  return last
}

const USED = `
select t.subject as uri, max(t.at) as at from json_each(?) v cross join trace_fact t on t.subject = v.value
  where t.kind = 'use' and t.superseded_by is null group by t.subject`

/** When each of these things was last said to be in use, by its canonical name. */
export function usedAt(
  db: SqlDatabase,
  uris: readonly string[],
  merged: IdentityMap,
): ReadonlyMap<string, string> {
  const last = new Map<string, string>()
  if (uris.length === 0) return last
  for (const { uri, at } of db.all<{ uri: string; at: string }>(
    USED,
    JSON.stringify(merged.namesOfAll(uris)),
  )) {
    const thing = merged.canonical(uri)
    if (at > (last.get(thing) ?? '')) last.set(thing, at)
  }
  return last
}
