import { CodedError, type ErrorDetail, type NcrState, type NcrStep } from '../../contracts/index.ts'
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

const MISSING_ZH: typeof MISSING = {
  contain: '围堵措施',
  cause: '原因',
  act: '已完成的纠正措施',
  verify: '效果验证',
  release: '隔离的解除',
  close: '',
  closed: '',
  withdrawn: '',
}

const refused = (expected: string, actual: string, hint?: string, zh?: ErrorDetail['zh']): CodedError =>
  new CodedError('TRC_NCR', {
    expected,
    actual,
    ...(hint === undefined ? {} : { hint }),
    ...(zh === undefined ? {} : { zh }),
  })

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
    if (ncr.ended === null)
      throw refused('a report that was closed or withdrawn', `${ncr.id} is open`, undefined, {
        expected: '已关闭或已撤回的报告',
        actual: `${ncr.id} 未关闭`,
      })
    return
  }
  if (ncr.ended !== null)
    throw refused('an open report', `${ncr.id} was ${ncr.ended.kind} by ${ncr.ended.by}`, 'reopen it first', {
      expected: '未关闭的报告',
      actual: `${ncr.id} 已由 ${ncr.ended.by} 关闭或撤回`,
      hint: '请先重新打开',
    })
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
      if (before.length > 0) throw incomplete(ncr, before, 'before its effect is judged', '验证效果之前')
      checkEffect(step)
      break
    }
    case 'close':
      if (missing.length > 0) throw incomplete(ncr, missing, 'before it is closed', '关闭之前', heldNow)
      break
    case 'withdraw':
      if (heldNow.length > 0)
        throw refused(MISSING.release, `${heldNow.join(', ')} on hold`, 'release them first', {
          expected: MISSING_ZH.release,
          actual: `${heldNow.join('、')} 仍被隔离`,
          hint: '请先解除',
        })
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
  whenZh: string,
  held: readonly string[] = [],
): CodedError =>
  refused(
    `${steps.map((m) => MISSING[m]).join(', ')} ${when}`,
    `${ncr.id} without${held.length > 0 ? `, and ${held.slice(0, 5).join(', ')} on hold` : ''}`,
    undefined,
    {
      expected: `${whenZh}须有${steps.map((m) => MISSING_ZH[m]).join('、')}`,
      actual: `${ncr.id} 没有${held.length > 0 ? `,且 ${held.slice(0, 5).join('、')} 仍被隔离` : ''}`,
    },
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
