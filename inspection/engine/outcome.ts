import {
  type ChallengeCheck,
  challengeText,
  CodedError,
  type DoubtfulIdentity,
  type I18n,
  type InspectOutcome,
  type LateOutcome,
  monoMs,
  noVerdict,
  type NoVerdict,
  type StageTiming,
  toFact,
  type Verdict,
} from '../../contracts/index.ts'

const NO_TIMING: StageTiming = {
  queueMs: 0,
  decodeMs: 0,
  gateMs: 0,
  toolsMs: {},
  inferMs: 0,
  ruleMs: 0,
  totalMs: 0,
}

/** Outcome of a trigger that never had a frame. */
export const missedOutcome = (verdict: Verdict): InspectOutcome => ({
  verdict,
  timing: NO_TIMING,
  widthPx: 0,
  heightPx: 0,
  worker: 'none',
})

/** Withdraws a judgement and keeps what was seen, so that people can still look at it. */
export function withoutVerdict(
  outcome: InspectOutcome,
  recipe: { id: string; sha256: string },
  nv: NoVerdict,
): InspectOutcome {
  return { ...outcome, verdict: noVerdict(recipe, nv, outcome.verdict) }
}

/** A part that nobody can name for certain: what was seen stays, and the reason is said. */
export function withoutIdentity(
  outcome: InspectOutcome,
  recipe: { id: string; sha256: string },
  { noVerdict: nv, text }: DoubtfulIdentity,
): InspectOutcome {
  const judged = withoutVerdict(outcome, recipe, nv)
  return { ...judged, verdict: { ...judged.verdict, reasons: [...judged.verdict.reasons, text] } }
}

/**
 * A challenge part has no verdict, however it was judged: it is no product, must not go on as one, and counts as none. What
 * was seen and what was expected stays.
 */
export function challenged(
  outcome: InspectOutcome,
  recipe: { id: string; sha256: string },
  check: ChallengeCheck,
): InspectOutcome {
  const { en, zh } = challengeText(check)
  const fact = toFact(new CodedError('INS_CHALLENGE', { path: check.code, actual: en }))
  const judged = withoutVerdict(outcome, recipe, { reason: 'challenge', ...fact })
  return { ...judged, verdict: { ...judged.verdict, reasons: [...judged.verdict.reasons, { en, zh }] } }
}

/** A judged part of something that is on hold: what was judged stays, the part does not go on. */
export const onHold = (outcome: InspectOutcome, reason: I18n): InspectOutcome => ({
  ...outcome,
  verdict: { ...outcome.verdict, disposition: 'hold', reasons: [...outcome.verdict.reasons, reason] },
})

/** Outcome of a frame whose inspector failed outside its own error handling. */
export const unjudgedOutcome = (recipe: { id: string; sha256: string }, error: CodedError): InspectOutcome =>
  missedOutcome(noVerdict(recipe, { reason: 'tool', ...toFact(error) }))

/**
 * A judgement that is ready only when the budget of its part is over, as on a machine without a core to spare: the part
 * has no verdict, and what was judged is a late result.
 *
 * @param deadlineMs end of the budget, ms of `monoMs`
 */
export function inBudget<T extends { outcome: InspectOutcome }>(
  part: T,
  recipe: { id: string; sha256: string },
  deadlineMs: number,
): T & { late?: LateOutcome } {
  const { outcome } = part
  const lateByMs = monoMs() - deadlineMs
  if (lateByMs < 0 || outcome.verdict.noVerdict) return part
  const error = new CodedError('INS_DEADLINE', { actual: `it was ready ${lateByMs.toFixed()} ms too late` })
  const unjudged = withoutVerdict(outcome, recipe, { reason: 'deadline', ...toFact(error) })
  return { ...part, outcome: unjudged, late: { outcome, lateByMs } }
}
