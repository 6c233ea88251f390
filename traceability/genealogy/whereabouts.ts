import type { SqlDatabase } from '../../contracts/index.ts'
import { builtInto, intoProducts, packedLast } from './built-in.ts'
import { dispositionUnder, IN_FORCE, LAST_JUDGED } from './disposition.ts'
import type { IdentityMap } from '../identity/index.ts'
import type { FlowNode } from './flow.ts'
import { identityMap } from './identity-names.ts'
import { columnsOf, rowsOf } from './json-rows.ts'
import { linksTogether, type Units, unitsTogether, withNames } from './merged-rows.ts'
import { END } from './no-end.ts'
import type { Place, Whereabouts } from './place.ts'
import { returnsOf, unpackedAway, usedAt } from './returns.ts'
import { individualIn, shortName } from './things.ts'

/** The links outwards that hold now, of one generation: kind, URI and begin, a line each. */
const LINKS = `
select json_group_array(json_array(v.value, (select group_concat(e.kind || char(10) || e.parent || char(10) || e.valid_from,
    char(10)) from edge e where e.kind in ('aggregate', 'ship', 'deliver', 'order') and e.valid_to is null and e.child = v.value))) as found
  from json_each(?1) v`

function linksOf(db: SqlDatabase, uris: readonly string[], merged: IdentityMap): Map<string, string> {
  const rows = rowsOf<[uri: string, out: string | null]>(
    db.get<{ found: string | null }>(LINKS, JSON.stringify(merged.namesOfAll(uris)))?.found,
  )
  return linksTogether(rows, merged)
}

/** Generations followed; a bound, boxes in boxes are fewer. */
const MAX_DEPTH = 16

const NONE: readonly string[] = []

/** The farthest thing of each kind, and how far it is. */
type Outmost = Map<string, { uri: string; depth: number }>
/** What a unit lies in, is shipped with, and for whom, by short names. */
type Outside = Pick<Whereabouts, 'pallet' | 'shipment' | 'customer' | 'order'>

/**
 * Walks outwards one generation at a time, each box once however many units lie in it.
 *
 * @param units the links outwards of each
 * @returns for the links of a unit the last URI of each kind; the one that began last where several are as far
 */
function outside(db: SqlDatabase, units: readonly string[], merged: IdentityMap): (out: string) => Outside {
  const links = new Map<string, string>()
  let found: Iterable<string> = new Set(units)
  for (let n = 0; n < MAX_DEPTH; n++) {
    const next = new Set<string>()
    for (const out of found) for (const [, to] of pairs(out)) if (!links.has(to)) next.add(to)
    if (next.size === 0) break
    const rows = linksOf(db, [...next], merged)
    for (const [uri, out] of rows) links.set(uri, out)
    found = new Set(rows.values())
  }
  // What lies in the same boxes is in the same places.
  const known = new Map<string, Outmost>()
  const outmost = (out: string): Outmost => {
    const before = known.get(out)
    if (before !== undefined) return before
    const all: Outmost = new Map()
    // Set first: a cycle, which the guard refuses, would end here.
    known.set(out, all)
    const offer = (kind: string, other: string, depth: number): void => {
      const best = all.get(kind)
      if (best === undefined || depth >= best.depth) all.set(kind, { uri: other, depth })
    }
    for (const [kind, parent] of pairs(out)) {
      offer(kind, parent, 1)
      for (const [further, o] of outmost(links.get(parent) ?? '')) offer(further, o.uri, o.depth + 1)
    }
    return all
  }
  const named = new Map<string, Outside>()
  return (out) => {
    let name = named.get(out)
    if (name === undefined) {
      const all = outmost(out)
      const last = (kind: string): string | null => {
        const thing = all.get(kind)
        return thing === undefined ? null : shortName(thing.uri)
      }
      name = {
        pallet: last('aggregate'),
        shipment: last('ship'),
        customer: last('deliver'),
        order: last('order'),
      }
      named.set(out, name)
    }
    return name
  }
}

function pairs(out: string): [kind: string, uri: string][] {
  const lines = out === '' ? [] : out.split('\n')
  return lines.flatMap((kind, i): [string, string][] => (i % 2 === 0 ? [[kind, lines[i + 1] ?? '']] : []))
}

/** When a thing with these links outwards was last shipped by itself; empty where it was not. */
function shippedLast(db: SqlDatabase, out: string, uri: string, merged: IdentityMap): string {
  if (!pairs(out).some(([kind]) => kind === 'ship')) return ''
  const row = db.get<{ at: string | null }>(
    `select max(e.valid_from) as at from json_each(?) v cross join edge e
       on e.child = v.value and e.kind = 'ship' and e.valid_to is null`,
    JSON.stringify(merged.names(uri)),
  )
  return row?.at ?? ''
}

/** Units by their place in `?1`, in any order, a list for each column. */
const UNITS = `
select json_group_array(place) as place, json_group_array(serial) as serial, json_group_array(product) as product,
    json_group_array(lot) as lot, json_group_array(position) as position, json_group_array(station) as station,
    json_group_array(judged_at) as judged, json_group_array(disposition) as disposition,
    json_group_array(place) filter (where used = 1) as used
  from (
    select v.key as place, d.serial, d.product, d.lot, i.position, i.station, i.ended_at as judged_at,
        ${IN_FORCE} as disposition, case when u.position is not null then 1 end as used
      from json_each(?1) v cross join identity d on d.uri = v.value${LAST_JUDGED}
      left join trace_fact u on u.subject = d.uri and u.kind = 'use' and u.superseded_by is null
        and not exists (select 1 from trace_fact x where x.subject = d.uri and x.kind = 'use'
          and x.superseded_by is null and x.position > u.position))`

