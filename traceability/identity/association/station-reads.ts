import {
  type ArrivedPart,
  type AssociatedRead,
  type AssociationSpec,
  type CodeRead,
  type ExpectedReads,
  type IdentityRead,
  monoMs,
  type PartPlace,
  type PartReads,
  placeNameSchema,
  type ReadsBeside,
} from '../../../contracts/index.ts'
import { FifoSection } from './fifo-section.ts'
import { ManualSection } from './manual-section.ts'
import { PlacedSection } from './placed-section.ts'
import { type AssociationProblem, doubtful, noPlace, twoPlaces } from './problem.ts'
import type { ReaderSection, Section, StrayRead } from './section.ts'

export interface StationReadsOptions {
  association: readonly AssociationSpec[]
  budgetMs: number
  /** How long after a code was at the reader its read may come, ms. */
  lagMs(reader: string): number
  /** Why a reader cannot read just now; null = it can. */
  away(reader: string): string | null
  /** Hears of every read that no part got in time. */
  stray(read: StrayRead): void
}

/** What is read beside the camera of one station, given to its parts; and its parts, passed on to the stations behind. */
export class StationReads implements ReadsBeside {
  readonly #readers: ReaderSection[] = []
  readonly #sections: Section[] = []
  /** Sections whose reads name where a part was formed or what holds it. */
  readonly #places = new Map<Section, 'cavity' | 'fixture'>()
  /** Where this station gets parts from, by station. */
  readonly upstream: FifoSection[] = []
  /** Sections of stations behind that go by the order of this one. */
  readonly #downstream: { station: StationReads; section: FifoSection }[] = []
  readonly #waiting = new Set<() => void>()

  /** @throws CFG_INVALID */
  constructor({ association, budgetMs, lagMs, away, stray }: StationReadsOptions) {
    for (const spec of association) {
      if (spec.by === 'fifo') {
        this.upstream.push(new FifoSection(spec, budgetMs))
        continue
      }
      const { reader, says } = spec
      const options = { budgetMs, lagMs: lagMs(reader), away: () => away(reader), stray }
      const section = spec.by === 'manual' ? new ManualSection(spec, stray) : new PlacedSection(spec, options)
      this.#readers.push(section)
      if (says !== 'part') this.#places.set(section, says)
    }
    this.#sections = [...this.#readers, ...this.upstream]
  }

  /** Parts of this station go on to another one, in order. */
  feeds(station: StationReads, section: FifoSection): void {
    this.#downstream.push({ station, section })
  }

  /** A read of one of the readers; those of others are none of this station's business. */
  read(read: IdentityRead): void {
    for (const section of this.#readers) if (section.reader === read.source) section.read(read)
    this.#wake()
  }

  arrived(part: ArrivedPart): ExpectedReads {
    for (const section of this.#sections) section.arrive(part)
    const behind = this.#downstream.map(({ station, section }) => ({
      station,
      name: section.passed(part.triggeredAtMs),
    }))
    return {
      decide: (untilMs) => this.#decide(part, untilMs),
      named: (codes: readonly CodeRead[]) => {
        for (const { station, name } of behind) {
          name(codes)
          // What was decided here may be what a part there waits for.
          station.#wake()
        }
      },
    }
  }

  async #decide(part: ArrivedPart, untilMs: number): Promise<PartReads> {
    await Promise.all(
      this.#sections.map((s) =>
        this.#settled(() => s.complete(part), Math.min(untilMs, s.openUntilMs(part))),
      ),
    )
    const reads: AssociatedRead[] = []
    const names = { cavity: new Set<string>(), fixture: new Set<string>() }
    let problem: AssociationProblem | null = null
    for (const section of this.#sections) {
      const says = this.#places.get(section)
      const given = section.take(part)
      problem ??= given.problem
      if (says === undefined) reads.push(...given.reads)
      else if (given.problem === null) {
        const name = given.reads.find((r) => r.ok)?.text
        if (name === undefined) continue
        if (placeNameSchema.safeParse(name).success) names[says].add(name)
        else problem ??= noPlace(part.trigger, says, name)
      }
    }
    const place: PartPlace = {}
    for (const says of ['cavity', 'fixture'] as const) {
      const [name, ...others] = names[says]
      if (others.length > 0) problem ??= twoPlaces(part.trigger, says, [...names[says]])
      else if (name !== undefined) place[says] = name
    }
    const named = Object.keys(place).length > 0
    return { reads, ...(named && { place }), problem: problem && doubtful(problem) }
  }

  /** Waits until `complete` or `atMs`, whichever comes first. */
  #settled(complete: () => boolean, atMs: number): Promise<void> {
    const waitMs = atMs - monoMs()
    if (waitMs <= 0 || complete()) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve()
      }
      const look = (): void => {
        if (complete()) done()
      }
      const timer = setTimeout(done, Math.ceil(waitMs))
      this.#waiting.add(look)
    })
  }

  #wake(): void {
    for (const look of this.#waiting) look()
  }
}
