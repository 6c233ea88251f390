import { CodedError, monoMs } from '../contracts/index.ts'
import type { CameraItem } from '../contracts/index.ts'
import type { ItemFlow } from './item-flow.ts'
import { missedItem } from './item-flow.ts'
import { repeated, skipped } from './trigger-counter.ts'
import type { TriggerCounter } from './trigger-counter.ts'

/** A trigger that waits for its frame; `settle` answers it once. */
export interface PendingTrigger {
  trigger: number
  atMs: number
  settle(item: CameraItem): void
}

/**
 * Triggers of a camera that runs freely: each gets a place in the flow at once, so that order holds whatever
 * comes first, and is answered with a frame, or as missed after `timeoutMs`.
 */
export class PendingTriggers {
  readonly #flow: ItemFlow
  readonly #counter: TriggerCounter
  readonly #timeoutMs: number
  readonly #whyLate: () => CodedError
  readonly #open: PendingTrigger[] = []

  /** @param whyLate what to tell a trigger that timed out: no frame in time, or no camera at all */
  constructor(flow: ItemFlow, counter: TriggerCounter, timeoutMs: number, whyLate: () => CodedError) {
    this.#flow = flow
    this.#counter = counter
    this.#timeoutMs = timeoutMs
    this.#whyLate = whyLate
  }

  demand(n: number): void {
    const atMs = monoMs()
    if (this.#flow.stopped.aborted || this.#flow.ended) {
      this.#flow.note(new CodedError('CAM_GONE', { actual: `trigger ${n} after the end of the source` }))
      return
    }
    const step = this.#counter.accept(n)
    if (step.kind === 'repeat') {
      this.#flow.fault(repeated(n, step.last), false)
      return
    }
    if (step.kind === 'jump') this.#flow.fault(skipped(step.from, step.to), false)
    if (step.kind === 'gap') {
      for (let lost = step.from; lost <= step.to; lost++)
        this.#flow.missed(lost, atMs, skipped(step.from, step.to))
    }
    let answer: (item: CameraItem) => void = () => {}
    this.#flow.push(new Promise<CameraItem>((resolve) => (answer = resolve)))
    const pending: PendingTrigger = {
      trigger: n,
      atMs,
      settle: (item) => {
        clearTimeout(timer)
        const at = this.#open.indexOf(pending)
        if (at >= 0) this.#open.splice(at, 1)
        answer(item)
      },
    }
    const timer = setTimeout(() => pending.settle(missedItem(n, atMs, this.#whyLate())), this.#timeoutMs)
    this.#open.push(pending)
  }

  /** The oldest trigger without a frame; stays open until settled. */
  oldest(): PendingTrigger | undefined {
    return this.#open[0]
  }

  isOpen(pending: PendingTrigger): boolean {
    return this.#open.includes(pending)
  }

  settleAll(error: CodedError): void {
    for (const p of this.#open.slice()) p.settle(missedItem(p.trigger, p.atMs, error))
  }
}
