import type { Frame, InspectJob, InspectOutcome, PartContext } from '../../contracts/index.ts'
import type { JudgedPart } from './judged-part.ts'

/** One part as two recipes judged it. */
export interface ShadowComparison {
  station: string
  /** `id@version` of the shadow. */
  candidate: string
  part: JudgedPart
  outcome: InspectOutcome
}

export interface SpareWorkers {
  hasSpare(keepFree: number): boolean
  /** Null when no worker can be spared. */
  inspectSpare(job: InspectJob, keepFree: number): Promise<InspectOutcome> | null
}

export interface ShadowCounts {
  judged: number
  /** Parts that went by because no worker could be spared. */
  skipped: number
  /** Judgements that were lost with their worker, or could not be kept. */
  failed: number
}

/**
 * Candidate recipes that look at live parts after the gate was served. A shadow gets a worker only when enough others
 * stay idle for the frames that may come meanwhile, one per station; so it never delays a verdict, and a line without
 * a worker to spare has no shadow.
 */
export class Shadow {
  readonly #workers: SpareWorkers
  readonly #keepFree: number
  /** May throw when it cannot keep what was seen. */
  readonly #onCompared: (c: ShadowComparison) => void
  readonly #mayKeep: () => Promise<void>
  readonly #candidates = new Map<string, { recipe: string; counts: ShadowCounts }>()

  /** @param mayKeep asked before each comparison is handed over; rejects where it could not be kept now */
  constructor(
    workers: SpareWorkers,
    keepFree: number,
    onCompared: (c: ShadowComparison) => void,
    mayKeep: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.#workers = workers
    this.#keepFree = keepFree
    this.#onCompared = onCompared
    this.#mayKeep = mayKeep
  }

  /** @param recipe `id@version`, prepared in the workers; null = none any more */
  set(station: string, recipe: string | null): void {
    if (recipe === null) this.#candidates.delete(station)
    else this.#candidates.set(station, { recipe, counts: { judged: 0, skipped: 0, failed: 0 } })
  }

  counts(station: string): ShadowCounts | null {
    return this.#candidates.get(station)?.counts ?? null
  }

  /**
   * Looks at a frame when its gate was served; the slot is kept until then, and no longer. Never rejects.
   *
   * @param settling the part on its way to record and gate
   */
  async after(settling: Promise<JudgedPart>, frame: Frame, context: PartContext): Promise<void> {
    if (!this.#candidates.has(context.station)) return
    try {
      this.#look(frame, await settling, context)
    } catch {
      // What went wrong with the part is its own affair; a frame that cannot be copied is a part not looked at.
      const counts = this.#candidates.get(context.station)?.counts
      if (counts) counts.failed += 1
    }
  }

  #look(frame: Frame, part: JudgedPart, context: PartContext): void {
    const { station } = part
    const candidate = this.#candidates.get(station)
    // A challenge part has no verdict to compare with, whatever was seen on it.
    if (!candidate || part.outcome.verdict.noVerdict?.reason === 'challenge') return
    const { recipe, counts } = candidate
    if (!this.#workers.hasSpare(this.#keepFree)) {
      counts.skipped += 1
      return
    }
    const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
    const { reference } = frame
    const job: InspectJob = {
      meta: frame.meta,
      pixels: {
        in: 'message',
        bytes: copy(frame.bytes),
        ...(reference ? { reference: { bytes: copy(reference.bytes), format: reference.format } } : {}),
      },
      recipe,
      context,
      deadlineMs: Infinity,
    }
    const judging = this.#workers.inspectSpare(job, this.#keepFree)
    if (!judging) {
      counts.skipped += 1
      return
    }
    judging
      .then(async (outcome) => {
        await this.#mayKeep()
        if (this.#candidates.get(station) === candidate)
          this.#onCompared({ station, candidate: recipe, part, outcome })
        counts.judged += 1
      })
      .catch(() => (counts.failed += 1))
  }
}
