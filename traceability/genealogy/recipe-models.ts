import type { SqlDatabase } from '../../contracts/index.ts'
import { decodeRecord } from '../store/record-codec.ts'

export interface RecipeModel {
  id: string
  version: string
  sha256: string
}

/** Models of every recipe that judged: recipes pin them by hash, so that one judged record of a recipe tells them. */
export function recipeModels(db: SqlDatabase): Map<string, RecipeModel[]> {
  return new Map(
    db
      .all<{ recipe: string; record: Uint8Array; record_encoding: string }>(
        `select r.recipe, i.record, i.record_encoding from
           (select distinct recipe from inspection) r join inspection i on i.position =
             (select max(position) from inspection where recipe = r.recipe and no_verdict is null)`,
      )
      .map(({ recipe, record, record_encoding }) => [
        recipe,
        decodeRecord(record, record_encoding).outcome.verdict.models,
      ]),
  )
}
