import { CodedError, type CountedTrigger } from '../../contracts/index.ts'

/** Lost triggers up to this many become items one by one; longer gaps are closed by the store at once. */
const LISTED_GAP = 1_000

export type CountStep =
  /** The numbers from `from` up to the trigger, not included, never came; mostly there are none. */
  | { kind: 'next'; from: number }
  /** Numbers for the store: lost while nothing ran, or too many to list. It closes them, or says that they are too many. */
  | { kind: 'gap'; interrupted: boolean }
  /** The device counts anew: only a number that is not above the last one says so, for whatever lies between was counted. */
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
    if (trigger < expected) {
      // Above the last one also when the clock was set back.
      this.attempt = Math.max(Date.now(), this.attempt + 1)
      return { kind: 'anew', expected }
    }
    const gap = trigger > expected + LISTED_GAP || (interrupted && trigger > expected)
    return gap ? { kind: 'gap', interrupted } : { kind: 'next', from: expected }
  }
}

/** The device counts anew. */
export const restartedCounter = (trigger: number, expected: number): CodedError =>
  new CodedError('CAM_GAP', {
    expected: `trigger ${expected}`,
    actual: `trigger ${trigger}`,
    hint: 'the trigger counter was restarted',
  })
