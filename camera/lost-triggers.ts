import type { CodedError, LostTriggers } from '../contracts/index.ts'
import { countedAnew, MAX_LISTED_GAP, skipped } from './trigger-counter.ts'
import type { TriggerCounter } from './trigger-counter.ts'

/**
 * Accounts for parts that have no frame, in their place in the count: each that was not accounted for before is missed; of
 * too many to list the last one is, and the store closes the others.
 *
 * @param why what to tell of them; absent = that the link lost them
 * @returns whether the last one was missed, not one that was accounted for before
 */
export function missLost(
  counter: TriggerCounter,
  { from, to, anew }: Omit<LostTriggers, 'sinceMs'>,
  tell: { miss(trigger: number, error: CodedError): void; fault(error: CodedError): void },
  why?: CodedError,
): boolean {
  const step = counter.lost(from, to, anew)
  if (step.kind === 'repeat') return false
  if (step.kind === 'restart') tell.fault(countedAnew(to, step.last))
  if (step.kind === 'jump') tell.fault(skipped(step.from, step.to))
  const anewFrom = step.kind === 'restart' && to - from <= MAX_LISTED_GAP ? from : to
  const first = step.kind === 'gap' ? step.from : anewFrom
  const error = why ?? skipped(first, to)
  for (let n = first; n <= to; n++) tell.miss(n, error)
  return true
}
