import type { PartDisposition, SqlDatabase, SqlRow } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { namesOf } from './identity-names.ts'
import { columnsOf } from './json-rows.ts'

/**
 * What the gate did with inspection `i` where it differs from the verdict, and what was last said of it in review, in one
 * row at most each. They are joined, not asked for in the list of columns: SQLite keeps the place in an index between
 * rows of a join, while a question in a column looks from the root again for each. The first condition on gates is that
 * of the index `gate_kept`, which has nothing of nearly all parts.
 */
const AT_GATE = `
      left join gate g on g.inspection_id = i.inspection_id and (g.ok = 0 or g.command like '%hold%')
        and (g.command ->> 'action' = 'hold' or (g.command ->> 'action' = 'release' and g.ok = 0))
        and not exists (select 1 from gate x where x.inspection_id = i.inspection_id and x.id > g.id)
      left join review w on w.inspection_id = i.inspection_id
        and not exists (select 1 from review x where x.inspection_id = i.inspection_id and x.position > w.position)`

/**
 * A release that the gate did not acknowledge diverts the part. One that was released and found bad in review since is to
 * stay wherever it is now.
 */
const SERVED = `case when g.id is not null or (i.disposition = 'release' and w.after <> 'pass')
          then 'hold' else i.disposition end`

/**
 * The disposition in force of the unit `d.uri` after the inspection `i`: what a person decided about it, else what the
 * gate did with it there. Who decides says which inspection it is about, and not the clock tells which is newer: a plant
 * receives the logs of several lines in any order.
 */
export const IN_FORCE = `ifnull(json_extract(p.json, '$.data.disposition'), ${SERVED})`

/**
 * Last inspection `i`, and the decision `p` about it, of each `d`. None is behind the last one: by that SQLite stays in the
 * index by unit, while a position alone leads it to the wide row. Nearly no unit was ever decided about: whether one was is
 * joined (`s`), and only then is asked which decision is about that inspection, once.
 */
export const LAST_JUDGED = `
      left join inspection i on i.unit = d.uri
        and i.position >= (select max(position) from inspection where unit = d.uri)${AT_GATE}
      left join trace_fact s on s.subject = d.uri and s.kind = 'dispose'
        and not exists (select 1 from trace_fact x where x.subject = d.uri and x.kind = 'dispose' and x.position > s.position)
      left join event p on p.position = case when s.position is not null then
          (select max(t.position) from trace_fact t join event x on x.position = t.position
            where t.subject = d.uri and t.kind = 'dispose' and t.superseded_by is null
              and ifnull(json_extract(x.json, '$.data.inspection'), '') = ifnull(i.inspection_id, '')) end`

const KEPT = `
select json_group_array(v.value) as uri, json_group_array(${IN_FORCE}) as disposition
  from json_each(?1) v cross join identity d on d.uri = v.value ${LAST_JUDGED}
  where ${IN_FORCE} in ('hold', 'scrap')`

/** Of these units, those that are to stay: on hold or scrapped by their disposition. What was merged is one unit. */
export function keptBack(
  db: SqlDatabase,
  uris: readonly string[],
  merged: IdentityMap,
): { uri: string; disposition: PartDisposition }[] {
  const things = [...new Set(uris.map((uri) => merged.canonical(uri)))]
  const [several, single] = [true, false].map((s) =>
    things.filter((uri) => merged.names(uri).length > 1 === s),
  )
  const found = columnsOf<{ uri: string[]; disposition: PartDisposition[] }>(
    db.get(KEPT, JSON.stringify(single)),
  )
  const ofMerged = (several ?? []).flatMap((uri) => {
    const disposition = dispositionUnder(db, merged.names(uri))
    return disposition === 'hold' || disposition === 'scrap' ? [{ uri, disposition }] : []
  })
  return [
    ...found.uri.flatMap((uri, n) => {
      const disposition = found.disposition[n]
      return disposition === undefined ? [] : [{ uri, disposition }]
    }),
    ...ofMerged,
  ]
}

/** The disposition in force of one unit; null when it was neither inspected nor decided about. */
export const dispositionOf = (db: SqlDatabase, uri: string): PartDisposition | null =>
  dispositionUnder(db, namesOf(db, uri))

/** Its last inspection under any of its names, by the order of the log. */
export const lastInspection = (
  db: SqlDatabase,
  names: readonly string[],
): { id: string; position: number } | null =>
  db.get<{ id: string; position: number }>(
    `select inspection_id as id, position from inspection where unit in (select value from json_each(?))
       order by position desc limit 1`,
    JSON.stringify(names),
  ) ?? null

/** A person's decision about a unit. */
export interface Decided extends SqlRow {
  /** Of the fact. */
  id: string
  disposition: PartDisposition
  by: string
  at: string
}

/** The decision that stands about an inspection of a unit, or about one that was never inspected; null = none. */
export const decisionAbout = (
  db: SqlDatabase,
  names: readonly string[],
  inspection: string | null,
): Decided | null =>
  db.get<Decided>(
    `select t.id, json_extract(x.json, '$.data.disposition') as disposition, json_extract(x.json, '$.data.by') as by,
         t.at
       from trace_fact t join event x on x.position = t.position
       where t.subject in (select value from json_each(?)) and t.kind = 'dispose' and t.superseded_by is null
         and ifnull(json_extract(x.json, '$.data.inspection'), '') = ?
       order by t.position desc limit 1`,
    JSON.stringify(names),
    inspection ?? '',
  ) ?? null

/** The same as `IN_FORCE` of one unit that goes by several names. */
export function dispositionUnder(db: SqlDatabase, names: readonly string[]): PartDisposition | null {
  const last = lastInspection(db, names)
  const decided = decisionAbout(db, names, last?.id ?? null)
  if (decided !== null || last === null) return decided?.disposition ?? null
  return servedAt(db, last.position)
}

/** What became of a part by the inspection at this position alone. */
export const servedAt = (db: SqlDatabase, position: number): PartDisposition | null =>
  db.get<{ disposition: PartDisposition }>(
    `select ${SERVED} as disposition from inspection i${AT_GATE} where i.position = ?`,
    position,
  )?.disposition ?? null
