import { CodedError, type NcrState, type NcrStep } from '../../contracts/index.ts'
import type { Ncr } from './ncr.ts'
import { missingSteps, showsEffect } from './ncr-state.ts'

/** What is missing, as the refusal names it. */
const MISSING: Record<NcrState, string> = {
  contain: 'its containment',
  cause: 'its cause',
  act: 'its corrective actions done',
  verify: 'its effectiveness shown',
  release: 'its holds released',
  close: '',
  closed: '',
  withdrawn: '',
}

const refused = (expected: string, actual: string, hint?: string): CodedError =>
  new CodedError('TRC_NCR', { expected, actual, ...(hint === undefined ? {} : { hint }) })

/**
 * Whether a step fits behind those before it.
 *
 * @param heldNow holds of its containment that are in force, by what they hold
 * @throws TRC_NCR, TRC_NOT_FOUND
 */
export function checkStep(
  ncr: Ncr,
  step: Exclude<NcrStep, { kind: 'open' }>,
  heldNow: readonly string[],
): void {
  if (step.kind === 'reopen') {
    if (ncr.ended === null) throw refused('a report that was closed or withdrawn', `${ncr.id} is open`)
    return
  }
  if (ncr.ended !== null)
    throw refused('an open report', `${ncr.id} was ${ncr.ended.kind} by ${ncr.ended.by}`, 'reopen it first')
  const missing = missingSteps(ncr, heldNow.length > 0)
  switch (step.kind) {
    case 'amend':
      if (!(step.title ?? step.severity ?? step.targets ?? step.evidence))
        throw refused('a title, severity, targets or evidence to correct', 'none of them')
      break
    case 'contain':
      if (step.holds.length === 0 && step.note === undefined)
        throw refused('a hold, or a note that says why none is needed', 'neither')
      break
    case 'done':
    case 'drop': {
      const action = ncr.actions.find((a) => a.id === step.action)
      if (action === undefined)
        throw new CodedError('TRC_NOT_FOUND', { expected: `an action of ${ncr.id}`, actual: step.action })
      if (action.state !== 'open') throw refused('an action that is open', `it was ${action.state} before`)
      break
    }
    case 'verify': {
      const before = missing.filter((m) => m === 'cause' || m === 'act')
      if (before.length > 0) throw incomplete(ncr, before, 'before its effect is judged')
      checkEffect(step)
      break
    }
    case 'close':
      if (missing.length > 0) throw incomplete(ncr, missing, 'before it is closed', heldNow)
      break
    case 'withdraw':
      if (heldNow.length > 0)
        throw refused(MISSING.release, `${heldNow.join(', ')} on hold`, 'release them first')
      break
    case 'cause':
    case 'act':
      break
    default:
      step satisfies never
  }
}

const incomplete = (
  ncr: Ncr,
  steps: readonly NcrState[],
  when: string,
  held: readonly string[] = [],
): CodedError =>
  refused(
    `${steps.map((m) => MISSING[m]).join(', ')} ${when}`,
    `${ncr.id} without${held.length > 0 ? `, and ${held.slice(0, 5).join(', ')} on hold` : ''}`,
  )

/** A person judges, but not against what was counted without saying why. */
function checkEffect(step: Extract<NcrStep, { kind: 'verify' }>): void {
  const { comparison, effective, despite, change, from, to } = step
  if ((from !== undefined && from >= change) || (to !== undefined && to <= change))
    throw refused('a time of the countermeasure between from and to', change)
  const { undecided = 0, beforeUndecided = 0 } = comparison
  const open = undecided + beforeUndecided
  const counts =
    `${comparison.beforeBad} of ${comparison.beforeN} before, ${comparison.bad} of ${comparison.n} after` +
    (open > 0 ? `, ${beforeUndecided} inconclusive and not reviewed before, ${undecided} after` : '')
  if (comparison.n === 0 || comparison.beforeN === 0)
    throw refused('judged parts before and after the countermeasure', counts, 'wait for parts')
  if (effective && despite === undefined && !showsEffect(comparison))
    throw refused(
      'fewer bad parts after it, p below 0.05, whatever the inconclusive ones are',
      `${counts}, p = ${comparison.p.toPrecision(2)}`,
      'review what is inconclusive, wait for more parts, call it not effective, or say in `despite` why it counts all the same',
    )
}
