import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '../sinks/event-sink.ts'
import type { EpcFormat } from './epc-format.ts'
import type { EpcisThread } from './epcis-thread.ts'
import type { QueryParams } from './query-params.ts'
import { nextTime, type Schedule } from './schedule.ts'

export interface StandingOptions {
  thread: EpcisThread
  params: QueryParams
  queryName: string
  subscriptionID: string
  format: EpcFormat
  /** Null = whenever an event matches. */
  schedule: Schedule | null
  reportIfEmpty: boolean
  /** Events up to this one are not reported. */
  cursor: number
  deliver(body: string, signal: AbortSignal): Promise<Delivery>
  /** Failed tries of a delivery before it is set aside; a receiver that is away has no limit. */
  attempts?: number
  firstRetryMs?: number
  maxRetryMs?: number
  /** Hears of progress, to keep it; awaited. */
  onProgress(p: Progress): Promise<void>
  onAlarm(error: unknown): void
}

export interface Progress {
  what: 'delivered' | 'empty' | 'retrying' | 'dead'
  fromN: number
  toN: number
  attempts: number
  reason: string | null
  at: string
}

/** Events per delivery. */
const PER_DOCUMENT = 100

/**
 * A query that is asked again whenever events arrive, or by a schedule (EPCIS 2.0, 8.2.5). In order, at least once,
 * from a cursor: a delivery that fails holds back the ones behind it until it goes through or is set aside.
 */
export class StandingQuery {
  readonly #o: Required<StandingOptions>
  readonly #stop = new AbortController()
  #cursor: number
  #woken: () => void = () => undefined
  #running: Promise<void> | null = null

  constructor(options: StandingOptions) {
    this.#o = { attempts: 10, firstRetryMs: 1_000, maxRetryMs: 300_000, ...options }
    this.#cursor = options.cursor
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#woken()
    await this.#running
  }

  async #run(): Promise<void> {
    const { thread, schedule, onAlarm, firstRetryMs } = this.#o
    const stopped = thread.onReached(() => this.#woken())
    while (!this.#stop.signal.aborted) {
      try {
        if (schedule === null) await this.#stream()
        else await this.#scheduled(schedule)
      } catch (error) {
        if (this.#stop.signal.aborted) break
        onAlarm(error)
        await this.#pause(firstRetryMs)
      }
    }
    stopped()
  }

  async #stream(): Promise<void> {
    const news = new Promise<void>((resolve) => {
      this.#woken = resolve
      if (this.#stop.signal.aborted) resolve()
    })
    if (!(await this.#report(false))) await news
  }

  async #scheduled(schedule: Schedule): Promise<void> {
    const due = nextTime(schedule, Date.now())
    // Days ahead are waited for in parts: a timer holds 24 days.
    const waitMs = due === null ? 86_400_000 : Math.min(due - Date.now(), 86_400_000)
    await this.#pause(waitMs)
    if (this.#stop.signal.aborted || due === null || Date.now() < due) return
    let reported = false
    while (await this.#report(this.#o.reportIfEmpty && !reported)) reported = true
  }

  /** One delivery; false when there was nothing left to deliver. */
  async #report(evenIfEmpty: boolean): Promise<boolean> {
    const { thread, params } = this.#o
    const end = await thread.events.end()
    const { queryName, subscriptionID, format } = this.#o
    const { body, count, lastN, next } = await thread.answers.document(
      { params, perPage: PER_DOCUMENT, after: null, afterN: this.#cursor },
      { queryName, subscriptionID, format },
    )
    if (count === 0 && !evenIfEmpty) {
      // Events in between match nothing; they need not be looked at again.
      this.#cursor = Math.max(this.#cursor, end)
      return false
    }
    const toN = next === null ? Math.max(end, lastN) : lastN
    const fromN = this.#cursor
    if (!(await this.#deliver(body, { fromN, toN, empty: count === 0 }))) return false
    this.#cursor = toN
    return next !== null
  }

  /** True when the delivery is dealt with, false when the query ends in between. */
  async #deliver(body: string, d: { fromN: number; toN: number; empty: boolean }): Promise<boolean> {
    const { deliver, attempts, firstRetryMs, maxRetryMs, onProgress } = this.#o
    let failed = 0
    for (let n = 1; !this.#stop.signal.aborted; n++) {
      const delivery = await deliver(body, this.#stop.signal)
      const progress = (what: Progress['what'], reason: string | null): Promise<void> =>
        onProgress({ what, fromN: d.fromN, toN: d.toN, attempts: n, reason, at: new Date().toISOString() })
      if (delivery.ok) {
        await progress(d.empty ? 'empty' : 'delivered', null)
        return true
      }
      if (this.#stop.signal.aborted) return false
      if (delivery.why === 'failed') failed += 1
      if (delivery.why === 'refused' || failed >= attempts) {
        await progress('dead', delivery.reason)
        return true
      }
      await progress('retrying', delivery.reason)
      await this.#pause(Math.min(firstRetryMs * 2 ** Math.min(n - 1, 20), maxRetryMs))
    }
    return false
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined)
  }
}
