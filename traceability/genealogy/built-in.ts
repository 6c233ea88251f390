import type { SqlDatabase } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { PACKING_KINDS } from './cycle-guard.ts'
import { type BuiltInto, type FlowNode, oneOf } from './flow.ts'
import { rowsOf } from './json-rows.ts'
import type { Whereabouts } from './place.ts'
import { shortName } from './things.ts'

/** What each thing of `?1`, a row of its key and a name each, went into and is in now. */
const INTO = `
select json_group_array(json_array(v.value ->> 0, e.child, e.valid_from)) as found
  from json_each(?1) v cross join edge e on e.parent = v.value ->> 1 and e.kind in ('associate', 'transform')
  where e.certainty = 'certain' and e.valid_to is null`

type Thing = Pick<FlowNode, 'uri' | 'outwards' | 'into'>

/**
 * The one thing that each of these went into for certain, by its place in the list; of what went into several, as a sheet
 * that was cut, there is no one place. What a walk has not told is asked for.
 *
 * @param places of those that are units
 */
export function builtInto(
  db: SqlDatabase,
  things: readonly Thing[],
  places: readonly number[],
  merged: IdentityMap,
): Map<number, BuiltInto> {
  const into = new Map<number, BuiltInto | null>()
  const asked: [at: number, name: string][] = []
  for (const at of places) {
    const thing = things[at]
    if (thing === undefined) continue
    if (thing.outwards === undefined) for (const name of merged.names(thing.uri)) asked.push([at, name])
    else if (thing.into) into.set(at, thing.into)
  }
  if (asked.length > 0) {
    const found = db.get<{ found: string | null }>(INTO, JSON.stringify(asked))?.found
    for (const [key, child, since] of rowsOf<[at: number, child: string, since: string]>(found)) {
      const at = Number(key)
      into.set(at, oneOf(into.get(at), merged.canonical(child), since))
    }
  }
  return new Map([...into].flatMap(([at, of]) => (of === null ? [] : [[at, of] as const])))
}

/** The begin of each link outwards of the things of `?1`, a row of its key and a name each, that holds now. */
const PACKED = `
select json_group_array(json_array(v.value ->> 0, e.valid_from)) as found
  from json_each(?1) v cross join edge e on e.child = v.value ->> 1
    and e.kind in (${PACKING_KINDS.map((kind) => `'${kind}'`).join(', ')})
  where e.valid_to is null`

/** When each of these was last packed or shipped by itself, by its place in the list. */
export function packedLast(
  db: SqlDatabase,
  uris: readonly string[],
  places: readonly number[],
  merged: IdentityMap,
): ReadonlyMap<number, string> {
  const last = new Map<number, string>()
  if (places.length === 0) return last
  const asked = places.flatMap((at) => merged.names(uris[at] ?? '').map((name) => [at, name]))
  const found = db.get<{ found: string | null }>(PACKED, JSON.stringify(asked))?.found
  for (const [key, since] of rowsOf<[at: number, since: string]>(found))
    if (since > (last.get(Number(key)) ?? '')) last.set(Number(key), since)
  return last
}

/**
 * A unit is where the product is that it went into; where that is at the line, it is what it is itself there, as on hold.
 *
 * @param product where the product is; null for one that is no unit, as a batch
 */
function inProduct(own: Whereabouts, of: BuiltInto, product: Whereabouts | null): Whereabouts {
  if (product === null) return own
  const { pallet, shipment, customer, order, returnedAt, returnedFrom, returnedTo } = product
  const place = product.place === 'line' ? (own.place === 'back' ? 'line' : own.place) : product.place
  const there = { pallet, shipment, customer, order, returnedAt, returnedFrom, returnedTo }
  return { ...own, ...there, place, into: shortName(of.uri) }
}

/**
 * Puts each of `found` where the product is that it went into, which may be a part of another one.
 *
 * @param uris    of what was found, by its place in the list
 * @param built   what went into what; empty afterwards
 * @param whereOf asked of products that are not in the list
 */
export function intoProducts(
  found: (Whereabouts | null)[],
  uris: readonly string[],
  built: Map<number, BuiltInto>,
  whereOf: (products: readonly string[]) => (Whereabouts | null)[],
): void {
  if (built.size === 0) return
  const places = new Map(uris.map((uri, n) => [uri, n]))
  const asked = [...new Set([...built.values()].map(({ uri }) => uri))].filter((uri) => !places.has(uri))
  const others = new Map(whereOf(asked).map((where, n) => [asked[n], where]))
  const placed = (n: number): Whereabouts | null => {
    const own = found[n] ?? null
    const into = built.get(n)
    if (own === null || into === undefined) return own
    // Taken out first: in a circle, which the guard refuses, each stays where it was.
    built.delete(n)
    const product = places.get(into.uri)
    const where = product === undefined ? (others.get(into.uri) ?? null) : placed(product)
    return (found[n] = inProduct(own, into, where))
  }
  for (const n of built.keys()) placed(n)
}
