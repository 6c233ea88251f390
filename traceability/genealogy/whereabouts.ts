import type { SqlDatabase } from '../../contracts/index.ts'
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

/** The links outwards that hold now, of one generation. */
const OUTWARD = `
select e.child, e.parent, e.kind from json_each(?1) v cross join edge e
  on e.child = v.value and e.kind in ('aggregate', 'ship', 'deliver', 'order') and e.valid_to is null`

/** Generations followed; a bound, boxes in boxes are fewer. */
const MAX_DEPTH = 16

type Link = { child: string; parent: string; kind: string }
/** The farthest thing of each kind, and how far it is. */
type Outmost = Map<string, { uri: string; depth: number }>

/**
 * Walks outwards one generation at a time, each box once however many units lie in it.
 *
 * @returns for a unit or box what it lies in, is shipped with, and for whom; the last URI where several are as far
 */
function outwards(db: SqlDatabase, uris: readonly string[]): (uri: string) => Outmost {
  const links = new Map<string, Link[]>()
  let frontier: string[] = [...uris]
  for (let n = 0; n < MAX_DEPTH && frontier.length > 0; n++) {
    const next = new Set<string>()
    for (const uri of frontier) links.set(uri, [])
    for (const link of db.all<Link>(OUTWARD, JSON.stringify(frontier))) {
      links.get(link.child)?.push(link)
      if (!links.has(link.parent)) next.add(link.parent)
    }
    frontier = [...next]
  }
  const known = new Map<string, Outmost>()
  const outmost = (uri: string): Outmost => {
    const found = known.get(uri)
    if (found !== undefined) return found
    const all: Outmost = new Map()
    // Set first: a cycle, which the guard refuses, would end here.
    known.set(uri, all)
    const offer = (kind: string, other: string, depth: number): void => {
      const best = all.get(kind)
      if (best === undefined || depth > best.depth || (depth === best.depth && other > best.uri))
        all.set(kind, { uri: other, depth })
    }
    for (const { parent, kind } of links.get(uri) ?? []) {
      offer(kind, parent, 1)
      for (const [further, o] of outmost(parent)) offer(further, o.uri, o.depth + 1)
    }
    return all
  }
  return outmost
}

const UNITS = `
select d.uri, d.serial, d.product, d.lot, i.station, i.ended_at as judgedAt, i.disposition, g.command, g.ok,
    (select 1 from trace_fact t where t.subject = d.uri and t.kind = 'use' and t.superseded_by is null limit 1)
      as used
  from json_each(?1) v cross join identity d on d.uri = v.value
  left join inspection i on i.position = (select max(position) from inspection where unit = d.uri)
  left join gate g on g.id = (select max(id) from gate where inspection_id = i.inspection_id)
  order by v.key`

interface UnitRow {
  [column: string]: string | number | null
  uri: string
  serial: string
  product: string
  lot: string | null
  station: string | null
  judgedAt: string | null
  disposition: string | null
  command: string | null
  ok: number | null
  used: number | null
}

/** Units among `uris`, with where they are; other things are left out. Order as given. */
export function whereabouts(
  db: SqlDatabase,
  uris: readonly string[],
  held: ReadonlySet<string>,
): Whereabouts[] {
  const units = db.all<UnitRow>(UNITS, JSON.stringify(uris))
  const outmost = outwards(
    db,
    units.map((u) => u.uri),
  )
  const names = new Map<string, string>()
  const named = (uri: string): string => {
    let name = names.get(uri)
    if (name === undefined) names.set(uri, (name = shortName(uri)))
    return name
  }
  return units.map((u) => {
    const out = outmost(u.uri)
    const last = (kind: string): string | null => {
      const found = out.get(kind)
      return found === undefined ? null : named(found.uri)
    }
    const shipment = last('ship')
    const pallet = last('aggregate')
    const disposition = served(u)
    const place: Place =
      u.used === 1
        ? 'used'
        : shipment !== null
          ? 'shipped'
          : pallet !== null
            ? 'packed'
            : disposition === 'scrap'
              ? 'scrapped'
              : disposition === 'hold' || held.has(u.uri)
                ? 'held'
                : 'line'
    return {
      uri: u.uri,
      serial: u.serial,
      product: u.product,
      lot: u.lot,
      place,
      pallet,
      shipment,
      customer: last('deliver'),
      order: last('order'),
      station: u.station,
      judgedAt: u.judgedAt,
      disposition,
    }
  })
}

/** What the gate did where it differs from the verdict: a release it did not acknowledge diverts the part. */
function served({ disposition, command, ok }: UnitRow): string | null {
  if (command === null) return disposition
  const { action } = JSON.parse(command) as { action: string }
  return action === 'hold' || (action === 'release' && ok === 0) ? 'hold' : disposition
}
