import { CodedError } from '../contracts/index.ts'

/** More lost triggers than this in one step are named as a range instead of one by one. */
export const MAX_LISTED_GAP = 1_000

/** A number this far below the last one is no late repetition any more: the device counts anew. */
const RESTART_DROP = 999

/**
 * The same for the first number of a run: a sender repeats only what was in work when this program stopped, since all
 * before was answered, and its counter may have begun anew meanwhile without anybody to tell.
 */
const RESTART_DROP_WHILE_AWAY = 32

/** The same while the device goes on saying that its count began again: frames in flight together overtake each other. */
const RESTART_DROP_WHILE_SAID = 32

export type CounterStep =
  | { kind: 'next' }
  /** Not above the last one: the part of that number was accounted for before. */
  | { kind: 'repeat'; last: number }
  /** The numbers from `from` to `to`, both included, never came. */
  | { kind: 'gap'; from: number; to: number }
  /** As `gap`, but too many to list. */
  | { kind: 'jump'; from: number; to: number }
  /** The device counts anew (reset, replaced, wrapped at 2^32): this number is a part like any other. */
  | { kind: 'restart'; last: number }

/**
 * Follows a counter that a device brings along (feature A14). The first value is compared with `expected` when
 * that is known from an earlier run, else it sets the base: a camera that has counted since its own power-up has
 * not lost all those frames.
 */
export class TriggerCounter {
  #next: number | null
  #drop: number

  constructor(expected: number | null) {
    this.#next = expected
    this.#drop = expected === null ? RESTART_DROP : RESTART_DROP_WHILE_AWAY
  }

  /**
   * @param anew the device says that its count may have begun again: a number below the last one is then a new
   *             part however near it is; the last number itself is still a repetition. `still`: it said so with the number
   *             before as well, and of a count that it said has begun, a number near below is late or a repetition.
   */
  accept(value: number, anew: boolean | 'still' = false): CounterStep {
    const step = this.step(value, anew)
    if (step.kind !== 'repeat') {
      this.#next = value + 1
      this.#drop = RESTART_DROP
    }
    return step
  }

  /** What `accept` would answer. */
  step(value: number, anew: boolean | 'still' = false): CounterStep {
    const expected = this.#next
    if (expected !== null && value < expected) {
      const last = expected - 1
      const drop = anew === 'still' ? RESTART_DROP_WHILE_SAID : anew ? 1 : this.#drop
      return { kind: last - value < drop ? 'repeat' : 'restart', last }
    }
    if (expected === null || value === expected) return { kind: 'next' }
    // One that was overtaken where the count went over its greatest number.
    if (!anew && wrapped(value, expected - 1) !== null) return { kind: 'repeat', last: expected - 1 }
    const gap = { from: expected, to: value - 1 }
    return { kind: value - expected > MAX_LISTED_GAP ? 'jump' : 'gap', ...gap }
  }

  /** Whether the number that comes next was expected by an earlier run: what lies between came while nobody was there. */
  get resuming(): boolean {
    return this.#drop === RESTART_DROP_WHILE_AWAY
  }

  /** The number that comes next; null before the first known one. */
  get expected(): number | null {
    return this.#next
  }

  /**
   * Takes numbers that somebody else has counted, both included; before the first known one all of them are new. Who counts
   * says that its count begins again, so that a lower number, however far below, says nothing of it.
   */
  lost(from: number, to: number, anew: boolean): CounterStep {
    this.#next ??= from
    if (!anew && to < this.#next) return { kind: 'repeat', last: this.#next - 1 }
    return this.accept(to, anew)
  }
}

export const repeated = (n: number, last: number, hint?: string): CodedError =>
  new CodedError('CAM_DUPLICATE', {
    expected: `a number above ${last}`,
    actual: String(n),
    ...(hint !== undefined && { hint }),
  })

/** Of two words of 16 bits that are swapped, or read one register beside, the one that counts weighs so much. */
const WORD = 0x1_0000

/** Of a count that was told without its last number, `to` is one before that of a part. */
const goesByWords = (from: number, to: number): boolean => to > from && (to - from + 3) % WORD < 2

/** @param to both included */
export const skipped = (from: number, to: number): CodedError =>
  new CodedError('CAM_GAP', {
    actual: from === to ? `trigger ${from} never arrived` : `triggers ${from} to ${to} never arrived`,
    hint: goesByWords(from, to)
      ? 'the count goes on by multiples of 65536: that of a PLC is read wrongly; check `baseRegister` and the order of the words of a 32-bit value, high word first'
      : 'the link to the trigger source lost them',
  })

/** Greatest numbers of counters of 16 and 32 bits; some go on with 1. */
const GREATEST = [0xffff, 0xffff_ffff]

/** A counter that was so near to its greatest number and is so near to 0 went over it, and was not begun anew. */
const NEAR_WRAP = 32

/**
 * The greatest number of a counter that went over it on the way from `last` to `n`; null = it did not, as far as can be told.
 * Whether 0 was a number on this way nobody knows; all others were.
 */
export const wrapped = (last: number, n: number): number | null =>
  n < NEAR_WRAP ? (GREATEST.find((g) => last <= g && g - last < NEAR_WRAP) ?? null) : null

export const countedAnew = (n: number, last: number): CodedError =>
  new CodedError('CAM_GAP', {
    expected: `a number above ${last}`,
    actual: String(n),
    hint:
      wrapped(last, n) !== null
        ? 'the counter went over its greatest number: its numbers start a new epoch'
        : 'counter restarted: its numbers start a new epoch; if nobody reset it, check the power of the device',
  })
