import type { SqlDatabase } from '../../contracts/index.ts'
import { rowsOf } from './json-rows.ts'
import { shortName } from './things.ts'

export type Place = 'line' | 'held' | 'packed' | 'shipped' | 'used' | 'scrapped'

/** Where a unit is, as far as the records say. */
export interface Whereabouts {
  uri: string
  serial: string
  product: string
  lot: string | null
  place: Place
  /** Outermost box or pallet it lies in. */
  pallet: string | null
  shipment: string | null
  customer: string | null
  order: string | null
  /** Last station that judged it, when, and what became of it there; null when it never was. */
  station: string | null
  judgedAt: string | null
  disposition: string | null
}

/** Kind and URI by turns, a line each: no URI has a line break. */
const OUT = `group_concat(e.kind || char(10) || e.parent, char(10))`
const OUTWARD = `from edge e where e.kind in ('aggregate', 'ship', 'deliver', 'order') and e.valid_to is null and e.child =`

/** The links outwards that hold now, of one generation. */
const LINKS = `
select json_group_array(json_array(v.value, (select ${OUT} ${OUTWARD} v.value))) as found from json_each(?1) v`

/** Generations followed; a bound, boxes in boxes are fewer. */
const MAX_DEPTH = 16

type Links = [child: string, out: string | null]
/** The farthest thing of each kind, and how far it is. */
type Outmost = Map<string, { uri: string; depth: number }>

/**
 * Walks outwards one generation at a time, each box once however many units lie in it.
 *
 * @param units the links outwards of each
 * @returns for the links of a unit what it lies in, is shipped with, and for whom; the last URI where several are as far
 */
function outwards(db: SqlDatabase, units: readonly (string | null)[]): (out: string | null) => Outmost {
  const links = new Map<string, string | null>()
  let found: readonly (string | null)[] = [...new Set(units)]
  for (let n = 0; n < MAX_DEPTH && found.length > 0; n++) {
    const next = new Set(found.flatMap((out) => linksOf(out).map(([, to]) => to)))
    for (const uri of links.keys()) next.delete(uri)
    if (next.size === 0) break
    const rows = rowsOf<Links>(db.get<{ found: string | null }>(LINKS, JSON.stringify([...next]))?.found)
    for (const [uri, out] of rows) links.set(uri, out)
    found = rows.map(([, out]) => out)
  }
  // What lies in the same boxes is in the same places.
  const known = new Map<string | null, Outmost>()
  const outmost = (out: string | null): Outmost => {
    const before = known.get(out)
    if (before !== undefined) return before
    const all: Outmost = new Map()
    // Set first: a cycle, which the guard refuses, would end here.
    known.set(out, all)
    const offer = (kind: string, other: string, depth: number): void => {
      const best = all.get(kind)
      if (best === undefined || depth > best.depth || (depth === best.depth && other > best.uri))
        all.set(kind, { uri: other, depth })
    }
    for (const [kind, parent] of linksOf(out)) {
      offer(kind, parent, 1)
      for (const [further, o] of outmost(links.get(parent) ?? null)) offer(further, o.uri, o.depth + 1)
    }
    return all
  }
  return outmost
}

function linksOf(out: string | null): [kind: string, uri: string][] {
  const lines = out === null ? [] : out.split('\n')
  return lines.flatMap((kind, i): [string, string][] => (i % 2 === 0 ? [[kind, lines[i + 1] ?? '']] : []))
}

/** Units by their place in `?1`, in any order. */
const UNITS = `
select json_group_array(json_array(place, serial, product, lot, station, judged_at, disposition, command, ok, used, out))
  as found from (
    select v.key as place, d.serial, d.product, d.lot, i.station, i.ended_at as judged_at, i.disposition, g.command, g.ok,
        (select 1 from trace_fact t where t.subject = d.uri and t.kind = 'use' and t.superseded_by is null limit 1)
          as used,
        (select ${OUT} ${OUTWARD} d.uri) as out
      from json_each(?1) v cross join identity d on d.uri = v.value
      left join inspection i on i.position = (select max(position) from inspection where unit = d.uri)
      left join gate g on g.id = (select max(id) from gate where inspection_id = i.inspection_id))`

type UnitRow = [
  place: number,
  serial: string,
  product: string,
  lot: string | null,
  station: string | null,
  judgedAt: string | null,
  disposition: string | null,
  command: string | null,
  ok: number | null,
  used: number | null,
  out: string | null,
]

/** Units among `uris`, with where they are; other things are left out. Order as given. */
export function whereabouts(
  db: SqlDatabase,
  uris: readonly string[],
  held: ReadonlySet<string>,
): Whereabouts[] {
  const units = rowsOf<UnitRow>(db.get<{ found: string | null }>(UNITS, JSON.stringify(uris))?.found)
  units.sort((a, b) => a[0] - b[0])
  const outmost = outwards(
    db,
    units.map((u) => u[10]),
  )
  const names = new Map<string, string>()
  const named = (uri: string): string => {
    let name = names.get(uri)
    if (name === undefined) names.set(uri, (name = shortName(uri)))
    return name
  }
  return units.map(([at, serial, product, lot, station, judgedAt, verdict, command, ok, used, links]) => {
    const uri = uris[at] ?? ''
    const out = outmost(links)
    const last = (kind: string): string | null => {
      const found = out.get(kind)
      return found === undefined ? null : named(found.uri)
    }
    const shipment = last('ship')
    const pallet = last('aggregate')
    const disposition = served(verdict, command, ok)
    const place: Place =
      used === 1
        ? 'used'
        : shipment !== null
          ? 'shipped'
          : pallet !== null
            ? 'packed'
            : disposition === 'scrap'
              ? 'scrapped'
              : disposition === 'hold' || held.has(uri)
                ? 'held'
                : 'line'
    return {
      uri,
      serial,
      product,
      lot,
      place,
      pallet,
      shipment,
      customer: last('deliver'),
      order: last('order'),
      station,
      judgedAt,
      disposition,
    }
  })
}

/** What the gate did where it differs from the verdict: a release it did not acknowledge diverts the part. */
function served(disposition: string | null, command: string | null, ok: number | null): string | null {
  if (command === null) return disposition
  const { action } = JSON.parse(command) as { action: string }
  return action === 'hold' || (action === 'release' && ok === 0) ? 'hold' : disposition
}
