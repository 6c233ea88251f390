import { CodedError } from '../../../contracts/index.ts'
import { type AssociationProblem, associationProblem } from './problem.ts'

/** A part that left the upstream station; every part makes one, also without a code. */
export interface Passage {
  /** Trigger upstream; counts up. */
  trigger: number
  text: string | null
  atMs: number
}

export type FifoResult =
  | { ok: true; trigger: number; text: string; from: number }
  | { ok: false; trigger: number; problem: AssociationProblem }

/** A part downstream may be decided so long after its trigger; older entries are nobody's even when none comes, ms. */
const KEPT_MS = 60_000

/**
 * Parts keep their order between two stations, and each takes between `minMs` and `maxMs`. Every part upstream is an
 * entry, read or not, so a missing read leaves a gap and does not shift the others; a doubled one changes nothing, and a
 * late one fills its own entry. A part downstream gets a code only when exactly one entry can be it; when the range of
 * travel times admits two (a part may have been taken off between them), it is held. A part put on between the stations
 * has no entry and may take that of the next one, which is then held as missing: such places need a reader of their own.
 *
 * Pure, as `ReadMatcher`.
 */
export class StationFifo {
  readonly #minMs: number
  readonly #maxMs: number
  #waiting: Passage[] = []
  #last = -Infinity
  /** Entries that no part downstream took in time: parts taken off the line. */
  lost = 0

  /** @throws CFG_INVALID */
  constructor(options: { minMs: number; maxMs: number }) {
    if (!(options.minMs >= 0 && options.maxMs > options.minMs))
      throw new CodedError('CFG_INVALID', {
        path: 'association.fifo',
        expected: '0 <= minMs < maxMs',
        actual: `${options.minMs}, ${options.maxMs}`,
      })
    this.#minMs = options.minMs
    this.#maxMs = options.maxMs
  }

  /** A part left upstream, or the read of one that left became known. */
  enter(passage: Passage): AssociationProblem | null {
    const known = this.#waiting.find((p) => p.trigger === passage.trigger)
    const { trigger, text } = passage
    this.#age(passage.atMs - KEPT_MS)
    if (known === undefined && trigger > this.#last) {
      this.#last = trigger
      this.#waiting.push({ ...passage })
      return null
    }
    if (text === null) return null
    if (known === undefined)
      return associationProblem('late', trigger, 'the read before the part arrived', `${text} afterwards`)
    if (known.text !== null && known.text !== text) {
      const problem = associationProblem('double', trigger, 'one code', `${known.text} and ${text}`)
      known.text = null
      return problem
    }
    known.text = text
    return null
  }

  /** The parts from upstream that can have arrived at `atMs`. */
  candidates(atMs: number): readonly Passage[] {
    return this.#waiting.filter((p) => atMs - p.atMs <= this.#maxMs && atMs - p.atMs >= this.#minMs)
  }

  /** A part arrived downstream. */
  leave(trigger: number, atMs: number): FifoResult {
    this.#age(atMs)
    const can = this.candidates(atMs)
    const no = (kind: 'missing' | 'spacing', expected: string, actual: string): FifoResult => ({
      ok: false,
      trigger,
      problem: associationProblem(kind, trigger, expected, actual),
    })
    const [only] = can
    if (only === undefined) return no('missing', 'a part from upstream', 'none on the way')
    // Which of them it was stays unknown, so they stay until they are too old for anybody.
    if (can.length > 1) return no('spacing', 'one part that can have arrived', `${can.length}`)
    this.#waiting = this.#waiting.filter((p) => p !== only)
    if (only.text === null) return no('missing', 'a read upstream', `none at trigger ${only.trigger}`)
    return { ok: true, trigger, text: only.text, from: only.trigger }
  }

  /** Entries that no part triggered at `atMs` or later can be. */
  #age(atMs: number): void {
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter((p) => atMs - p.atMs <= this.#maxMs)
    this.lost += before - this.#waiting.length
  }
}
