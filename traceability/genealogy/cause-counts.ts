import type { SqlDatabase } from '../../contracts/index.ts'
import {
  type CauseQuery,
  FIRST_VERDICT,
  FOUND,
  judgedAgain,
  namedByReviews,
  OWN_SUPPLIER,
} from './first-verdicts.ts'
import { identityMap } from './identity-names.ts'
import { type RecipeModel, recipeModels } from './recipe-models.ts'

const COLUMNS = ['lot', 'supplier', 'station', 'shift', 'recipe'] as const
/** `model`: `id@version` of a model that a recipe pins. */
export type Factor = (typeof COLUMNS)[number] | 'model'

/** Parts of one value of a factor that were found good or bad; `bad`: with the defect asked about, or at all. */
export interface CauseCount {
  factor: Factor
  value: string
  n: number
  bad: number
  /** Judged inconclusive, and not decided by a person since; in neither of the others. */
  undecided: number
}

/**
 * First verdicts and the bad ones among them by what the record of an inspection itself names, all of them: what a
 * countermeasure did is told by these. The ranking looks at more factors and fewer parts (`cause-table.ts`).
 */
export function causeCounts(db: SqlDatabase, query: CauseQuery): CauseCount[] {
  const { class: of, from = '', to = '9999' } = query
  const again = judgedAgain(db, identityMap(db))
  const named = of === undefined ? [] : [...namedByReviews(db, query)]
  const so = named.flatMap(([position, classes]) => (classes.has(of ?? '') ? [position] : []))
  const otherwise = named.flatMap(([position, classes]) => (classes.has(of ?? '') ? [] : [position]))
  const listed = (n: number): string => `(select cast(value as bigint) from json_each(?${n}))`
  const counts = db
    .all<{ factor: Factor; value: string; n: number; bad: number; undecided: number }>(
      `with judged as materialized (
         select i.lot, i.station, i.shift, i.recipe, i.position, ${OWN_SUPPLIER} as supplier, ${FOUND} as found
           from inspection i
           where i.started_at >= ?2 and i.started_at < ?3 and ${FIRST_VERDICT} and i.position not in ${listed(4)}),
       told as materialized (
         select lot, station, shift, recipe, supplier, case found when 'inconclusive' then 1 else 0 end as undecided,
             case when found <> 'fail' or position in ${listed(6)} then 0
               when ?1 is null or position in ${listed(5)}
                 or exists (select 1 from defect d where d.position = judged.position and d.class = ?1) then 1
               else 0 end as bad
           from judged)
       ${COLUMNS.map(
         (f) =>
           `select '${f}' as factor, ${f} as value, sum(1 - undecided) as n, sum(bad) as bad, sum(undecided) as undecided
            from told where ${f} is not null group by ${f}`,
       ).join(' union all ')}
       order by factor, value`,
      of ?? null,
      from,
      to,
      ...[again, so, otherwise].map((positions) => JSON.stringify(positions)),
    )
    .map(({ factor, value, n, bad, undecided }) => ({ factor, value, n, bad, undecided }))
  return [...counts, ...byModel(counts, recipeModels(db))]
}

/** Counts of the recipes, put together by the models they pin. */
function byModel(counts: readonly CauseCount[], models: ReadonlyMap<string, RecipeModel[]>): CauseCount[] {
  const found = new Map<string, CauseCount>()
  for (const { factor, value: recipe, n, bad, undecided } of counts) {
    if (factor !== 'recipe') continue
    for (const { id, version } of models.get(recipe) ?? []) {
      const value = `${id}@${version}`
      const before = found.get(value) ?? { factor: 'model' as const, value, n: 0, bad: 0, undecided: 0 }
      found.set(value, {
        ...before,
        n: before.n + n,
        bad: before.bad + bad,
        undecided: before.undecided + undecided,
      })
    }
  }
  return [...found.values()]
}
