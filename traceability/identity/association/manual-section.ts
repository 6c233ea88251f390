import type { ArrivedPart, AssociationSpec, IdentityRead } from '../../../contracts/index.ts'
import { associationProblem } from './problem.ts'
import { type Given, inDoubt, readAsCode, type ReaderSection, type StrayRead, strayRead } from './section.ts'

type ManualSpec = Extract<AssociationSpec, { by: 'manual' }>

/** A person scans the part and then triggers: what was scanned since the trigger before is the part's. */
export class ManualSection implements ReaderSection {
  readonly #spec: ManualSpec
  readonly #stray: (read: StrayRead) => void
  #scanned: IdentityRead[] = []
  /** The part whose trigger came last. */
  #newest: ArrivedPart | null = null
  readonly #own = new Map<string, IdentityRead[]>()

  constructor(spec: ManualSpec, stray: (read: StrayRead) => void) {
    this.#spec = spec
    this.#stray = stray
  }

  get reader(): string {
    return this.#spec.reader
  }

  read(read: IdentityRead): void {
    const newest = this.#newest
    if (newest === null || read.atMs > newest.triggeredAtMs) return void this.#scanned.push(read)
    if (read.text === '') return
    const { trigger, attempt } = newest
    const { error } = associationProblem(
      'late',
      trigger,
      'the scan before the trigger',
      `${read.text}, which began before it and ended afterwards`,
    )
    this.#stray(strayRead(read, 'late', { trigger, attempt }, error.message))
  }

  arrive(part: ArrivedPart): void {
    if (this.#newest === null || part.triggeredAtMs >= this.#newest.triggeredAtMs) this.#newest = part
    const scanned = this.#scanned.filter((r) => r.text !== '' && r.atMs <= part.triggeredAtMs)
    this.#scanned = this.#scanned.filter((r) => r.atMs > part.triggeredAtMs)
    const oldest = part.triggeredAtMs - this.#spec.withinMs
    for (const old of scanned.filter((r) => r.atMs < oldest))
      this.#stray(
        strayRead(old, 'unclaimed', null, `no trigger within ${this.#spec.withinMs} ms of the scan`),
      )
    this.#own.set(
      key(part),
      scanned.filter((r) => r.atMs >= oldest),
    )
  }

  complete(): boolean {
    return true
  }

  openUntilMs({ triggeredAtMs }: ArrivedPart): number {
    return triggeredAtMs
  }

  take(part: ArrivedPart): Given {
    const own = this.#own.get(key(part)) ?? []
    this.#own.delete(key(part))
    const reads = own.map((r) => readAsCode(r, 'manual'))
    const codes = [...new Set(own.map((r) => r.text))]
    if (part.unseen && codes.length > 0) {
      const actual = `${codes.join(' and ')}, scanned before it was noticed`
      const problem = associationProblem('spacing', part.trigger, 'a trigger that was seen', actual)
      return { reads: reads.map((r) => inDoubt(r, problem)), problem }
    }
    if (codes.length > 1)
      return { reads, problem: associationProblem('double', part.trigger, 'one code', codes.join(' and ')) }
    if (codes.length === 1 || !this.#spec.required) return { reads, problem: null }
    return {
      reads,
      problem: associationProblem(
        'missing',
        part.trigger,
        `a scan of ${this.#spec.reader} in the ${this.#spec.withinMs} ms before the trigger`,
        'none',
        'scan the part, then trigger; the part is held',
      ),
    }
  }
}

const key = ({ trigger, attempt }: ArrivedPart): string => `${attempt}/${trigger}`
