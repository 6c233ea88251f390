import { type ErrorFact, errorText, type I18n } from '../../contracts/index.ts'
import type { LifeAlarm } from '../../models/index.ts'

/**
 * What became of a recipe without anybody's asking: its canary was judged differently, or the line died with it as a
 * shadow. It stands on the pages until a person ends it by name.
 */
export function recipeAlarm(
  station: string,
  alarm: 'canary-rollback' | 'canary-failed' | 'canary-shadow' | 'shadow-lost',
  fact: ErrorFact,
  what: I18n,
): LifeAlarm {
  const why = errorText(fact)
  return {
    id: `${alarm}/${station}`,
    station,
    alarm,
    code: fact.code,
    message: { en: `${what.en}: ${why.en}`, zh: `${what.zh}:${why.zh}` },
    since: new Date().toISOString(),
  }
}
