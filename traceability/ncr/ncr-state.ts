import type { NcrComparison, NcrState } from '../../contracts/index.ts'
import type { Ncr } from './ncr.ts'

/** What has to be done before a person may close the report, in order. */
export const missingSteps = (ncr: Ncr, heldNow: boolean): NcrState[] => {
  const standing = ncr.actions.filter((a) => a.state !== 'dropped')
  const missing: NcrState[] = []
  if (ncr.containment === null) missing.push('contain')
  if (ncr.cause === null) missing.push('cause')
  if (standing.length === 0 || standing.some((a) => a.state === 'open')) missing.push('act')
  if (ncr.verification === null || !ncr.verification.effective) missing.push('verify')
  if (heldNow) missing.push('release')
  return missing
}

/** @param heldNow a hold of its containment is in force */
export const stateOf = (ncr: Ncr, heldNow: boolean): NcrState =>
  ncr.ended?.kind ?? missingSteps(ncr, heldNow)[0] ?? 'close'

/** Open actions whose day is over. @param today `2026-01-31` */
export const overdueActions = (ncr: Ncr, today: string): number =>
  ncr.ended === null ? ncr.actions.filter((a) => a.state === 'open' && a.due < today).length : 0

/** As the analysis of causes takes it: a difference that chance alone makes in fewer than 1 of 20 comparisons. */
const P = 0.05

/**
 * Whether the comparison shows by itself that there are fewer bad parts: also when all were bad that nobody has decided
 * about, as what failed before may be inconclusive now.
 */
export const showsEffect = (c: NcrComparison): boolean => {
  const { n, bad, beforeN, beforeBad, undecided = 0, beforeUndecided = 0, p } = c
  if (n === 0 || beforeN === 0 || p >= P || bad / n >= beforeBad / beforeN) return false
  return (bad + undecided) / (n + undecided) < (beforeBad + beforeUndecided) / (beforeN + beforeUndecided)
}
