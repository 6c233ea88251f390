import { CodedError, monoMs } from '../contracts/index.ts'
import type { CameraItem, FrameSource, LostTriggers } from '../contracts/index.ts'
import type { ItemFlow } from './item-flow.ts'
import { missedItem } from './item-flow.ts'
import { missLost } from './lost-triggers.ts'
import { countedAnew, repeated, skipped } from './trigger-counter.ts'
import type { TriggerCounter } from './trigger-counter.ts'

/** A trigger that waits for its frame; `settle` answers it once. */
export interface PendingTrigger {
  trigger: number
  atMs: number
  /** Monotonic ms after which a frame would show a later part. */
  deadlineMs: number
  settle(item: CameraItem): void
}

/**
 * Triggers of a camera that runs freely: each gets a place in the flow at once, so that order holds whatever
 * comes first, and is answered with a frame, or as missed after its time.
 */
export class PendingTriggers {
  readonly #flow: ItemFlow
  readonly #counter: TriggerCounter
  readonly #timeoutMs: () => number
  readonly #whyLate: (waitedMs: number) => CodedError
  readonly #open: PendingTrigger[] = []
  /** The last trigger that is known to be lost, and the last open one at that time. */
  #lost: { trigger: number; behind: PendingTrigger | undefined } | null = null

  /**
   * @param timeoutMs how long a trigger of this moment waits for its frame
   * @param whyLate what to tell a trigger that timed out: no frame in time, or no camera at all
   */
  constructor(
    flow: ItemFlow,
    counter: TriggerCounter,
    timeoutMs: () => number,
    whyLate: (waitedMs: number) => CodedError,
  ) {
    this.#flow = flow
    this.#counter = counter
    this.#timeoutMs = timeoutMs
    this.#whyLate = whyLate
  }

  /** @param anew see `FrameSource.trigger` */
  demand(n: number, anew = false): void {
    const atMs = monoMs()
    if (this.#flow.stopped.aborted || this.#flow.ended) {
      this.#flow.note(new CodedError('CAM_GONE', { actual: `trigger ${n} after the end of the source` }))
      return
    }
    const step = this.#counter.accept(n, anew)
    if (step.kind === 'repeat') {
      this.#flow.fault(repeated(n, step.last), false)
      return
    }
    if (step.kind === 'restart') this.#flow.fault(countedAnew(n, step.last), false)
    if (step.kind === 'jump') this.#flow.fault(skipped(step.from, step.to), false)
    if (step.kind === 'gap') {
      for (let lost = step.from; lost <= step.to; lost++)
        this.#flow.missed(lost, atMs, skipped(step.from, step.to))
    }
    let answer: (item: CameraItem) => void = () => {}
    this.#flow.push(new Promise<CameraItem>((resolve) => (answer = resolve)))
    const waitMs = this.#timeoutMs()
    const pending: PendingTrigger = {
      trigger: n,
      atMs,
      deadlineMs: atMs + waitMs,
      settle: (item) => {
        clearTimeout(timer)
        const at = this.#open.indexOf(pending)
        if (at >= 0) this.#open.splice(at, 1)
        answer(item)
      },
    }
    const timer = setTimeout(() => this.#late(pending), waitMs)
    this.#open.push(pending)
  }

  /** What a source offers to who counts. */
  get port(): Required<Pick<FrameSource, 'trigger' | 'lost'>> {
    return { trigger: (n, anew) => this.demand(n, anew), lost: (lost) => this.#accountFor(lost) }
  }

  #accountFor(lost: LostTriggers): void {
    if (this.#flow.stopped.aborted || this.#flow.ended) return
    const missed = missLost(this.#counter, lost, {
      miss: (n, error) => this.#flow.missed(n, lost.sinceMs, error),
      fault: (error) => this.#flow.fault(error, false),
    })
    if (missed) this.#lost = { trigger: lost.to, behind: this.#open.at(-1) }
  }

  /**
   * The one trigger a frame that begins now belongs to: the newest. Those before it, or before one that was lost, and
   * those whose time is over, become missed: their parts have moved on. The trigger stays open until settled.
   */
  claim(): PendingTrigger | undefined {
    const now = monoMs()
    // The timers may not have had their turn yet.
    for (const p of this.#open.slice()) if (p.deadlineMs <= now) this.#late(p)
    const last = this.#open.at(-1)
    const lost = last !== undefined && last === this.#lost?.behind ? this.#lost : null
    const newest = lost ? undefined : last
    const by = lost ? lost.trigger : last?.trigger
    for (const p of this.#open.filter((o) => o !== newest)) {
      const detail = { expected: 'a frame of its own', actual: `trigger ${by} came before any` }
      p.settle(missedItem(p.trigger, p.atMs, new CodedError('CAM_TIMEOUT', detail)))
    }
    return newest
  }

  isOpen(pending: PendingTrigger): boolean {
    return this.#open.includes(pending)
  }

  #late(p: PendingTrigger): void {
    p.settle(missedItem(p.trigger, p.atMs, this.#whyLate(p.deadlineMs - p.atMs)))
  }

  settleAll(error: CodedError): void {
    for (const p of this.#open.slice()) p.settle(missedItem(p.trigger, p.atMs, error))
  }
}
