import type { Kysely } from 'kysely'
import type { QEvent, ShiftCalendar, SqlDatabase } from '../../contracts/index.ts'
import { follow } from '../genealogy/flow.ts'
import { activeHolds, byTarget, type Hold, holdOver, isStation } from '../genealogy/holds.ts'
import { identityChanges } from '../genealogy/identity-names.ts'
import { siblingsOf, type SiblingGroup } from '../genealogy/siblings.ts'
import { lotName, shortName } from '../genealogy/things.ts'
import type { IdentityMap } from '../identity/index.ts'
import type { Ncr } from '../ncr/ncr.ts'
import { aliasesOf, type UnitAlias } from './aliases.ts'
import { type LifeInspection, lifeInspections } from './life-inspections.ts'
import { type NcrRow, ncrsAbout, todayOf } from './ncr-answers.ts'
import { related, type RelatedList } from './related.ts'
import type { TraceTables } from './tables.ts'
import type { Whereabouts } from '../genealogy/place.ts'
import { whereabouts } from '../genealogy/whereabouts.ts'

export interface TimelineEntry {
  position: number
  at: string
  type: string
  subject: string
  /** Of facts: `receive`, `hold` …; of an inspection: its result. */
  what: string
  by: string | null
  text: string | null
  /** Position of the correction that took it back. */
  supersededBy: number | null
  inspectionId: string | null
}

/** Everything about one unit that can be asked in one call. */
export interface UnitLife {
  uri: string
  serial: string
  product: string
  lot: string | null
  /** Other names of the unit. */
  aliases: UnitAlias[]
  where: Whereabouts
  /** The hold it falls under now. */
  hold: Hold | null
  /** Nonconformance reports about it, or about what it was made of. */
  ncrs: NcrRow[]
  /** The newest ones, oldest first. */
  inspections: { total: number; items: LifeInspection[] }
  /** Rework is one more life of the same unit: the first result counts once, the last says how it ended. */
  rework: { count: number; firstResult: string | null; lastResult: string | null }
  timeline: { total: number; entries: TimelineEntry[] }
  backward: RelatedList
  forward: RelatedList
  siblings: SiblingGroup[]
}

export interface LifeBounds {
  /** Entries per list; the counts are of all. */
  shown: number
}

/** Ways followed from one unit in each direction. */
const MAX_WAYS = 5_000

/**
 * @param uri    canonical URI of the unit; null when nobody knows it
 * @param merged what was: everything under any of its names is of this one life
 */
export async function unitLife(
  db: SqlDatabase,
  k: Kysely<TraceTables>,
  uri: string,
  { shown }: LifeBounds,
  ncrs: readonly Ncr[],
  merged: IdentityMap,
  shifts: ShiftCalendar | null = null,
): Promise<UnitLife | null> {
  const names = merged.names(uri)
  const units = db.all<{ serial: string; product: string; lot: string | null }>(
    `select d.serial, d.product, d.lot from json_each(?) v cross join identity d on d.uri = v.value order by v.key`,
    JSON.stringify(names),
  )
  const [unit] = units
  if (unit === undefined) return null
  const up = follow(db, [{ uri }], 'up', MAX_WAYS, merged)
  const down = follow(db, [{ uri }], 'down', MAX_WAYS, merged)
  const holds = byTarget(activeHolds(db))
  const hold = holdOver(db, holds, [{ uri }])
  // Of what it is a part of, too.
  const isHeld = (of: string): boolean => (of === uri ? hold : holdOver(db, holds, [{ uri: of }])) !== null
  const [where] = whereabouts(db, [{ uri }], isHeld, merged)
  if (!where) return null
  const judged = db.all<{ id: string; result: string; position: number }>(
    `select i.inspection_id as id, i.result, i.position from json_each(?) v cross join inspection i on i.unit = v.value
       order by i.position`,
    JSON.stringify(names),
  )
  return {
    uri,
    ...unit,
    aliases: aliasesOf(db, names),
    where,
    hold,
    ncrs: ncrsAbout(
      db,
      ncrs,
      new Set(merged.namesOfAll([uri, ...up.nodes.map((n) => n.uri).filter((u) => !isStation(u))])),
      new Set(judged.map((j) => j.id)),
      todayOf(shifts),
    ),
    inspections: {
      total: judged.length,
      items: await lifeInspections(
        k,
        judged.slice(-shown).map((j) => j.position),
        merged,
      ),
    },
    rework: {
      count: reworks(db, names),
      firstResult: judged[0]?.result ?? null,
      lastResult: judged.at(-1)?.result ?? null,
    },
    timeline: timeline(
      db,
      names,
      units.map((u) => u.serial),
      merged.namesOfAll([...up.nodes, ...down.nodes].map((n) => n.uri)),
      shown,
    ),
    backward: related(up, uri, shown),
    forward: related(down, uri, shown),
    siblings: siblingsOf(db, uri, Math.min(shown, 20), merged, shifts),
  }
}

