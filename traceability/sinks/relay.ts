import { setTimeout as sleep } from 'node:timers/promises'
import { asCoded, type CodedError, type EventLog, type LoggedEvent } from '../../contracts/index.ts'
import type { ConsumerLedger } from '../store/part-store.ts'
import type { EventSink } from './event-sink.ts'

export interface RelayOptions {
  log: EventLog
  ledger: ConsumerLedger
  sink: EventSink
  /** Which events the sink gets; the others are passed over. Default: all. */
  takes?: (type: string) => boolean
  /** Failed tries of an event before it becomes a dead letter; a receiver that is away has no limit. */
  attempts?: number
  /** Pause after the first failure, doubled up to `maxRetryMs`, ms. */
  firstRetryMs?: number
  maxRetryMs?: number
  /** Hears when an event is not taken for the first time, taken after that, or set aside. */
  onChange?: (what: 'retrying' | 'delivered' | 'dead', fact: RetryFact) => void
  /** Hears of a ledger or log that refuses. */
  onAlarm?: (error: CodedError) => void
}

export interface RetryFact {
  position: number
  attempts: number
  reason: string
}

export interface RelayHealth {
  sink: string
  /** Last event dealt with. */
  position: number
  delivered: number
  dead: number
  /** The event that is being tried again, when there is one. */
  retrying: RetryFact | null
  /** The last event that was set aside since the start. */
  lastDead: (RetryFact & { at: string }) | null
}

/** Events read at once; the cursor is stored after each such batch, so that a crash repeats at most this many. */
const BATCH = 50

/**
 * Carries the log to one sink: in order, at least once, cursor kept in the store. An event that fails holds back the
 * ones behind it until it is delivered or becomes a dead letter with its reason.
 */
export class Relay {
  readonly #o: Required<RelayOptions>
  readonly #stop = new AbortController()
  #position = 0
  #delivered = 0
  #dead = 0
  #retrying: RelayHealth['retrying'] = null
  #lastDead: RelayHealth['lastDead'] = null
  #rewind: number | null = null
  #woken: () => void = () => undefined
  #running: Promise<void> | null = null

  constructor(options: RelayOptions) {
    this.#o = {
      attempts: 10,
      firstRetryMs: 500,
      maxRetryMs: 60_000,
      takes: () => true,
      onChange: () => undefined,
      onAlarm: () => undefined,
      ...options,
    }
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Delivers everything behind this position again. */
  replayFrom(position: number): void {
    this.#rewind = position
    this.#woken()
  }

  health(): RelayHealth {
    return {
      sink: this.#o.sink.name,
      position: this.#position,
      delivered: this.#delivered,
      dead: this.#dead,
      retrying: this.#retrying,
      lastDead: this.#lastDead,
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#woken()
    await this.#running
  }

  async #run(): Promise<void> {
    const stopped = this.#o.log.onAppend(() => this.#woken())
    let known = false
    while (!this.#stop.signal.aborted) {
      try {
        if (!known) this.#position = await this.#o.ledger.cursor(this.#consumer)
        known = true
        if (this.#rewind !== null) await this.#moveTo(this.#rewind)
        this.#rewind = null
        await this.#round()
      } catch (error) {
        this.#o.onAlarm(asCoded(error, 'TRC_WRITE'))
        await this.#pause(this.#o.firstRetryMs)
      }
    }
    stopped()
  }

  get #consumer(): string {
    return `sink:${this.#o.sink.name}`
  }

  /** One batch, or a wait for news. */
  async #round(): Promise<void> {
    // Asked for before reading, so that an event appended in between wakes the next wait.
    const news = this.#listen()
    const events = this.#o.log.read(this.#position, BATCH)
    if (events.length === 0) {
      await news
      return
    }
    let done = this.#position
    for (const event of events) {
      if (this.#stop.signal.aborted || this.#rewind !== null) break
      if (this.#o.takes(event.event.type) && !(await this.#deliver(event))) break
      done = event.position
    }
    if (done !== this.#position) await this.#moveTo(done)
  }

  async #moveTo(position: number): Promise<void> {
    await this.#o.ledger.advance(this.#consumer, position)
    this.#position = position
  }

  /** True when the event is dealt with; false when the relay stops or rewinds in between. */
  async #deliver(event: LoggedEvent): Promise<boolean> {
    const { sink, attempts, firstRetryMs, maxRetryMs, onChange } = this.#o
    const { position } = event
    let failed = 0
    for (let n = 1; ; n++) {
      const delivery = await sink.deliver(event, this.#stop.signal)
      if (delivery.ok) {
        if (this.#retrying) onChange('delivered', this.#retrying)
        this.#retrying = null
        this.#delivered += 1
        return true
      }
      if (this.#stop.signal.aborted) return false
      const { reason, why } = delivery
      if (why === 'failed') failed += 1
      const fact = { position, attempts: n, reason }
      const entry = { sink: this.#consumer, ...fact, at: new Date().toISOString() }
      if (why === 'refused' || failed >= attempts) {
        await this.#o.ledger.letter({ ...entry, state: 'dead' })
        this.#retrying = null
        this.#dead += 1
        this.#lastDead = { ...fact, at: entry.at }
        onChange('dead', fact)
        return true
      }
      if (n === 1) await this.#o.ledger.letter({ ...entry, state: 'retry' })
      this.#retrying = fact
      if (n === 1) onChange('retrying', fact)
      await this.#pause(Math.min(firstRetryMs * 2 ** Math.min(n - 1, 20), maxRetryMs))
      if (this.#rewind !== null) return false
    }
  }

  #listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#woken = resolve
      if (this.#stop.signal.aborted || this.#rewind !== null) resolve()
    })
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined)
  }
}
