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

/** The links from units outwards that hold now. */
const OUTWARD = `
with recursive out (unit, uri, kind, depth) as (
  select value, value, '', 0 from json_each(?1)
  union
  select o.unit, e.parent, e.kind, o.depth + 1 from out o cross join edge e
    on e.child = o.uri and e.kind in ('aggregate', 'ship', 'deliver', 'order') and e.valid_to is null
    where o.depth < 16
)
select unit, uri, kind from out where depth > 0 order by unit, depth, uri`

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
  const outward = new Map<string, { uri: string; kind: string }[]>()
  for (const o of db.all<{ unit: string; uri: string; kind: string }>(
    OUTWARD,
    JSON.stringify(units.map((u) => u.uri)),
  )) {
    const list = outward.get(o.unit)
    if (list) list.push(o)
    else outward.set(o.unit, [o])
  }
  return units.map((u) => {
    const out = outward.get(u.uri) ?? []
    const last = (kind: string): string | null => {
      const found = out.findLast((o) => o.kind === kind)
      return found === undefined ? null : shortName(found.uri)
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
