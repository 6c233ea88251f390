import type { SqlDatabase } from '../../contracts/index.ts'

export const FACTORS = ['lot', 'supplier', 'station', 'shift', 'recipe'] as const
export type Factor = (typeof FACTORS)[number]

/** Judged parts of one value of a factor; `bad`: with the defect asked about, or condemned at all. */
export interface CauseCount {
  factor: Factor
  value: string
  n: number
  bad: number
}

export interface CauseQuery {
  /** Defect class; absent = whatever makes the verdict `fail`. */
  class?: string
  /** Window by start of judging, RFC 3339, half-open. */
  from?: string
  to?: string
}

/**
 * Counts for the ranking of causes. Each unit counts once at each station, by its first verdict there: rework is not
 * seen twice, and what was never judged is in neither number.
 */
export function causeCounts(
  db: SqlDatabase,
  { class: of, from = '', to = '9999' }: CauseQuery,
): CauseCount[] {
  return db
    .all<{ factor: Factor; value: string; n: number; bad: number }>(
      `with judged as materialized (
         select i.lot, i.station, i.shift, i.recipe,
             (select m.supplier from material_lot m where m.lot = i.lot and m.product = i.product limit 1) as supplier,
             case when ?1 is null then i.result = 'fail'
               else exists (select 1 from defect d where d.position = i.position and d.class = ?1) end as bad
           from inspection i
           where i.started_at >= ?2 and i.started_at < ?3 and i.no_verdict is null and not exists
             (select 1 from inspection e where e.unit = i.unit and e.position < i.position and e.station = i.station
               and e.no_verdict is null))
       ${FACTORS.map(
         (f) =>
           `select '${f}' as factor, ${f} as value, count(*) as n, sum(bad) as bad from judged
            where ${f} is not null group by ${f}`,
       ).join(' union all ')}
       order by factor, value`,
      of ?? null,
      from,
      to,
    )
    .map(({ factor, value, n, bad }) => ({ factor, value, n, bad }))
}
