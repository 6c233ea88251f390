import type { GateResult, RecipeRef, VerdictResult } from '../../contracts/index.ts'

/** One recipe's judgement of the acceptance set, in the order of its items. */
export interface GateJudge {
  recipe: RecipeRef
  verdicts: readonly {
    result: VerdictResult
    /** Why it was not judged; null = it was. */
    notJudged: string | null
  }[]
  p50Ms: number
  p95Ms: number
}

export interface GateInput {
  /** Id and truth of each item. */
  items: readonly { id: string; defective: boolean }[]
  candidate: GateJudge
  reference: GateJudge
  taktMs: number
  alpha: number
  zeroTolerance: boolean
  /** More good parts may be stopped than the reference stops. */
  allowOverkill: boolean
}

/** Statistics, handed in because they live with the other metrics. */
export interface ExactStatistics {
  /** Two-sided interval of k of n, 95 %. */
  clopperPearson(k: number, n: number): [number, number]
  /** Lower one-sided 95 % limit of k of n. */
  lowerLimit(k: number, n: number): number
  /** Regularised incomplete beta function. */
  incompleteBeta(x: number, a: number, b: number): number
}

export type GateDecision = Pick<
  GateResult,
  'accepted' | 'refusals' | 'candidate' | 'reference' | 'escapeTest' | 'taktMs'
> &
  Required<Pick<GateResult, 'overkillTest' | 'notJudged'>>

/**
 * Whether a candidate may take the place of the reference. Escape rises when the candidate passes bad parts that the
 * reference stopped more often than the other way round: one-sided exact test of McNemar (Psychometrika 12 (1947)
 * 153), P(X >= b) for X ~ Bin(b + c, 1/2). With zero tolerance one such part is enough. Overkill rises likewise when
 * the candidate does not pass good parts that the reference passed.
 *
 * What was not judged proves nothing: one bad and one good part must have been, and each that the reference judged. A
 * part that neither judges is held by both, and says nothing of the candidate: no share of bad or good parts counts it.
 */
export function decideGate(input: GateInput, exact: ExactStatistics): GateDecision {
  const { items, candidate, reference, taktMs, alpha, zeroTolerance, allowOverkill } = input
  const passed = (j: GateJudge, n: number): boolean => j.verdicts[n]?.result === 'pass'
  const judged = (j: GateJudge, n: number): boolean => j.verdicts[n]?.notJudged === null
  const byNobody = (n: number): boolean => !judged(candidate, n) && !judged(reference, n)
  const numbered = items.map((item, n) => ({ ...item, n }))
  const bad = numbered.filter((i) => i.defective)
  const good = numbered.filter((i) => !i.defective)
  const newEscapes = bad.filter(({ n }) => passed(candidate, n) && !passed(reference, n))
  const escapes = oneSided(
    newEscapes.length,
    bad.filter(({ n }) => !passed(candidate, n) && passed(reference, n)).length,
    exact,
  )
  const overkills = oneSided(
    good.filter(({ n }) => !passed(candidate, n) && passed(reference, n)).length,
    good.filter(({ n }) => passed(candidate, n) && !passed(reference, n)).length,
    exact,
  )
  const both = escapes.onlyCandidate + escapes.onlyReference
  const refusals: GateResult['refusals'] = []
  if (bad.length === 0) refusals.push('no-bad-parts')
  if (!good.some(({ n }) => judged(candidate, n))) refusals.push('no-good-parts')
  if (escapes.p < alpha || (zeroTolerance && newEscapes.length > 0)) refusals.push('escape')
  if (overkills.p < alpha && !allowOverkill) refusals.push('overkill')
  if (candidate.p95Ms > taktMs) refusals.push('speed')
  const noBadJudged = bad.length > 0 && !bad.some(({ n }) => judged(candidate, n))
  if (noBadJudged || numbered.some(({ n }) => !judged(candidate, n) && judged(reference, n)))
    refusals.push('not-judged')
  return {
    accepted: refusals.length === 0,
    refusals,
    candidate: summary(candidate, items, byNobody, exact),
    reference: summary(reference, items, byNobody, exact),
    notJudged: numbered.flatMap(({ id, defective, n }) => {
      const why = candidate.verdicts[n]?.notJudged
      return typeof why === 'string' ? [{ id, defective, byNobody: byNobody(n), why }] : []
    }),
    escapeTest: {
      ...escapes,
      alpha,
      zeroTolerance,
      shareLow: both === 0 ? 0 : exact.lowerLimit(newEscapes.length, both),
      newEscapes: newEscapes.map(({ id }) => id),
    },
    overkillTest: { ...overkills, allowed: allowOverkill },
    taktMs,
  }
}

/** McNemar, one-sided and exact: the chance of so many of the candidate's own if both erred equally often. */
const oneSided = (onlyCandidate: number, onlyReference: number, { incompleteBeta }: ExactStatistics) => ({
  onlyCandidate,
  onlyReference,
  p: onlyCandidate === 0 ? 1 : incompleteBeta(0.5, onlyCandidate, onlyReference + 1),
})

function summary(
  { recipe, verdicts, p50Ms, p95Ms }: GateJudge,
  items: GateInput['items'],
  byNobody: (n: number) => boolean,
  exact: ExactStatistics,
): GateResult['candidate'] {
  const share = (result: VerdictResult, of: (defective: boolean, n: number) => boolean) => {
    const rows = items.flatMap((item, n) => (of(item.defective, n) ? [verdicts[n]?.result] : []))
    const k = rows.filter((r) => r === result).length
    return { k, n: rows.length, interval: exact.clopperPearson(k, rows.length) }
  }
  return {
    recipe,
    escape: share('pass', (d, n) => d && !byNobody(n)),
    overkill: share('fail', (d, n) => !d && !byNobody(n)),
    inconclusive: share('inconclusive', () => true),
    p50Ms,
    p95Ms,
  }
}
