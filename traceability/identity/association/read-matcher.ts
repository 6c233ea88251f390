import { CodedError, type I18n } from '../../../contracts/index.ts'

/** A read beside the line, reduced to what association needs. */
export interface PlacedRead {
  /** Content of code or tag; null = the reader was asked and read nothing. */
  text: string | null
  /** Where on the axis it was read: ms, encoder counts, or the trigger it is said to belong to. */
  at: number
}

export type AssociationProblemKind = 'missing' | 'double' | 'spacing' | 'late'

/** Why a part gets no code from a reader. The part is held. */
export interface AssociationProblem {
  kind: AssociationProblemKind
  trigger: number
  text: I18n
  error: CodedError
}

export type Association<R extends PlacedRead> =
  { ok: true; trigger: number; reads: R[] } | { ok: false; trigger: number; problem: AssociationProblem }

const TEXT: Record<AssociationProblemKind, I18n> = {
  missing: { zh: '工件没有对应的读码结果', en: 'No read belongs to the part' },
  double: { zh: '同一工件有两个不同的读码结果', en: 'Two different reads belong to one part' },
  spacing: { zh: '工件间距过小,读码归属不明', en: 'Parts follow too closely; reads cannot be told apart' },
  late: { zh: '读码结果到达太晚', en: 'The read arrived after the part was decided' },
}

export function associationProblem(
  kind: AssociationProblemKind,
  trigger: number,
  expected: string,
  actual: string,
): AssociationProblem {
  const hint = 'check reader, trigger and distances; the part is held'
  return {
    kind,
    trigger,
    text: TEXT[kind],
    error: new CodedError('TRC_IDENTITY', { path: `trigger ${trigger}`, expected, actual, hint }),
  }
}

export interface MatcherOptions {
  /** How far behind the trigger the read of the same part lies; negative = before it. Same unit as `at`. */
  offset: number
  /** Most that a read is off its place, either way. */
  tolerance: number
  /** Least distance of two parts on the axis; more than twice the tolerance. */
  spacing: number
  /** The axis starts again at 0 here (encoder overflow); absent = it does not. */
  modulus?: number
}

/** Triggers and reads that are remembered; far more than can be between reader and camera. */
const REMEMBERED = 1_024

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
  readonly #decided: { trigger: number; at: number }[] = []

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

  /** Takes a read. A problem is returned when it belongs to a part that was decided before. */
  read(read: R): AssociationProblem | null {
    const late = this.#decided.find((d) => this.#belongs(read, d))
    if (late !== undefined) {
      if (read.text === null) return null
      return associationProblem(
        'late',
        late.trigger,
        'the read before the decision',
        `${read.text} afterwards`,
      )
    }
    this.#reads.push(read)
    if (this.#reads.length > REMEMBERED) this.#reads.shift()
    return null
  }

  /** Decides the part of a trigger; later reads of its place are late. */
  take(trigger: number, at: number): Association<R> {
    const here = { trigger, at }
    const close = this.#decided.find((d) => Math.abs(this.#distance(at, d.at)) < this.#options.spacing)
    this.#decided.push(here)
    if (this.#decided.length > REMEMBERED) this.#decided.shift()
    const own = this.#reads.filter((r) => this.#belongs(r, here))
    this.#reads = this.#reads.filter((r) => !own.includes(r))
    const no = (kind: AssociationProblemKind, expected: string, actual: string): Association<R> => ({
      ok: false,
      trigger,
      problem: associationProblem(kind, trigger, expected, actual),
    })
    if (close !== undefined)
      return no(
        'spacing',
        `parts at least ${this.#options.spacing} apart`,
        `${Math.abs(this.#distance(at, close.at))} behind trigger ${close.trigger}`,
      )
    const codes = [...new Set(own.flatMap((r) => r.text ?? []))]
    if (codes.length === 0) return no('missing', 'one read', own.length > 0 ? 'a failed read' : 'none')
    if (codes.length > 1) return no('double', 'one code', codes.join(' and '))
    return { ok: true, trigger, reads: own }
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
