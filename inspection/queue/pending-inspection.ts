import { type InspectJob, type InspectOutcome, type LateOutcome, monoMs } from '../../contracts/index.ts'

type Run = { outcome: Promise<InspectOutcome>; settled: Promise<LateOutcome | null> }

/**
 * One frame that is out with the workers. Whoever answers first decides; when nobody has by `deadline - reserveMs`,
 * or the answer is that it cannot be had, the frame is judged here, which also gives the no-verdict at the deadline.
 */
export class PendingInspection {
  readonly outcome: Promise<InspectOutcome>
  readonly settled: Promise<LateOutcome | null>
  /** Of the recipe it must be judged by. */
  readonly recipeSha: string
  readonly #job: InspectJob
  readonly #judgeHere: () => Run
  readonly #lastResort: NodeJS.Timeout
  readonly #giveUp: NodeJS.Timeout
  #decide: (o: InspectOutcome) => void = () => undefined
  #settle: (l: LateOutcome | null) => void = () => undefined
  #decided: InspectOutcome | null = null
  #here = false
  #hereSettled: Promise<unknown> = Promise.resolve()

  constructor(
    job: InspectJob,
    recipeSha: string,
    judgeHere: () => Run,
    times: { reserveMs: number; graceMs: number; onSilence(): void },
  ) {
    this.#job = job
    this.recipeSha = recipeSha
    this.#judgeHere = judgeHere
    this.outcome = new Promise((resolve) => (this.#decide = resolve))
    this.settled = new Promise((resolve) => (this.#settle = resolve))
    const left = job.deadlineMs - monoMs()
    this.#lastResort = setTimeout(
      () => {
        if (this.takeOver()) times.onSilence()
      },
      Math.max(0, left - Math.min(times.reserveMs, left / 2)),
    )
    this.#giveUp = setTimeout(() => this.#finish(null), Math.max(0, left) + times.graceMs)
  }

  /** Whether it is, or was, judged here, too. */
  get judgedHere(): boolean {
    return this.#here
  }

  /** An answer from a worker. True when it decided; one after the deadline never does. */
  answer(outcome: InspectOutcome): boolean {
    // On a machine without a core to spare it may be heard before the timer that says the deadline is over.
    if (this.#decided === null && monoMs() > this.#job.deadlineMs) {
      this.takeOver()
      void this.outcome.then(() => this.#accept(outcome))
      return false
    }
    const first = this.#decided === null
    this.#accept(outcome)
    return first
  }

  /** No worker will answer: judged here at once. False when it was judged, or is being judged here, already. */
  takeOver(): boolean {
    if (this.#here || this.#decided) return false
    this.#here = true
    const run = this.#judgeHere()
    // The slot is read by the local worker until that worker is done, whoever answered first.
    this.#hereSettled = run.settled.then((late) => {
      if (late) this.#accept(late.outcome)
    })
    void run.outcome.then((o) => this.#accept(o))
    return true
  }

  #accept(outcome: InspectOutcome): void {
    if (!this.#decided) {
      this.#decided = outcome
      this.#decide(outcome)
      // A no-verdict for lateness may still be followed by the real answer.
      if (outcome.verdict.noVerdict?.reason !== 'deadline') this.#finish(null)
    } else if (this.#decided.verdict.noVerdict?.reason === 'deadline' && !outcome.verdict.noVerdict) {
      this.#finish({ outcome, lateByMs: Math.max(0, monoMs() - this.#job.deadlineMs) })
    }
  }

  #finish(late: LateOutcome | null): void {
    clearTimeout(this.#lastResort)
    clearTimeout(this.#giveUp)
    void this.#hereSettled.then(() => this.#settle(late))
  }
}
