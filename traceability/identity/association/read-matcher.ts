import { CodedError } from '../../../contracts/index.ts'
import { type AssociationProblem, type AssociationProblemKind, associationProblem } from './problem.ts'

/** A read beside the line, reduced to what association needs. */
export interface PlacedRead {
  /** Content of code or tag; null = the reader was asked and read nothing. */
  text: string | null
  /** Where on the axis it was read: ms, encoder counts, or the trigger it is said to belong to. */
  at: number
}

export type Association<R extends PlacedRead> =
  | { ok: true; trigger: number; reads: R[] }
  | { ok: false; trigger: number; reads: R[]; problem: AssociationProblem }

export interface MatcherOptions {
  /** How far behind the trigger the read of the same part lies; negative = before it. Same unit as `at`. */
  offset: number
  /** Most that a read is off its place, either way. */
  tolerance: number
  /** Least distance of two parts on the axis; more than twice the tolerance. */
  spacing: number
  /** The axis starts again at 0 here (encoder overflow); absent = it does not. */
  modulus?: number
  /**
   * An axis that falls back farther begins anew: a read so far ahead of where the read of the part that has come lies, and
   * taken before, was taken in an earlier count. Absent = it does not.
   */
  ahead?: number
}

/** Triggers and reads that are remembered; far more than can be between reader and camera. */
const REMEMBERED = 1_024

interface PartPlace {
  trigger: number
  at: number
  /** How far parts had come by then since the start, the axis unrolled; one that fell behind counts as its way back. */
  travel: number
}

/**
 * Gives every part the reads taken at its place, on a time or encoder axis. A read belongs to a trigger when it lies
 * within `tolerance` of trigger + `offset`. Because parts are at least `spacing` > 2 · tolerance apart, no place belongs
 * to two parts: a part whose read is missing, doubled or late gets none or its own, never a neighbour's. Parts that come
 * closer than that are a problem of both.
 *
 * Pure: what happened comes in, in the order it became known.
 */
export class ReadMatcher<R extends PlacedRead> {
  readonly #options: MatcherOptions
  #reads: R[] = []
  #decided: (PartPlace & { texts: ReadonlySet<string> })[] = []
  #pending: PartPlace[] = []
  #unclaimed: R[] = []
  #newest: number | null = null
  #travel = 0
  /** Where the last read was taken. */
  #lastRead: number | null = null
  /** Reads that came before the axis fell back last. */
  readonly #before = new Set<R>()

  /** @throws CFG_INVALID when places of neighbours would overlap */
  constructor(options: MatcherOptions) {
    if (!(options.tolerance >= 0) || options.spacing <= 2 * options.tolerance)
      throw new CodedError('CFG_INVALID', {
        path: 'association.tolerance',
        expected: `less than half of the part spacing ${options.spacing}`,
        actual: `${options.tolerance}`,
        hint: 'move the reader closer to the camera or lower the tolerance',
      })
    this.#options = options
  }

  /**
   * A part came to its trigger and will be decided later. Places are passed in order: a read behind this one that is
   * of no part in work is nobody's, and so is one that no part can have come to yet.
   */
  arrive(trigger: number, at: number): void {
    const { offset, tolerance, ahead = Infinity } = this.#options
    if (this.#newest === null || this.#distance(this.#newest, at) > ahead) this.#fellBack()
    const travel = this.#moveTo(at)
    this.#pending.push({ trigger, at, travel })
    if (this.#pending.length > REMEMBERED) this.#pending.shift()
    this.#forget((r) => {
      const behind = this.#distance(at + offset, r.at)
      const old = -behind > ahead && this.#before.has(r)
      return (behind > tolerance || old) && !this.#pending.some((p) => this.#belongs(r, p))
    })
  }

