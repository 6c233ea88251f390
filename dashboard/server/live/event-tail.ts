import type { LoggedEvent } from '../../../contracts/index.ts'
import type { DashboardLog, LiveLine, PartQueries } from '../ports.ts'

const PAGE = 200
const FALLBACK_MS = 1_000

/**
 * Follows the event log from its present end. Woken by the line, and by a slow timer for events that another
 * process wrote. A failing read is logged and tried again: events are never skipped.
 */
export class EventTail {
  readonly #queries: Pick<PartQueries, 'eventsAfter' | 'lastPosition'>
  readonly #live: Pick<LiveLine, 'onAppend'>
  readonly #log: DashboardLog
  readonly #listeners = new Set<(batch: LoggedEvent[]) => Promise<void> | void>()
  #position = 0
  #pumping = false
  #again = false
  #stopped = false
  #release: (() => void) | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(
    queries: Pick<PartQueries, 'eventsAfter' | 'lastPosition'>,
    live: Pick<LiveLine, 'onAppend'>,
    log: DashboardLog,
  ) {
    this.#queries = queries
    this.#live = live
    this.#log = log
  }

  get position(): number {
    return this.#position
  }

  async start(): Promise<void> {
    this.#position = await this.#queries.lastPosition()
    this.#release = this.#live.onAppend(() => this.#wake())
    this.#timer = setInterval(() => this.#wake(), FALLBACK_MS)
    this.#timer.unref()
  }

  /** The listener is awaited before the next batch is read. */
  subscribe(listener: (batch: LoggedEvent[]) => Promise<void> | void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stop(): void {
    this.#stopped = true
    this.#release?.()
    if (this.#timer) clearInterval(this.#timer)
  }

  #wake(): void {
    this.#again = true
    if (!this.#pumping) void this.#pump()
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        await this.#drain()
      }
    } catch (error) {
      this.#log.error({ err: error, position: this.#position }, 'the event log cannot be read; trying again')
    } finally {
      this.#pumping = false
    }
  }

  async #drain(): Promise<void> {
    for (;;) {
      const batch = await this.#queries.eventsAfter(this.#position, PAGE)
      const last = batch.at(-1)
      if (!last || this.#stopped) return
      for (const listener of this.#listeners) await listener(batch)
      this.#position = last.position
      if (batch.length < PAGE) return
    }
  }
}
