import type { CountedTrigger } from '../../contracts/index.ts'

/** A jump of the trigger counter beyond this is a counter that was set, not triggers that were lost. */
const GAP_LIMIT = 10_000

/** Lost triggers up to this many become items one by one; longer gaps are closed by the store at once. */
const LISTED_GAP = 1_000

export type CountStep =
  /** The numbers from `from` up to the trigger, not included, never came; mostly there are none. */
  | { kind: 'next'; from: number }
  /** Numbers that the store closes: lost while nothing ran, or too many to list. */
  | { kind: 'gap'; interrupted: boolean }
  /** The device counts anew. */
  | { kind: 'anew'; expected: number }

/** The place of a station in the count of its triggers, over restarts of counter and program. */
export class StationCount {
  /** See `CountedTrigger`. */
  attempt = 1
  #last: number | null = null
  /** True until the first trigger of this run: gaps up to it come from the interruption, not from the camera. */
  #resuming = true

  resume(last: CountedTrigger): void {
    this.#last = last.trigger
    this.attempt = last.attempt
  }

  next(trigger: number): CountStep {
    const expected = (this.#last ?? trigger - 1) + 1
    const interrupted = this.#resuming
    this.#last = trigger
    this.#resuming = false
    if (trigger < expected || trigger > expected + GAP_LIMIT) {
      // Above the last one also when the clock was set back.
      this.attempt = Math.max(Date.now(), this.attempt + 1)
      return { kind: 'anew', expected }
    }
    const gap = trigger > expected + LISTED_GAP || (interrupted && trigger > expected)
    return gap ? { kind: 'gap', interrupted } : { kind: 'next', from: expected }
  }
}
