import type { ArrivedPart, AssociationSpec, CodeRead } from '../../../contracts/index.ts'
import { StationFifo } from './station-fifo.ts'
import type { Given, Section } from './section.ts'

type FifoSpec = Extract<AssociationSpec, { by: 'fifo' }>

/** Parts on the way whose codes are kept; far more than fit between two stations. */
const REMEMBERED = 4_096

/** Parts that come in order from a station before: they are known here by the codes they were known by there. */
export class FifoSection implements Section {
  readonly #spec: FifoSpec
  readonly #budgetMs: number
  readonly #fifo: StationFifo
  /** Codes of the passages upstream, by a count of their own: trigger counters begin anew. */
  readonly #codes = new Map<number, readonly CodeRead[]>()
  readonly #undecided = new Set<number>()
  #passages = 0

  /** @throws CFG_INVALID */
  constructor(spec: FifoSpec, budgetMs: number) {
    this.#spec = spec
    this.#budgetMs = budgetMs
    this.#fifo = new StationFifo(spec)
  }

  get from(): string {
    return this.#spec.from
  }

  /** A part left upstream. @returns tells once by which codes it is known there */
  passed(atMs: number): (codes: readonly CodeRead[]) => void {
    const trigger = ++this.#passages
    this.#undecided.add(trigger)
    this.#fifo.enter({ trigger, text: null, atMs })
    return (codes) => {
      this.#undecided.delete(trigger)
      if (codes.length === 0) return
      this.#codes.set(trigger, codes)
      this.#codes.delete(trigger - REMEMBERED)
      // Late for a part that has left already: that one was held as missing.
      this.#fifo.enter({ trigger, text: String(trigger), atMs })
    }
  }

  arrive(): void {
    // Its place is the time of its trigger, which is asked for when it is taken.
  }

  complete({ triggeredAtMs }: ArrivedPart): boolean {
    return !this.#fifo.candidates(triggeredAtMs).some((p) => this.#undecided.has(p.trigger))
  }

  openUntilMs({ triggeredAtMs }: ArrivedPart): number {
    return triggeredAtMs + this.#budgetMs
  }

  take({ trigger, triggeredAtMs, unseen }: ArrivedPart): Given {
    // By the time at which it was noticed it would be the part behind it.
    if (unseen) return { reads: [], problem: null }
    const found = this.#fifo.leave(trigger, triggeredAtMs)
    if (!found.ok) {
      const { problem } = found
      return { reads: [], problem: problem.kind === 'missing' && !this.#spec.required ? null : problem }
    }
    const codes = this.#codes.get(found.from) ?? []
    this.#codes.delete(found.from)
    const tool = `station:${this.#spec.from}`
    return {
      reads: codes.map(({ symbology, symbologyId, text }) => ({
        tool,
        ok: true,
        symbology,
        symbologyId,
        text,
        corners: [],
        associatedBy: 'fifo',
      })),
      problem: null,
    }
  }
}
