import type { SqlDatabase, VerdictReviewed } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'

/** Which judgements are looked at. */
export interface CauseQuery {
  /** Defect class; absent = whatever makes a part bad. */
  class?: string
  /** Window by start of judging, RFC 3339, half-open. */
  from?: string
  to?: string
}

/**
 * An inspection that says something of its part: the line judged it, or a person did where the line gave no verdict. Of a
 * challenge part nothing is asked: it is no product, whatever somebody said who looked at it.
 */
const judged = (i: string): string =>
  `(${i}.no_verdict is null or ${i}.no_verdict <> 'challenge' and exists
               (select 1 from review r where r.inspection_id = ${i}.inspection_id and r.after <> 'inconclusive'))`

/** Condition on an inspection `i`: somebody judged it. */
export const JUDGED_AT_ALL = judged('i')

/**
 * Condition on an inspection `i`: each unit counts once at each station, by its first verdict there, so that rework is
 * not seen twice, and what nobody judged not at all. What was judged again under another name is in `judgedAgain`.
 */
export const FIRST_VERDICT = `${judged('i')} and not exists
             (select 1 from inspection e where e.unit = i.unit and e.position < i.position and e.station = i.station
               and ${judged('e')})`

/**
 * What an inspection `i` found: what a person who looked at the part said last, else its own verdict. `inconclusive` is
 * neither good nor bad: nobody has decided yet.
 */
export const FOUND = `coalesce((select r.after from review r where r.inspection_id = i.inspection_id
             order by r.position desc limit 1), i.result)`

/** Supplier of the lot that an inspection `i` names; only one of its URIs may have it. */
export const OWN_SUPPLIER =
  '(select max(m.supplier) from material_lot m where m.lot = i.lot and m.product = i.product)'

/** Positions of verdicts on units that a station had judged before under another name. */
export function judgedAgain(db: SqlDatabase, merged: IdentityMap): number[] {
  return merged.groups().flatMap((names) => {
    const seen = new Set<string>()
    return db
      .all<{ position: number; station: string }>(
        `select i.position, i.station from json_each(?) v cross join inspection i on i.unit = v.value
           where ${judged('i')} order by i.position`,
        JSON.stringify(names),
      )
      .filter(({ station }) => seen.size === seen.add(station).size)
      .map(({ position }) => position)
  })
}

/** Defect classes that a person named in place of those the line had found, by the position of the inspection. */
export function namedByReviews(
  db: SqlDatabase,
  { from = '', to = '9999' }: CauseQuery,
): Map<number, Set<string>> {
  const rows = db.all<{ position: number; labels: string }>(
    `select i.position, json_extract(e.json, '$.data.labels') as labels
       from review r join inspection i on i.inspection_id = r.inspection_id join event e on e.position = r.position
       where r.after = 'fail' and i.started_at >= ? and i.started_at < ? and not exists
         (select 1 from review l where l.inspection_id = r.inspection_id and l.position > r.position)`,
    from,
    to,
  )
  return new Map(
    rows.flatMap(({ position, labels }) => {
      const named = (JSON.parse(labels) as VerdictReviewed['labels']).map((l) => l.classCode)
      return named.length > 0 ? [[position, new Set(named)]] : []
    }),
  )
}
