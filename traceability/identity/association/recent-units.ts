import { CodedError, type I18n } from '../../../contracts/index.ts'

export interface DuplicateProblem {
  kind: 'duplicate'
  text: I18n
  error: CodedError
}

const TEXT: I18n = { zh: '不同工件使用了相同的序列号', en: 'Two parts carry the same serial' }

/**
 * Remembers the last units of a station: two parts in a short time with one serial are a label printed twice, or a read
 * that was given to the wrong part. A part that comes again on purpose (rework) does so much later, or at a station
 * without this check.
 */
export class RecentUnits {
  readonly #within: number
  readonly #seen = new Map<string, number>()

  /** @param within how many parts back a serial must not repeat */
  constructor(within: number) {
    this.#within = within
  }

  /** @returns a problem when another trigger brought the same unit within the last parts; the trigger itself may ask again */
  check(uri: string, trigger: number): DuplicateProblem | null {
    const before = this.#seen.get(uri)
    if (before === trigger) return null
    this.#seen.delete(uri)
    this.#seen.set(uri, trigger)
    if (this.#seen.size > this.#within) {
      const [oldest] = this.#seen.keys()
      if (oldest !== undefined) this.#seen.delete(oldest)
    }
    if (before === undefined || Math.abs(trigger - before) > this.#within) return null
    return {
      kind: 'duplicate',
      text: TEXT,
      error: new CodedError('TRC_IDENTITY', {
        path: `trigger ${trigger}`,
        expected: `a serial that the last ${this.#within} parts do not have`,
        actual: `${uri}, also of trigger ${before}`,
        hint: 'find both parts, print one label again; the part is held',
      }),
    }
  }
}