function unitsOf(db: SqlDatabase, uris: readonly string[], merged: IdentityMap): Units {
  if (merged.isEmpty) return columnsOf(db.get(UNITS, JSON.stringify(uris)))
  const { names, thing } = withNames(uris, merged)
  const units = unitsTogether(columnsOf(db.get(UNITS, JSON.stringify(names))), thing)
  // What was decided under one name is about what was seen under another.
  const disposition = units.place.map((place, n) => {
    const all = merged.names(uris[place] ?? '')
    return all.length > 1 ? dispositionUnder(db, all) : (units.disposition[n] ?? null)
  })
  return { ...units, disposition }
}

/**
 * With what is known from links alone, as captured events of others make them: it was never judged here, and is a unit
 * all the same.
 */
function withLinked(units: Units, uris: readonly string[]): Units {
  const known = new Set(units.place)
  const [place, serial, product] = [[...units.place], [...units.serial], [...units.product]]
  for (const [at, uri] of uris.entries()) {
    const named = known.has(at) ? null : individualIn(uri)
    if (named === null) continue
    place.push(at)
    serial.push(named.serial)
    product.push(named.product)
  }
  return { ...units, place, serial, product }
}

/**
 * Where each of `things` is; null for what is no unit.
 *
 * @param things by their canonical names
 * @param held   whether a thing is under a hold
 * @param merged what was; absent = asked for
 * @param depth  products in products that this was asked for through
 */
export function whereabouts(
  db: SqlDatabase,
  things: readonly Pick<FlowNode, 'uri' | 'outwards' | 'into'>[],
  held: (uri: string) => boolean,
  merged: IdentityMap = identityMap(db),
  depth = 0,
): (Whereabouts | null)[] {
  const uris = things.map((t) => t.uri)
  const units = withLinked(unitsOf(db, uris, merged), uris)
  const asked = linksOf(
    db,
    units.place.flatMap((at) => (things[at]?.outwards === undefined ? [things[at]?.uri ?? ''] : NONE)),
    merged,
  )
  const returned = returnsOf(db, uris, merged)
  const away = unpackedAway(db, uris, merged)
  const used = new Set(units.used)
  const built = builtInto(db, things, units.place, merged)
  const outOf = (at: number): string => things[at]?.outwards ?? asked.get(things[at]?.uri ?? '') ?? ''
  const packed = packedLast(
    db,
    uris,
    [...built.keys()].filter((at) => outOf(at) !== ''),
    merged,
  )
  const outs = units.place.map((at, n) => {
    const out = outOf(at)
    const into = built.get(at)
    if (into !== undefined) {
      const since = [packed.get(at) ?? '', returned.get(at)?.at ?? '']
      if (!used.has(at) && since.every((time) => time < into.since)) return ''
      // It left the product, though nothing says so but what became of it.
      built.delete(at)
    }
    const left = away.get(at)
    if (left === undefined) return out
    const seen = [
      returned.get(at)?.at ?? '',
      units.judged[n] ?? '',
      shippedLast(db, out, uris[at] ?? '', merged),
    ]
    if (seen.some((time) => time >= left.at)) return out
    return `${out}${out === '' ? '' : '\n'}ship\n${merged.canonical(left.shipment)}`
  })
  const outsideOf = outside(db, outs, merged)
  const lastUsed = usedAt(
    db,
    [...used].flatMap((at) => (returned.has(at) ? (uris[at] ?? '') : NONE)),
    merged,
  )
  const found = Array<Whereabouts | null>(things.length).fill(null)
  for (const [n, at] of units.place.entries()) {
    const uri = things[at]?.uri ?? ''
    const { pallet, shipment, customer, order } = outsideOf(outs[n] ?? '')
    const disposition = units.disposition[n] ?? null
    const last = returned.get(at)
    // What was put to use before it came back is no longer where it was used.
    const inUse = used.has(at) && (last === undefined || (lastUsed.get(uri) ?? END) >= last.at)
    const back = inUse || shipment !== null ? undefined : last
    const judgedAt = units.judged[n] ?? null
    const place: Place = inUse
      ? 'used'
      : shipment !== null
        ? 'shipped'
        : pallet !== null
          ? 'packed'
          : disposition === 'scrap'
            ? 'scrapped'
            : disposition === 'hold' || held(uri)
              ? 'held'
              : disposition === 'return-to-supplier'
                ? 'returned'
                : back !== undefined && (judgedAt === null || judgedAt < back.at)
                  ? 'back'
                  : 'line'
    found[at] = {
      uri,
      serial: units.serial[n] ?? '',
      product: units.product[n] ?? '',
      lot: units.lot[n] ?? null,
      place,
      into: null,
      pallet,
      shipment,
      customer,
      order,
      returnedAt: back?.at ?? null,
      returnedFrom: back?.from ?? null,
      returnedTo: back?.to ?? null,
      station: units.station[n] ?? null,
      judgedAt,
      disposition,
    }
  }
  if (depth < MAX_DEPTH)
    intoProducts(found, uris, built, (products) =>
      whereabouts(
        db,
        products.map((uri) => ({ uri })),
        held,
        merged,
        depth + 1,
      ),
    )
  return found
}
