import type { NcrComparison, NcrStepAsk } from '../../contracts/index.ts'
import { showsEffect } from '../../traceability/query/index.ts'
import { compare } from './causes.ts'
import type { CauseCount, RecordQueries } from './ports.ts'

export type EffectScope = Pick<
  Extract<NcrStepAsk, { kind: 'verify' }>,
  'change' | 'from' | 'to' | 'class' | 'within'
>

type Sides = Required<
  Pick<NcrComparison, 'n' | 'bad' | 'undecided' | 'beforeN' | 'beforeBad' | 'beforeUndecided'>
>

/** First judgements after a countermeasure against those before it, of the parts in its scope. */
export async function effectOf(
  queries: Pick<RecordQueries, 'causeCounts'>,
  scope: EffectScope,
): Promise<{ comparison: NcrComparison; shown: boolean }> {
  const sides = await sidesOf(queries, scope)
  const comparison: NcrComparison =
    sides.n === 0 || sides.beforeN === 0
      ? { ...sides, ratio: null, low: null, high: null, method: 'fisher', p: 1 }
      : { ...sides, ...compare(sides.n, sides.bad, sides.beforeN, sides.beforeBad) }
  return { comparison, shown: showsEffect(comparison) }
}

async function sidesOf(
  queries: Pick<RecordQueries, 'causeCounts'>,
  { change, from, to, class: of, within }: EffectScope,
): Promise<Sides> {
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
  return {
    ...(await counts(change, to)),
    beforeN: before.n,
    beforeBad: before.bad,
    beforeUndecided: before.undecided,
  }
}

/** Every judgement has a station: without a scope its counts add up to all. */
function totals(
  counts: readonly CauseCount[],
  within: EffectScope['within'],
): Pick<Sides, 'n' | 'bad' | 'undecided'> {
  const own = counts.filter((c) =>
    within === undefined ? c.factor === 'station' : c.factor === within.factor && c.value === within.value,
  )
  const sum = (of: 'n' | 'bad' | 'undecided'): number => own.reduce((s, c) => s + c[of], 0)
  return { n: sum('n'), bad: sum('bad'), undecided: sum('undecided') }
}