  /** Takes a read. A problem is returned when it belongs to a part that was decided before, and says something else. */
  read(read: R): AssociationProblem | null {
    const late = this.#decided.find((d) => this.#belongs(read, d))
    if (late !== undefined) {
      if (read.text === null || late.texts.has(read.text)) return null
      return associationProblem(
        'late',
        late.trigger,
        'the read before the decision',
        `${read.text} afterwards`,
      )
    }
    const { ahead = Infinity } = this.#options
    if (this.#lastRead !== null && this.#distance(this.#lastRead, read.at) > ahead) this.#fellBack()
    this.#lastRead = read.at
    this.#reads.push(read)
    if (this.#reads.length > REMEMBERED) this.#unclaimed.push(...this.#reads.splice(0, 1))
    return null
  }

  /** Whether there is a read of this place. */
  has(at: number): boolean {
    return this.#reads.some((r) => this.#belongs(r, { at }))
  }

  /** Decides the part of a trigger; later reads of its place are late. */
  take(trigger: number, at: number): Association<R> {
    const own = this.#reads.filter((r) => this.#belongs(r, { at }))
    this.#reads = this.#reads.filter((r) => !own.includes(r))
    const travel = this.#pending.find((p) => p.trigger === trigger)?.travel ?? this.#moveTo(at)
    this.#pending = this.#pending.filter((p) => p.trigger !== trigger)
    // What lies at the places of two parts may be of the one that is decided later, too.
    const close = [...this.#decided, ...this.#pending.filter((p) => this.#isNear(p))].find(
      (p) => Math.abs(this.#distance(at, p.at)) < this.#options.spacing,
    )
    const codes = [...new Set(own.flatMap((r) => r.text ?? []))]
    this.#decided.push({ trigger, at, travel, texts: new Set(codes) })
    if (this.#decided.length > REMEMBERED) this.#decided.shift()
    const no = (kind: AssociationProblemKind, expected: string, actual: string): Association<R> => ({
      ok: false,
      trigger,
      reads: own,
      problem: associationProblem(kind, trigger, expected, actual),
    })
    if (close !== undefined)
      return no(
        'spacing',
        `parts at least ${this.#options.spacing} apart`,
        `${Math.abs(this.#distance(at, close.at))} behind trigger ${close.trigger}`,
      )
    if (codes.length === 0) return no('missing', 'one read', own.length > 0 ? 'a failed read' : 'none')
    if (codes.length > 1) return no('double', 'one code', codes.join(' and '))
    return { ok: true, trigger, reads: own }
  }

  /** The numbers of the axis begin anew: what is known of the old ones says nothing about the new. */
  restart(): void {
    this.#decided = []
    this.#pending = []
    this.#newest = null
    this.#forget(() => true)
  }

  /** Reads that no part took and none will, since the last call. */
  unclaimed(): R[] {
    return this.#unclaimed.splice(0)
  }

  #moveTo(at: number): number {
    if (Number.isNaN(at)) return this.#travel
    this.#travel += Math.abs(this.#distance(at, this.#newest ?? at))
    this.#newest = at
    this.#decided = this.#decided.filter((d) => this.#isNear(d))
    return this.#travel
  }

  /** Where an axis starts again, a part of half a turn ago or more would seem to be near a later one. */
  #isNear({ travel }: PartPlace): boolean {
    const { modulus = Infinity } = this.#options
    return this.#travel - travel < modulus / 2
  }

  #fellBack(): void {
    this.#before.clear()
    for (const r of this.#reads) this.#before.add(r)
  }

  #forget(which: (read: R) => boolean): void {
    this.#unclaimed.push(...this.#reads.filter(which))
    this.#reads = this.#reads.filter((r) => !which(r))
  }

  #belongs(read: R, { at }: { at: number }): boolean {
    return Math.abs(this.#distance(read.at, at + this.#options.offset)) <= this.#options.tolerance
  }

  /** Signed distance a - b, on an axis that may start again. */
  #distance(a: number, b: number): number {
    const { modulus } = this.#options
    if (modulus === undefined) return a - b
    const d = (((a - b) % modulus) + modulus) % modulus
    return d > modulus / 2 ? d - modulus : d
  }
}