const reworks = (db: SqlDatabase, names: readonly string[]): number =>
  db.get<{ n: number }>(
    `select count(*) as n from json_each(?) v cross join trace_fact t on t.subject = v.value
       where t.kind = 'rework' and t.superseded_by is null`,
    JSON.stringify(names),
  )?.n ?? 0

interface EventRow {
  [column: string]: string | number | null
  position: number
  json: string
  kind: string | null
  superseded_by: number | null
}

/**
 * Events of the unit, merges and splits among them, and facts about its lots, boxes and shipments; oldest first, the
 * newest `shown`.
 */
function timeline(
  db: SqlDatabase,
  units: readonly string[],
  serials: readonly string[],
  around: readonly string[],
  shown: number,
): UnitLife['timeline'] {
  const names = around.map(lotName).filter((n) => n !== null)
  const about = `
    select i.position from json_each(?3) v cross join inspection i on i.unit = v.value
    union select e.position from json_each(?2) v cross join event e on e.subject = v.value
      where e.type <> 'qe.inspection.completed.v1' and e.type = 'qe.trace.linked.v1'
        and json_extract(e.json, '$.data.child') in (select value from json_each(?3))
    union select r.position from json_each(?3) v cross join inspection i on i.unit = v.value
      join review r on r.inspection_id = i.inspection_id
    union select cast(value as bigint) from json_each(?4)
    union select t.position from json_each(?1) v cross join trace_fact t on t.subject = v.value
    union select t.superseded_by from json_each(?1) v cross join trace_fact t on t.subject = v.value
      where t.superseded_by is not null`
  const asked = [
    [...new Set([...units, ...around, ...names])],
    [...new Set(serials.map((serial) => `unit/${serial}`))],
    units,
    identityChanges(db, units),
  ].map((list) => JSON.stringify(list))
  const total = db.get<{ n: number }>(`select count(*) as n from (${about})`, ...asked)?.n ?? 0
  const rows = db.all<EventRow>(
    `select e.position, e.json, t.kind, t.superseded_by from (${about}) a join event e on e.position = a.position
     left join trace_fact t on t.position = e.position order by e.position desc limit ?5`,
    ...asked,
    shown,
  )
  return { total, entries: rows.reverse().map(entry) }
}

function entry({ position, json, kind, superseded_by }: EventRow): TimelineEntry {
  const event = JSON.parse(json) as QEvent<Record<string, unknown>>
  const { data } = event
  const text = (key: string): string | null => (typeof data[key] === 'string' ? data[key] : null)
  const verdict = data['verdict'] as { result?: string } | undefined
  const other = text('parent') ?? text('shipment') ?? text('supplier') ?? text('place')
  const place = other === null ? null : shortName(other)
  return {
    position,
    at: event.time,
    type: event.type,
    subject: namesIn(data)?.join(', ') ?? shortName(event.subject),
    what: kind ?? verdict?.result ?? text('after') ?? text('kind') ?? '',
    by: text('by') ?? text('reviewer'),
    text: kind === 'dispose' ? `${text('disposition')}: ${text('reason')}` : (text('reason') ?? place),
    supersededBy: superseded_by,
    inspectionId: text('inspectionId') ?? event.causationid ?? null,
  }
}

/** Of a merge or split: whom it is about. */
function namesIn({ canonical, uris }: Record<string, unknown>): string[] | null {
  if (typeof canonical !== 'string' || !Array.isArray(uris)) return null
  return [canonical, ...uris.map(String)].map(shortName)
}
