/** The wait before a restart of what has worked until now, ms. */
export const SHORT_WAIT_MS = 250

/** At most `max` restarts within any `withinMs`; the waits before them double from 250 ms to 10 s. */
export class RestartBudget {
  readonly max: number
  readonly withinMs: number
  readonly #taken: number[] = []
  #failuresInRow = 0

  constructor(limits: { max: number; withinMs: number }) {
    this.max = limits.max
    this.withinMs = limits.withinMs
  }

  /** Milliseconds to wait before the restart, or null when the budget is used up. */
  take(nowMs: number): number | null {
    while (this.#taken[0] !== undefined && nowMs - this.#taken[0] >= this.withinMs) this.#taken.shift()
    if (this.#taken.length >= this.max) return null
    this.#taken.push(nowMs)
    const waitMs = Math.min(10_000, SHORT_WAIT_MS * 2 ** this.#failuresInRow)
    this.#failuresInRow += 1
    return waitMs
  }

  /** A frame arrived: the next wait is short again. What was taken stays taken. */
  worked(): void {
    this.#failuresInRow = 0
  }
}
