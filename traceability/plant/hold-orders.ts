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

/** Holds in force, in the order in which they came to the plant. */
const OPEN = `
select h.id, h.target, h.reason, h.placed_by as "by", h.placed_at as at, e.log
  from hold h join event e on e.position = h.position
where h.origin_id is null and h.released_at is null
order by h.position`

/**
 * Of these holds, the ones that somebody released: with the event of that behind it, since the row alone opens no gate.
 * A copy counts as well: a plant that was restored from a backup may have lost the hold itself.
 */
const OVER = `
select v.value as id, h.target, h.release_reason as reason, h.released_by as "by", h.released_at as at,
    coalesce(h.release_log, e.log) as log
  from json_each(?) v join hold h on (h.id = v.value or h.origin_id = v.value) and h.released_at is not null
  join trace_fact f on f.subject = h.target and f.kind = 'release' and f.at = h.released_at and f.position > h.position
  join event e on e.position = f.position and e.type = 'qe.hold.released.v1' and e.time = f.at
order by h.origin_id is not null, h.released_at, h.position`

/**
 * What the line has not recorded yet: the two stores are compared, so that it is the same whenever link, line or plant
 * failed meanwhile. What the line has is no order, wherever it was placed; one whose data directory was restored from a
 * copy gets its own holds back. Holds stand before releases, and are asked for after them: nothing that one hold after
 * the other stops goes in between.
 *
 * @param source store of the line
 */
export function holdOrders(source: SqlDatabase, plant: SqlDatabase, line: string): HoldOrder[] {
  const here = source.all<{ id: string; over: number }>(
    'select coalesce(origin_id, id) as id, released_at is not null as over from hold',
  )
  const known = new Set(here.map((h) => h.id))
  const active = here.filter((h) => h.over === 0).map((h) => h.id)
  const over = new Map<string, Row>()
  if (active.length > 0)
    for (const h of plant.all<Row>(OVER, JSON.stringify(active))) if (!over.has(h.id)) over.set(h.id, h)
  const open = plant
    .all<Row>(OPEN)
    .filter((h) => !known.has(h.id))
    .flatMap((h) => {
      const target = targetAt(h.target, line)
      return target === null ? [] : [order('hold', { ...h, target })]
    })
  return [...open, ...[...over.values()].map((h) => order('release', h))]
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

/** Each hold once: as it was placed, else by a copy that outlived it, one in force before one that is over. */
const ONCE = `(h.origin_id is null or not exists (select 1 from hold o where o.id = h.origin_id
  or o.origin_id = h.origin_id and (o.released_at is not null, o.position) < (h.released_at is not null, h.position)))`

const ACTIVE = `select count(*) as n from hold h where h.released_at is null and ${ONCE}`

/** How many holds of a plant are in force. */
export const activeInPlant = (db: SqlDatabase): number => db.get<{ n: number }>(ACTIVE)?.n ?? 0

/**
 * Holds of a plant, each once, with the lines that took it over: all that are in force, then released ones up to the
 * limit; the newest first.
 */
export const plantHolds = (db: SqlDatabase, limit: number): Hold[] =>
  db
    .all<ShownRow>(
      `select h.id, h.target, h.reason, h.placed_by as "by", h.placed_at as at, h.released_by as releasedBy,
         h.released_at as releasedAt, h.release_reason as releaseReason,
         coalesce(h.origin_log, e.log, '') as originLog,
         case when h.released_at is null then null else coalesce(h.release_log, e.log) end as releaseLog,
         (select json_group_array(ce.log) from hold c join event ce on ce.position = c.position
          where c.origin_id = coalesce(h.origin_id, h.id)) as takenBy
       from hold h left join event e on e.position = h.position
       where ${ONCE} order by h.released_at is not null, h.position desc
       limit max(?, (${ACTIVE}))`,
      limit,
    )
    .map(({ takenBy, ...hold }) => ({ ...hold, takenBy: rowsOf<string>(takenBy ?? undefined).sort() }))
