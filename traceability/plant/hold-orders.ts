import type { HoldOrigin, SqlDatabase } from '../../contracts/index.ts'
import type { Hold } from '../genealogy/holds.ts'
import { rowsOf } from '../genealogy/json-rows.ts'
import { encodePart } from '../identity/index.ts'
import { thingUri } from '../genealogy/things.ts'

/** What a line is to record of a hold that was placed or released elsewhere. */
export interface HoldOrder {
  kind: 'hold' | 'release'
  target: string
  reason: string
  by: string
  origin: HoldOrigin
}

type Row = {
  id: string
  target: string
  reason: string
  by: string
  at: string
  log: string
}

/** Holds in force that other logs placed, in the order in which they came to the plant. */
const OPEN = `
select h.id, h.target, h.reason, h.placed_by as "by", h.placed_at as at, e.log
  from hold h join event e on e.position = h.position
where h.origin_id is null and h.released_at is null and e.log <> ?
order by h.position`

/** Of these holds, the ones that somebody released. */
const OVER = `
select h.id, h.target, h.release_reason as reason, h.released_by as "by", h.released_at as at,
    coalesce(h.release_log, e.log) as log
  from json_each(?) v join hold h on h.id = v.value and h.released_at is not null
  join event e on e.position = h.position
order by h.released_at, h.position`

/**
 * What the line has not recorded yet: the two stores are compared, so that it is the same whenever link, line or plant
 * failed meanwhile, and a hold that came back to its own line is none. Holds stand before releases: nothing that one
 * hold after the other stops goes in between.
 *
 * @param source store of the line
 * @param log    of the line in the plant
 */
export function holdOrders(source: SqlDatabase, plant: SqlDatabase, log: string, line: string): HoldOrder[] {
  const here = source.all<{ id: string; over: number }>(
    'select coalesce(origin_id, id) as id, released_at is not null as over from hold',
  )
  const known = new Set(here.map((h) => h.id))
  const open = plant
    .all<Row>(OPEN, log)
    .filter((h) => !known.has(h.id))
    .flatMap((h) => {
      const target = targetAt(h.target, line)
      return target === null ? [] : [order('hold', { ...h, target })]
    })
  const active = here.filter((h) => h.over === 0).map((h) => h.id)
  const over = active.length === 0 ? [] : plant.all<Row>(OVER, JSON.stringify(active))
  return [...open, ...over.map((h) => order('release', h))]
}

const order = (kind: HoldOrder['kind'], { id, log, at, ...rest }: Row): HoldOrder => ({
  kind,
  ...rest,
  origin: { log, hold: id, at },
})

/** Stations have the name of their line before them in the plant; null = one of another line. */
function targetAt(target: string, line: string): string | null {
  const [station, own] = [thingUri('station', ''), `${thingUri('station', '')}${encodePart(line)}.`]
  if (!target.startsWith(station)) return target
  return target.startsWith(own) ? `${station}${target.slice(own.length)}` : null
}

type ShownRow = Omit<Row, 'log'> & {
  releasedBy: string | null
  releasedAt: string | null
  releaseReason: string | null
  originLog: string
  releaseLog: string | null
  takenBy: string | null
}

/** Holds of a plant, newest first: each once, as it was placed, with the lines that took it over. */
export const plantHolds = (db: SqlDatabase, limit: number): Hold[] =>
  db
    .all<ShownRow>(
      `select h.id, h.target, h.reason, h.placed_by as "by", h.placed_at as at, h.released_by as releasedBy,
         h.released_at as releasedAt, h.release_reason as releaseReason, e.log as originLog,
         case when h.released_at is null then null else coalesce(h.release_log, e.log) end as releaseLog,
         (select json_group_array(ce.log) from hold c join event ce on ce.position = c.position
          where c.origin_id = h.id) as takenBy
       from hold h join event e on e.position = h.position
       where h.origin_id is null order by h.position desc limit ?`,
      limit,
    )
    .map(({ takenBy, ...hold }) => ({ ...hold, takenBy: rowsOf<string>(takenBy ?? undefined).sort() }))
