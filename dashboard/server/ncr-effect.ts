import type { NcrComparison, NcrStepAsk } from '../../contracts/index.ts'
import { showsEffect } from '../../traceability/query/index.ts'
import { compare } from './causes.ts'
import type { CauseCount, RecordQueries } from './ports.ts'

export type EffectScope = Pick<
  Extract<NcrStepAsk, { kind: 'verify' }>,
  'change' | 'from' | 'to' | 'class' | 'within'
>

/** First judgements after a countermeasure against those before it, of the parts in its scope. */
export async function effectOf(
  queries: RecordQueries,
  { change, from, to, class: of, within }: EffectScope,
): Promise<{ comparison: NcrComparison; shown: boolean }> {
  const counts = async (a: string | undefined, b: string | undefined) =>
    totals(
      await queries.causeCounts({
        ...(of !== undefined && { class: of }),
        ...(a !== undefined && { from: a }),
        ...(b !== undefined && { to: b }),
      }),
      within,
    )
  const before = await counts(from, change)
  const { n, bad } = await counts(change, to)
  const sides = { n, bad, beforeN: before.n, beforeBad: before.bad }
  const comparison: NcrComparison =
    n === 0 || before.n === 0
      ? { ...sides, ratio: null, low: null, high: null, method: 'fisher', p: 1 }
      : { ...sides, ...compare(n, bad, before.n, before.bad) }
  return { comparison, shown: showsEffect(comparison) }
}

/** Every judgement has a station: without a scope its counts add up to all. */
function totals(counts: readonly CauseCount[], within: EffectScope['within']): { n: number; bad: number } {
  const own = counts.filter((c) =>
    within === undefined ? c.factor === 'station' : c.factor === within.factor && c.value === within.value,
  )
  return { n: own.reduce((s, c) => s + c.n, 0), bad: own.reduce((s, c) => s + c.bad, 0) }
}
