import { CodedError } from '../contracts/index.ts'

/** The wait before a restart of what has worked until now, ms. */
export const SHORT_WAIT_MS = 250

/**
 * At most `max` restarts within any `withinMs`; the waits before them double from 250 ms to 10 s. A budget that is used up
 * makes the next one wait until it is within the budget again.
 */
export class RestartBudget {
  readonly max: number
  readonly withinMs: number
  /** When the last `max` restarts were due, ms. */
  readonly #due: number[] = []
  #failuresInRow = 0
  #usedUp = false

  constructor(limits: { max: number; withinMs: number }) {
    this.max = limits.max
    this.withinMs = limits.withinMs
  }

  /** From when a restart had to wait for the budget until one has worked. */
  get usedUp(): boolean {
    return this.#usedUp
  }

  /** @param why what the last try failed with */
  exhausted({ detail }: CodedError): CodedError {
    const then = this.max === 0 ? 'then start the line again' : 'it is opened again by itself'
    return new CodedError('CAM_RESTARTS_EXHAUSTED', {
      expected: `at most ${this.max} restarts in ${this.withinMs} ms`,
      actual: [detail.actual, detail.hint].filter(Boolean).join(': '),
      hint: `check the camera, its cable, address and password; ${then}`,
    })
  }

  /** Milliseconds to wait before the restart; null where there are to be none. */
  take(nowMs: number): number | null {
    if (this.max === 0) {
      this.#usedUp = true
      return null
    }
    const first = this.#due.length < this.max ? undefined : this.#due.shift()
    const pauseMs = first === undefined ? 0 : first + this.withinMs - nowMs
    this.#usedUp ||= pauseMs > 0
    const waitMs = Math.max(pauseMs, Math.min(10_000, SHORT_WAIT_MS * 2 ** this.#failuresInRow))
    this.#due.push(nowMs + waitMs)
    this.#failuresInRow += 1
    return waitMs
  }

  /** A frame arrived: the next wait is short again. What was taken stays taken. */
  worked(): void {
    this.#failuresInRow = 0
    this.#usedUp = false
  }
}
