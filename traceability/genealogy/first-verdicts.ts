import type { SqlDatabase } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'

/** Which judgements are looked at. */
export interface CauseQuery {
  /** Defect class; absent = whatever makes the verdict `fail`. */
  class?: string
  /** Window by start of judging, RFC 3339, half-open. */
  from?: string
  to?: string
}

/**
 * Condition on an inspection `i`: each unit counts once at each station, by its first verdict there, so that rework is
 * not seen twice, and what was never judged not at all. What was judged again under another name is in `judgedAgain`.
 */
export const FIRST_VERDICT = `i.no_verdict is null and not exists
             (select 1 from inspection e where e.unit = i.unit and e.position < i.position and e.station = i.station
               and e.no_verdict is null)`

/** Supplier of the lot that an inspection `i` names. */
export const OWN_SUPPLIER =
  '(select m.supplier from material_lot m where m.lot = i.lot and m.product = i.product limit 1)'

/** Positions of verdicts on units that a station had judged before under another name. */
export function judgedAgain(db: SqlDatabase, merged: IdentityMap): number[] {
  return merged.groups().flatMap((names) => {
    const seen = new Set<string>()
    return db
      .all<{ position: number; station: string }>(
        `select i.position, i.station from json_each(?) v cross join inspection i on i.unit = v.value
           where i.no_verdict is null order by i.position`,
        JSON.stringify(names),
      )
      .filter(({ station }) => seen.size === seen.add(station).size)
      .map(({ position }) => position)
  })
}
