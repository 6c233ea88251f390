import type { SqlDatabase } from '../../contracts/index.ts'
import { type CauseQuery, FIRST_VERDICT, judgedAgain, OWN_SUPPLIER } from './first-verdicts.ts'
import { identityMap } from './identity-names.ts'
import { type RecipeModel, recipeModels } from './recipe-models.ts'

const COLUMNS = ['lot', 'supplier', 'station', 'shift', 'recipe'] as const
/** `model`: `id@version` of a model that a recipe pins. */
export type Factor = (typeof COLUMNS)[number] | 'model'

/** Judged parts of one value of a factor; `bad`: with the defect asked about, or condemned at all. */
export interface CauseCount {
  factor: Factor
  value: string
  n: number
  bad: number
}

/**
 * First verdicts and the bad ones among them by what the record of an inspection itself names, all of them: what a
 * countermeasure did is told by these. The ranking looks at more factors and fewer parts (`cause-table.ts`).
 */
export function causeCounts(
  db: SqlDatabase,
  { class: of, from = '', to = '9999' }: CauseQuery,
): CauseCount[] {
  const again = judgedAgain(db, identityMap(db))
  const counts = db
    .all<{ factor: Factor; value: string; n: number; bad: number }>(
      `with judged as materialized (
         select i.lot, i.station, i.shift, i.recipe,
             ${OWN_SUPPLIER} as supplier,
             case when ?1 is null then i.result = 'fail'
               else exists (select 1 from defect d where d.position = i.position and d.class = ?1) end as bad
           from inspection i
           where i.started_at >= ?2 and i.started_at < ?3 and ${FIRST_VERDICT}${again.length === 0 ? '' : ' and i.position not in (select cast(value as bigint) from json_each(?4))'})
       ${COLUMNS.map(
         (f) =>
           `select '${f}' as factor, ${f} as value, count(*) as n, sum(bad) as bad from judged
            where ${f} is not null group by ${f}`,
       ).join(' union all ')}
       order by factor, value`,
      of ?? null,
      from,
      to,
      ...(again.length === 0 ? [] : [JSON.stringify(again)]),
    )
    .map(({ factor, value, n, bad }) => ({ factor, value, n, bad }))
  return [...counts, ...byModel(counts, recipeModels(db))]
}

/** Counts of the recipes, put together by the models they pin. */
function byModel(counts: readonly CauseCount[], models: ReadonlyMap<string, RecipeModel[]>): CauseCount[] {
  const found = new Map<string, CauseCount>()
  for (const { factor, value: recipe, n, bad } of counts) {
    if (factor !== 'recipe') continue
    for (const { id, version } of models.get(recipe) ?? []) {
      const value = `${id}@${version}`
      const before = found.get(value) ?? { factor: 'model' as const, value, n: 0, bad: 0 }
      found.set(value, { ...before, n: before.n + n, bad: before.bad + bad })
    }
  }
  return [...found.values()]
}
