import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '../sinks/event-sink.ts'
import { retryPauseMs } from '../sinks/retry-pause.ts'
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
  /** When it was asked last by its schedule, ms; a time that came since, as while the line was off, is made up for. */
  askedMs?: number
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
  /** `asked`: a time of the schedule is dealt with, also where there was nothing to report. */
  what: 'delivered' | 'empty' | 'retrying' | 'dead' | 'asked'
  fromN: number
  toN: number
  attempts: number
  reason: string | null
  at: string
}

type Found = Awaited<ReturnType<EpcisThread['answers']['report']>> & {
  /** Events up to here were looked at, of those up to the end. */
  upToN: number
  end: number
}

/** Events per delivery. */
const PER_DOCUMENT = 100
/** Events looked at in one search: some seconds at most, where a query may take ten. */
const AT_ONCE = 20_000
/** How long a schedule waits before it looks at the clock again, ms. */
const CLOCK_MS = 60_000

/**
 * A query that is asked again whenever events arrive, or by a schedule (EPCIS 2.0, 8.2.5). In order, at least once,
 * from a cursor: a delivery that fails holds back the ones behind it until it goes through or is set aside.
 */
export class StandingQuery {
  readonly #o: Required<Omit<StandingOptions, 'askedMs'>>
  readonly #stop = new AbortController()
  #cursor: number
  /** The time of the schedule that is not dealt with yet, ms; null = to be found. */
  #dueMs: number | null
  /** Events of the next delivery, at most: fewer while the receiver finds more too large. */
  #most = PER_DOCUMENT
  #woken: () => void = () => undefined
  #running: Promise<void> | null = null

  constructor(options: StandingOptions) {
    this.#o = { attempts: 10, firstRetryMs: 1_000, maxRetryMs: 300_000, ...options }
    this.#cursor = options.cursor
    const { schedule, askedMs } = options
    this.#dueMs = schedule === null || askedMs === undefined ? null : nextTime(schedule, askedMs)
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
    const now = Date.now()
    const next = nextTime(schedule, now)
    // A time stays due until it is dealt with: a timer that ends just before it, or a search that fails, must not have
    // it wait for the next one. The earlier of the two, since the clock may be set back.
    if (next !== null) this.#dueMs = Math.min(this.#dueMs ?? next, next)
    const due = this.#dueMs
    // Waited for in parts, since the clock may be set meanwhile.
    if (due === null || due > now) await this.#pause(Math.min((due ?? Infinity) - now, CLOCK_MS))
    if (this.#stop.signal.aborted || due === null || Date.now() < due) return
    const at = new Date().toISOString()
    let reported = false
    while (await this.#report(this.#o.reportIfEmpty && !reported)) reported = true
    if (this.#stop.signal.aborted) return
    this.#dueMs = null
    const n = this.#cursor
    await this.#o.onProgress({ what: 'asked', fromN: n, toN: n, attempts: 0, reason: null, at })
  }

  /** One delivery; false when there was nothing left to deliver. */
  async #report(evenIfEmpty: boolean): Promise<boolean> {
    const { body, count, lastN, next, unwritable, upToN, end } = await this.#found()
    if (count === 0 && !evenIfEmpty) {
      // Events in between match nothing; they need not be looked at again.
      this.#cursor = Math.max(this.#cursor, upToN)
      return false
    }
    const toN = next === null ? upToN : lastN
    const fromN = this.#cursor
    if (unwritable !== null) await this.#progress('dead', { fromN, toN, attempts: 0, reason: unwritable })
    else {
      const dealt = await this.#deliver(body, { fromN, toN, count })
      if (dealt === 'smaller') this.#most = Math.floor(count / 2)
      if (dealt !== 'done') return dealt === 'smaller'
    }
    this.#cursor = toN
    if (toN >= end) this.#most = PER_DOCUMENT
    return toN < end
  }

  /** The next events that match, looked for in parts: the search of one part takes no time that a query may not take. */
  async #found(): Promise<Found> {
    const { thread, params, queryName, subscriptionID, format } = this.#o
    const end = await thread.events.end()
    for (;;) {
      const afterN = this.#cursor
      const upToN = Math.min(end, afterN + AT_ONCE)
      const found = await thread.answers.report(
        { params, perPage: this.#most, after: null, among: { afterN, upToN } },
        { queryName, subscriptionID, format },
      )
      if (found.count > 0 || upToN >= end || this.#stop.signal.aborted) return { ...found, upToN, end }
      this.#cursor = upToN
    }
  }

  /** `smaller`: it is to be sent in parts; `ended`: the query ends in between. */
  async #deliver(
    body: string,
    d: { fromN: number; toN: number; count: number },
  ): Promise<'done' | 'smaller' | 'ended'> {
    const { deliver, attempts } = this.#o
    let failed = 0
    for (let n = 1; !this.#stop.signal.aborted; n++) {
      const delivery = await deliver(body, this.#stop.signal)
      const { fromN, toN } = d
      const progress = (what: Progress['what'], reason: string | null): Promise<void> =>
        this.#progress(what, { fromN, toN, attempts: n, reason })
      if (delivery.ok) {
        await progress(d.count === 0 ? 'empty' : 'delivered', null)
        return 'done'
      }
      if (this.#stop.signal.aborted) return 'ended'
      if (delivery.tooLarge === true && d.count > 1) return 'smaller'
      if (delivery.why === 'failed') failed += 1
      if (delivery.why === 'refused' || failed >= attempts) {
        await progress('dead', delivery.reason)
        return 'done'
      }
      await progress('retrying', delivery.reason)
      await this.#pause(retryPauseMs(n, this.#o, delivery.afterMs))
    }
    return 'ended'
  }

  #progress(what: Progress['what'], p: Omit<Progress, 'what' | 'at'>): Promise<void> {
    return this.#o.onProgress({ what, ...p, at: new Date().toISOString() })
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined)
  }
}
