import {
  type ErrorCode,
  CodedError,
  type InspectJob,
  type InspectOutcome,
  type LateOutcome,
  monoMs,
  noVerdict,
  type NoVerdictReason,
  type Verdict,
} from '../../contracts/index.ts'

const CODES = {
  deadline: 'INS_DEADLINE',
  overload: 'INS_OVERLOAD',
  'worker-lost': 'INS_WORKER_LOST',
  interrupted: 'INS_INTERRUPTED',
  tool: 'CFG_UNKNOWN_REFERENCE',
} as const satisfies Partial<Record<NoVerdictReason, ErrorCode>>

/** setTimeout takes no more; it is 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** One job between `inspect` and its last word: an outcome exactly once, and the end of its use of pixels once. */
export class Ticket {
  readonly job: InspectJob
  readonly deadlineMs: number
  readonly outcome: Promise<InspectOutcome>
  readonly settled: Promise<LateOutcome | null>
  readonly startedMs = monoMs()
  /** Worker threads that died with it. */
  losses = 0
  /** The outcome is a worker's, not one of ours. */
  judged = false
  /** Set while a worker has it. */
  runningOn: string | null = null
  readonly #recipe: { id: string; sha256: string; models: Verdict['models'] }
  #given = false
  #give: (outcome: InspectOutcome) => void = () => undefined
  #settle: (late: LateOutcome | null) => void = () => undefined
  #timer: NodeJS.Timeout | null = null

  constructor(job: InspectJob, recipe: { id: string; sha256: string; models: Verdict['models'] }) {
    this.job = job
    this.deadlineMs = job.deadlineMs
    this.#recipe = recipe
    this.outcome = new Promise((resolve) => (this.#give = resolve))
    this.settled = new Promise((resolve) => (this.#settle = resolve))
  }

  get given(): boolean {
    return this.#given
  }

  onDeadline(listener: () => void): void {
    this.#timer = setTimeout(listener, Math.min(MAX_TIMER_MS, Math.max(0, this.deadlineMs - monoMs())))
  }

  /** The worker's result. After the deadline it is a late one, which never actuates. */
  finish(outcome: InspectOutcome): void {
    const lateByMs = monoMs() - this.deadlineMs
    if (this.#given || lateByMs > 0) {
      this.giveUp('deadline', `the result came ${Math.max(0, lateByMs).toFixed(0)} ms too late`)
      this.#settle({ outcome, lateByMs: Math.max(0, lateByMs) })
      return
    }
    this.judged = true
    this.#answer(outcome)
    this.#settle(null)
  }

  /** Gives a no-verdict, unless there is an outcome already. */
  giveUp(reason: keyof typeof CODES, actual: string, hint?: string): void {
    if (this.#given) return
    const error = new CodedError(CODES[reason], { actual, ...(hint === undefined ? {} : { hint }) })
    const ms = monoMs() - this.startedMs
    const { id, sha256, models } = this.#recipe
    this.#answer({
      verdict: noVerdict({ id, sha256 }, { reason, code: error.code, message: error.message }, { models }),
      timing: { queueMs: ms, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: ms },
      widthPx: 0,
      heightPx: 0,
      worker: this.runningOn ?? 'local',
    })
  }

  /** No worker reads its pixels any more, and no result will come. */
  release(): void {
    this.#settle(null)
  }

  #answer(outcome: InspectOutcome): void {
    this.#given = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#give(outcome)
  }
}
