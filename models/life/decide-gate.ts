import type { GateResult, RecipeRef, VerdictResult } from '../../contracts/index.ts'

/** One recipe's judgement of the acceptance set, in the order of its items. */
export interface GateJudge {
  recipe: RecipeRef
  verdicts: readonly { result: VerdictResult; judged: boolean }[]
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
>

/**
 * Whether a candidate may take the place of the reference. Escape rises when the candidate passes bad parts that the
 * reference stopped more often than the other way round: one-sided exact test of McNemar (Psychometrika 12 (1947)
 * 153), P(X >= b) for X ~ Bin(b + c, 1/2). With zero tolerance one such part is enough.
 */
export function decideGate(input: GateInput, exact: ExactStatistics): GateDecision {
  const { items, candidate, reference, taktMs, alpha, zeroTolerance } = input
  const passed = (j: GateJudge, n: number): boolean => j.verdicts[n]?.result === 'pass'
  const bad = items.flatMap((item, n) => (item.defective ? [{ ...item, n }] : []))
  const newEscapes = bad.filter(({ n }) => passed(candidate, n) && !passed(reference, n))
  const onlyReference = bad.filter(({ n }) => !passed(candidate, n) && passed(reference, n)).length
  const onlyCandidate = newEscapes.length
  const both = onlyCandidate + onlyReference
  const p = onlyCandidate === 0 ? 1 : exact.incompleteBeta(0.5, onlyCandidate, onlyReference + 1)
  const unjudged = (j: GateJudge): number => j.verdicts.filter((v) => !v.judged).length
  const refusals: GateResult['refusals'] = []
  if (bad.length === 0) refusals.push('no-bad-parts')
  if (p < alpha || (zeroTolerance && onlyCandidate > 0)) refusals.push('escape')
  if (candidate.p95Ms > taktMs) refusals.push('speed')
  if (unjudged(candidate) > unjudged(reference)) refusals.push('not-judged')
  return {
    accepted: refusals.length === 0,
    refusals,
    candidate: summary(candidate, items, exact),
    reference: summary(reference, items, exact),
    escapeTest: {
      onlyCandidate,
      onlyReference,
      p,
      alpha,
      zeroTolerance,
      shareLow: both === 0 ? 0 : exact.lowerLimit(onlyCandidate, both),
      newEscapes: newEscapes.map(({ id }) => id),
    },
    taktMs,
  }
}

function summary(
  { recipe, verdicts, p50Ms, p95Ms }: GateJudge,
  items: GateInput['items'],
  exact: ExactStatistics,
): GateResult['candidate'] {
  const share = (result: VerdictResult, of: (defective: boolean) => boolean) => {
    const rows = items.flatMap((item, n) => (of(item.defective) ? [verdicts[n]?.result] : []))
    const k = rows.filter((r) => r === result).length
    return { k, n: rows.length, interval: exact.clopperPearson(k, rows.length) }
  }
  return {
    recipe,
    escape: share('pass', (d) => d),
    overkill: share('fail', (d) => !d),
    inconclusive: share('inconclusive', () => true),
    p50Ms,
    p95Ms,
  }
}
