import type { ArrivedPart, AssociationSpec, IdentityRead } from '../../../contracts/index.ts'
import { type AssociationProblem, associationProblem } from './problem.ts'
import { type PlacedRead, ReadMatcher } from './read-matcher.ts'
import { type Given, inDoubt, readAsCode, type ReaderSection, type StrayRead, strayRead } from './section.ts'

type PlacedSpec = Extract<AssociationSpec, { by: 'trigger' | 'time' | 'encoder' }>

interface ReaderRead extends PlacedRead {
  read: IdentityRead
}

/** Trigger numbers this far ahead of the last part are of another count. */
const AHEAD = 1_000
/**
 * So many parts may have passed a reader before the camera's message of one in front of them is here. An encoder that
 * begins anew falls back farther, and the reads of its old count would wait for parts that come to their places later.
 */
const AHEAD_PARTS = 100
/** Parts whose epoch is remembered, for reads that come late. */
const REMEMBERED = 1_024

export interface PlacedOptions {
  budgetMs: number
  /** How long after a code was at the reader its read may come, ms. */
  lagMs: number
  /** Why the reader cannot read just now; null = it can. */
  away(): string | null
  stray(read: StrayRead): void
}

/** Reads that find their part by trigger number, time or encoder place. */
export class PlacedSection implements ReaderSection {
  readonly #spec: PlacedSpec
  readonly #options: PlacedOptions
  readonly #matcher: ReadMatcher<ReaderRead>
  readonly #attempts = new Map<number, number>()
  #newest: ArrivedPart | null = null

  /** @throws CFG_INVALID when places of neighbours would overlap */
  constructor(spec: PlacedSpec, options: PlacedOptions) {
    this.#spec = spec
    this.#options = options
    this.#matcher = matcherOf(spec)
  }

  get reader(): string {
    return this.#spec.reader
  }

  read(read: IdentityRead): void {
    const at = this.#placeOf(read)
    if (typeof at === 'string') return this.#options.stray(strayRead(read, 'unplaced', null, at))
    const problem = this.#matcher.read({ read, text: read.text === '' ? null : read.text, at })
    if (problem !== null) {
      const part = { trigger: problem.trigger, attempt: this.#attempts.get(problem.trigger) ?? 1 }
      this.#options.stray(strayRead(read, 'late', part, problem.error.message))
    }
    this.#tellUnclaimed()
  }

  arrive(part: ArrivedPart): void {
    const { trigger, attempt } = part
    if (this.#spec.by === 'trigger' && this.#newest !== null && attempt !== this.#newest.attempt)
      this.#matcher.restart()
    this.#newest = part
    this.#attempts.delete(trigger)
    this.#attempts.set(trigger, attempt)
    const [oldest] = this.#attempts.keys()
    if (this.#attempts.size > REMEMBERED && oldest !== undefined) this.#attempts.delete(oldest)
    this.#matcher.arrive(trigger, this.#at(part))
    this.#tellUnclaimed()
  }

  complete(part: ArrivedPart): boolean {
    // Two reads in one window of time are both the part's, so the window is waited for.
    return (
      this.#spec.by !== 'time' &&
      (part.encoder === null && this.#spec.by === 'encoder' ? true : this.#matcher.has(this.#at(part)))
    )
  }

  openUntilMs({ triggeredAtMs }: ArrivedPart): number {
    const { lagMs, budgetMs } = this.#options
    return this.#spec.by === 'time'
      ? triggeredAtMs + this.#spec.offsetMs + this.#spec.toleranceMs + lagMs
      : triggeredAtMs + (this.#spec.waitMs ?? budgetMs / 2)
  }

  take(part: ArrivedPart): Given {
    const { by, required } = this.#spec
    const taken = this.#matcher.take(part.trigger, this.#at(part))
    const reads = taken.reads.map((r) => readAsCode(r.read, by))
    if (taken.ok) return { reads, problem: null }
    const { problem } = taken
    if (problem.kind === 'missing')
      return { reads, problem: required ? this.#missing(part, reads.length > 0) : null }
    return { reads: reads.map((r) => (problem.kind === 'spacing' ? inDoubt(r, problem) : r)), problem }
  }

  #missing(part: ArrivedPart, failed: boolean): AssociationProblem {
    const { by, reader } = this.#spec
    if (by === 'encoder' && part.encoder === null)
      return associationProblem(
        'missing',
        part.trigger,
        'a frame with its encoder count in x-encoder',
        'none',
      )
    const away = this.#options.away()
    return associationProblem(
      'missing',
      part.trigger,
      `a read of ${reader}`,
      failed ? 'a failed read' : 'none',
      away === null ? undefined : `${reader} is away: ${away}; the part is held`,
    )
  }

  #at(part: ArrivedPart): number {
    switch (this.#spec.by) {
      case 'trigger':
        return part.trigger
      case 'time':
        return part.unseen ? Number.NaN : part.triggeredAtMs
      case 'encoder':
        return part.encoder ?? Number.NaN
    }
  }

  /** The place of a read on the axis, or why it has none. */
  #placeOf(read: IdentityRead): number | string {
    switch (this.#spec.by) {
      case 'time':
        return read.atMs
      case 'encoder':
        return read.position ?? 'the read does not say at which encoder count it was taken'
      case 'trigger': {
        const last = this.#newest?.trigger ?? read.trigger
        if (read.trigger === null) return 'the read does not say to which trigger it belongs'
        return last !== null && read.trigger > last + AHEAD
          ? `trigger ${read.trigger} is far ahead of the last one, ${last}`
          : read.trigger
      }
    }
  }

  #tellUnclaimed(): void {
    for (const { read, text } of this.#matcher.unclaimed())
      if (text !== null)
        this.#options.stray(strayRead(read, 'unclaimed', null, 'no part came to the place of the read'))
  }
}

function matcherOf(spec: PlacedSpec): ReadMatcher<ReaderRead> {
  switch (spec.by) {
    case 'trigger':
      return new ReadMatcher({ offset: 0, tolerance: 0, spacing: 1 })
    case 'time':
      return new ReadMatcher({ offset: spec.offsetMs, tolerance: spec.toleranceMs, spacing: spec.spacingMs })
    case 'encoder': {
      const { offset, tolerance, spacing, modulus } = spec
      // Half a turn ahead is behind.
      const most = modulus === undefined ? Infinity : modulus / 4 + Math.abs(offset) / 2
      const ahead = Math.min(Math.abs(offset) + AHEAD_PARTS * spacing, most)
      return new ReadMatcher({ offset, tolerance, spacing, ahead, ...(modulus !== undefined && { modulus }) })
    }
  }
}
