import { asCoded, type LineSpec, monoMs, type PartStore, uuidv5 } from '../../contracts/index.ts'
import type { ModelWatch, ReviewItem } from '../../models/index.ts'
import type { Questions } from '../../traceability/query/index.ts'
import { diskStandsStill } from '../../traceability/index.ts'
import { log } from '../setup/log.ts'

export interface OverdueParts {
  spec: LineSpec
  watch: ModelWatch
  store: Pick<PartStore, 'recordFact'>
  part: Questions['part']
  /** Writes the events of alarms into the log. */
  tell(): Promise<void>
  /** Whether the disk of `watch` takes what is written now. */
  diskAnswers(): Promise<boolean>
}

const EVERY_MS = 30_000
/** Parts of a station looked at in one turn: the next one goes on behind them, and begins again after the last. */
const PER_TURN = 20

/** A clock that is set forward by more says nothing of how long parts have waited, ms. */
const CLOCK_SET_MS = 60_000

/** How far the parts of a station have been looked at. */
interface Round {
  after: number
  /** Of those that still wait. */
  oldest: ReviewItem | null
}

/** Ids of decisions: the same part is decided about once, however often it is tried. */
const NAMESPACE = '5f0c1d5e-58b4-4b58-9c53-5f7a0a3f6d11'

/**
 * What the rules could not tell waits for a person. After `watch.greyDueMin` an alarm says so, or, by
 * `watch.greyOverdue`, the part goes to rework or scrap, once the line has run for so long; nothing lets it go on but a
 * person.
 */
export class OverdueReviews {
  readonly #parts: OverdueParts
  readonly #timer: NodeJS.Timeout
  readonly #rounds = new Map<string, Round>()
  #turn: Promise<void> = Promise.resolve()
  #aheadMs = Date.now() - monoMs()
  /** When the clock was last set forward, by itself, ms since 1970. */
  #setAtMs = -Infinity
  /** Nobody could look at a part before, and how far the clock was set meanwhile nobody knows, ms since 1970. */
  #startedMs = Date.now()

  constructor(parts: OverdueParts) {
    this.#parts = parts
    this.#timer = setInterval(() => void this.look(new Date()), EVERY_MS)
    this.#timer.unref()
  }

  /** Never fails: what goes wrong is logged, and tried again the next time. */
  look(now: Date): Promise<void> {
    this.#turn = this.#turn
      .then(() => this.#look(now))
      .catch((error: unknown) => {
        const { code, message } = asCoded(error, 'MDL_LIFE')
        log.warn({ code, message }, 'overdue reviews cannot be looked for; trying again')
      })
    return this.#turn
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#turn
  }

  async #look(now: Date): Promise<void> {
    const { spec, watch, tell } = this.#parts
    const aheadMs = Date.now() - monoMs()
    // One that was set forward, and then back, counts from there.
    if (aheadMs - this.#aheadMs > CLOCK_SET_MS || this.#setAtMs > Date.now()) this.#setAtMs = Date.now()
    this.#aheadMs = aheadMs
    // All that waits now would seem to have waited since long before: it waits anew.
    if (now.getTime() - this.#setAtMs < spec.watch.greyDueMin * 60_000) return
    const due = new Date(now.getTime() - spec.watch.greyDueMin * 60_000).toISOString()
    for (const { id } of spec.stations) {
      const round = this.#rounds.get(id) ?? { after: 0, oldest: null }
      const items = watch.queue.overdue(id, due, { after: round.after, limit: PER_TURN })
      for (const item of items)
        if (await this.#settledOrLogged(item, now)) {
          await this.#needDisk()
          watch.queue.settle(item.inspectionId)
        } else round.oldest ??= item
      const whole = items.length < PER_TURN
      await this.#needDisk()
      if (whole || round.oldest !== null) watch.overdue(id, round.oldest, now.toISOString())
      this.#rounds.set(
        id,
        whole ? { after: 0, oldest: null } : { ...round, after: items.at(-1)?.position ?? 0 },
      )
    }
    await tell()
  }

  /** @throws TRC_WRITE where the disk stands still: what is written would stand with it, and the thread of the gate. */
  async #needDisk(): Promise<void> {
    if (!(await this.#parts.diskAnswers())) throw diskStandsStill()
  }

  /** One part that cannot be decided about keeps no other one waiting. */
  #settledOrLogged(item: ReviewItem, now: Date): Promise<boolean> {
    return this.#settled(item, now).catch((error: unknown) => {
      const { code, message } = asCoded(error, 'MDL_LIFE')
      log.warn({ code, message, inspection: item.inspectionId }, 'an overdue review stays open')
      return false
    })
  }

  /** Whether nobody needs to look at it any more: judged again, decided about, or decided here. */
  async #settled(item: ReviewItem, now: Date): Promise<boolean> {
    const { spec, part, store } = this.#parts
    const found = await part(item.inspectionId)
    const row = found?.row
    if (!row || row.disposition !== 'hold') return true
    // what another station sees of the part says nothing about what this one could not tell
    if (found.siblings.some((s) => s.station === item.station && s.position > item.position)) return true
    const then = spec.watch.greyOverdue
    // Where the clock is set back it has run for no time yet.
    this.#startedMs = Math.min(this.#startedMs, now.getTime())
    if (then === 'hold' || now.getTime() - this.#startedMs < spec.watch.greyDueMin * 60_000) return false
    await store.recordFact(
      {
        id: uuidv5(NAMESPACE, item.inspectionId),
        at: now.toISOString(),
        by: 'sightline',
        kind: 'dispose',
        unit: row.unit,
        disposition: then,
        inspection: item.inspectionId,
        over: row.decision?.fact ?? null,
        reason: `not reviewed within ${spec.watch.greyDueMin} min (watch.greyOverdue) · 超时未复核`,
      },
      { plant: spec.plant, line: spec.line },
    )
    return true
  }
}
