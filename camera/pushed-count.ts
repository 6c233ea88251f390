import { CodedError, monoMs } from '../contracts/index.ts'
import type { LostTriggers } from '../contracts/index.ts'
import { AwaitedPushes, MOST_UNTOLD } from './awaited-pushes.ts'
import type { AwaitedPart } from './awaited-pushes.ts'
import { IngestRefusal } from './http-ingest.ts'
import type { ItemFlow } from './item-flow.ts'
import { missLost } from './lost-triggers.ts'
import { countedAnew, repeated, skipped, TriggerCounter, wrapped } from './trigger-counter.ts'

/** So many parts in a row without a push are a camera that is not there. */
const GONE_AFTER = 3

const RESET_HINT =
  'a counter that was restarted says so with the header x-counter-reset: 1 until a frame is answered 202'
const LATE_HINT =
  'the counter was said to begin again with a frame before: this one is late or a repetition; leave the header away once a frame was answered 202'

/** The numbers of pushed frames, and of parts that a PLC counts for them. */
export class PushedCount {
  readonly #flow: ItemFlow
  readonly #counter: TriggerCounter
  readonly #awaited: AwaitedPushes
  #next: number
  /** Whether the last frame said that the counter began again. */
  #said = false
  /** Parts that the PLC has counted since the last push. */
  #missedInRow = 0
  /** Parts since the last push that were taken for another count, though it goes on from that of the camera. */
  #beside: { inRow: number; last: number } | null = null

  /** @param waitMs see `AwaitedPushes` */
  constructor(flow: ItemFlow, firstTrigger: number, waitMs: number) {
    this.#flow = flow
    this.#next = firstTrigger
    this.#counter = new TriggerCounter(firstTrigger > 1 ? firstTrigger : null)
    this.#awaited = new AwaitedPushes(waitMs, (part, why) => this.#giveUp(part, why))
  }

  /** That of a push without a number. */
  get next(): number {
    return this.#next
  }

  /** Numbers the push; lost numbers before it become items of their own. */
  number(own: number | null, anew: boolean): number | IngestRefusal {
    const n = own ?? this.#next
    const still = anew && this.#said
    const word = still ? 'still' : anew
    const other = this.#awaited.arriving(n, this.#counter.step(n, word).kind, anew)
    if (other) this.#flow.fault(twoCounts(other.trigger, n), false)
    const { resuming } = this.#counter
    const step = this.#counter.accept(n, word)
    this.#said = still || (anew && step.kind !== 'repeat')
    if (step.kind === 'repeat') {
      const error = this.#awaited.late(n) ?? repeated(n, step.last, still ? LATE_HINT : RESET_HINT)
      // Not a missed item: the trigger of that number has its item already.
      this.#flow.fault(error, false)
      return new IngestRefusal(409, error)
    }
    if (step.kind === 'restart') this.#flow.fault(countedAnew(n, step.last), false)
    if (step.kind === 'jump' && !resuming) this.#flow.fault(skipped(step.from, step.to), false)
    // What was counted while nothing ran here no link has lost: the station closes it as interrupted.
    if (step.kind === 'gap' && !resuming) this.#miss(step.from, step.to)
    if (step.kind === 'restart' && !anew && !resuming) {
      const greatest = wrapped(step.last, n)
      if (greatest !== null) {
        this.#miss(step.last + 1, greatest)
        this.#miss(1, n - 1)
      }
    }
    this.#awaited.accounted(n)
    this.#missedInRow = 0
    this.#beside = null
    this.#next = n + 1
    return n
  }

  /** Numbers that the camera passed without a frame, if any. */
  #miss(from: number, to: number): void {
    for (let lost = from; lost <= to; lost++) {
      this.#flow.missed(lost, monoMs(), skipped(from, to))
      this.#awaited.accounted(lost)
    }
  }

  /** See `FrameSource.counted`. */
  counted(n: number, anew: boolean): void {
    this.#awaited.counted({ from: n, trigger: n, atMs: monoMs(), anew }, this.#next - 1)
  }

  /** See `FrameSource.lost`. */
  lost({ from, to, sinceMs, anew }: LostTriggers): void {
    this.#awaited.counted({ from, trigger: to, atMs: sinceMs, anew }, this.#next - 1)
  }

  /** Nobody will push any more. */
  end(why: CodedError): void {
    this.#awaited.end(why)
  }

  #giveUp({ from, trigger, atMs, anew, begins, beside }: AwaitedPart, why: CodedError): void {
    const expected = this.#counter.expected ?? from
    const apart = beside ? trigger - expected : anew ? 0 : Math.max(from - expected, expected - trigger)
    // Counted on from there, the next push would be a restart, and all numbers between parts that never were.
    if (apart > MOST_UNTOLD && !this.#cameraIsGone(from, trigger, expected))
      return this.#flow.fault(twoCounts(trigger, this.#next - 1), false)
    this.#beside = null
    const miss = (n: number, error: CodedError): void => this.#flow.missed(n, atMs, error)
    const fault = (error: CodedError): void => this.#flow.fault(error, false)
    if (!missLost(this.#counter, { from, to: trigger, anew: begins }, { miss, fault }, why)) return
    this.#next = trigger + 1
    this.#missedInRow += 1
    if (this.#missedInRow >= GONE_AFTER) this.#flow.state = 'offline'
  }

  /** Of two counts the camera goes on with its own: where nothing came of it, that of the PLC, told without a hole, is right. */
  #cameraIsGone(from: number, trigger: number, expected: number): boolean {
    const { inRow, last } = this.#beside ?? { inRow: 0, last: expected - 1 }
    this.#beside = from <= last + 1 && trigger > last ? { inRow: inRow + 1, last: trigger } : null
    return this.#beside !== null && this.#beside.inRow >= GONE_AFTER
  }
}

const twoCounts = (ofPlc: number, ofCamera: number): CodedError =>
  new CodedError('CAM_GAP', {
    expected: `a frame of trigger ${ofPlc}, which the PLC has counted`,
    actual: `a camera that is at ${ofCamera}`,
    hint: 'let the camera send the trigger counter of the PLC',
  })
