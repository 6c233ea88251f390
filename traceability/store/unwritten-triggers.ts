import { asCoded, type CountedTrigger, monoMs, type TriggerBalance } from '../../contracts/index.ts'

/** Store and spool answer sooner; what they have not taken by then waits for a disk, ms. */
const WRITTEN_WITHIN_MS = 2_000
/** So many are known at most; what a disk takes nothing of for hours is told all the same. */
const MOST = 20_000

/** Of a count that is known, as every one has it that the line takes in. */
type Trigger = CountedTrigger & { station: string; at: string }
interface Offered {
  readonly trigger: Trigger
  readonly sinceMs: number
  /** Its announcement is written: the balance has it as open. */
  announced: boolean
}

/** Triggers of which neither announcement nor record is written: what counts the records does not know of them. */
export class UnwrittenTriggers {
  readonly #offered = new Map<string, Offered>()

  announcing(trigger: Trigger, written: Promise<unknown>): void {
    const offered = this.#offer(trigger)
    void written.then(
      () => (offered.announced = true),
      () => undefined,
    )
  }

  recording(trigger: Trigger, written: Promise<unknown>): void {
    this.#offer(trigger)
    const recorded = (): void => void this.#offered.delete(keyOf(trigger))
    void written.then(recorded, (error: unknown) => {
      // It was written, though nobody heard so.
      if (asCoded(error, 'TRC_WRITE').code === 'TRC_DUPLICATE') recorded()
    })
  }

  /** What came before `next` is closed as interrupted. */
  closed(station: string, next: CountedTrigger): void {
    for (const [key, { trigger: t }] of this.#offered) {
      const isBefore = t.attempt === next.attempt ? t.trigger < next.trigger : t.attempt < next.attempt
      if (t.station === station && isBefore) this.#offered.delete(key)
    }
  }

  /** These balances of the triggers from one time (inclusive) to another (exclusive), RFC 3339 UTC, with what they lack. */
  beside(balances: readonly TriggerBalance[], from?: string, to?: string): TriggerBalance[] {
    const counts = this.#count(from, to)
    const unknown = [...counts.keys()].filter((station) => !balances.some((b) => b.station === station))
    const none = { triggers: 0, verdicts: 0, noVerdicts: 0, open: 0, closed: true }
    return [...balances, ...unknown.map((station) => ({ station, ...none }))].map((b) => {
      const unwritten = counts.get(b.station)
      return unwritten === undefined ? b : { ...b, closed: false, unwritten }
    })
  }

  #count(from = '', to = '9999'): Map<string, number> {
    const counts = new Map<string, number>()
    const before = monoMs() - WRITTEN_WITHIN_MS
    for (const { trigger, sinceMs, announced } of this.#offered.values())
      if (!announced && sinceMs <= before && trigger.at >= from && trigger.at < to)
        counts.set(trigger.station, (counts.get(trigger.station) ?? 0) + 1)
    return counts
  }

  #offer(trigger: Trigger): Offered {
    const key = keyOf(trigger)
    const known = this.#offered.get(key)
    if (known !== undefined) return known
    const offered = { trigger, sinceMs: monoMs(), announced: false }
    if (this.#offered.size < MOST) this.#offered.set(key, offered)
    return offered
  }
}

const keyOf = ({ station, attempt, trigger }: Trigger): string => `${station}\n${attempt}\n${trigger}`
