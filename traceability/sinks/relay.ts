import { setTimeout as sleep } from 'node:timers/promises'
import { asCoded, type CodedError, type EventLog, type LoggedEvent } from '../../contracts/index.ts'
import type { ConsumerLedger } from '../store/consumer-ledger.ts'
import { sendDeadLetters } from './dead-letters.ts'
import type { EventSink } from './event-sink.ts'
import { checkReplay, consumerOf } from './replay-ask.ts'
import { retryPauseMs } from './retry-pause.ts'

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
  /**
   * Hears when an event is not taken for the first time, taken after that, or set aside; and when events of a type begin
   * to be thrown away by who takes them.
   */
  onChange?: (what: 'retrying' | 'delivered' | 'dead' | 'unheard', fact: RetryFact) => void
  /** Hears how the dead letters fared that somebody asked to send again. */
  onDeadSent?: (sent: { taken: number; refused: number }) => void
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
  retrying: (RetryFact & { since: string }) | null
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
  /** The cursor was read. */
  #known = false
  #delivered = 0
  #dead = 0
  #retrying: RelayHealth['retrying'] = null
  #lastDead: RelayHealth['lastDead'] = null
  /** Types of events that nobody got last time. */
  readonly #unheard = new Set<string>()
  #rewind: number | null = null
  #deadAsked = false
  #hurry = new AbortController()
  #woken: () => void = () => undefined
  #running: Promise<void> | null = null

  constructor(options: RelayOptions) {
    this.#o = {
      attempts: 10,
      firstRetryMs: 500,
      maxRetryMs: 60_000,
      takes: () => true,
      onChange: () => undefined,
      onDeadSent: () => undefined,
      onAlarm: () => undefined,
      ...options,
    }
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /**
   * Delivers everything behind this position again. Resolves when the cursor stands there for good, so that a crash
   * does not forget it.
   *
   * @throws TRC_SINK for a position that the sink has not come to; what the ledger refuses
   */
  async replayFrom(position: number): Promise<void> {
    const cursor =
      this.#rewind ?? (this.#known ? this.#position : await this.#o.ledger.cursor(this.#consumer))
    checkReplay(this.#o.sink.name, position, cursor)
    this.#rewind = Math.min(position, this.#rewind ?? position)
    this.#interrupt()
    // Behind every advance of the relay itself that is under way: it makes none while this one is not taken up.
    await this.#o.ledger.advance(this.#consumer, this.#rewind)
  }

  /** Delivers the dead letters again, once each; what is not taken stays one. */
  replayDead(): void {
    this.#deadAsked = true
    this.#interrupt()
  }

  #interrupt(): void {
    this.#woken()
    this.#hurry.abort()
  }

  get #asked(): boolean {
    return this.#rewind !== null || this.#deadAsked
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
    while (!this.#stop.signal.aborted) {
      try {
        if (!this.#known) this.#position = await this.#o.ledger.cursor(this.#consumer)
        this.#known = true
        this.#position = this.#rewind ?? this.#position
        this.#rewind = null
        if (this.#deadAsked) await this.#sendDead()
        await this.#round()
      } catch (error) {
        this.#o.onAlarm(asCoded(error, 'TRC_WRITE'))
        await this.#pause(this.#o.firstRetryMs, this.#stop.signal)
      }
    }
    stopped()
  }

  get #consumer(): string {
    return consumerOf(this.#o.sink.name)
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
    const taken: number[] = []
    for (const event of events) {
      if (this.#stop.signal.aborted || this.#asked) break
      if (this.#o.takes(event.event.type)) {
        const delivered = await this.#deliver(event)
        if (delivered === 'interrupted') break
        if (delivered === 'taken') taken.push(event.position)
      }
      done = event.position
    }
    // A cursor that was set back in between already stands before all of these.
    if (done === this.#position || this.#rewind !== null) return
    await this.#o.ledger.advance(this.#consumer, done, taken)
    this.#position = done
  }

  async #sendDead(): Promise<void> {
    const { log, ledger, sink, onDeadSent } = this.#o
    this.#deadAsked = false
    const run = {
      log,
      ledger,
      sink,
      consumer: this.#consumer,
      upTo: this.#position,
      signal: this.#stop.signal,
    }
    const sent = await sendDeadLetters(run).catch((error: unknown) => {
      // A ledger that refuses is asked again.
      this.#deadAsked = true
      throw error
    })
    this.#delivered += sent.taken
    onDeadSent(sent)
  }

  /** `interrupted`: the relay stops, or somebody asked for something else meanwhile. */
  async #deliver(event: LoggedEvent): Promise<'taken' | 'dead' | 'interrupted'> {
    const { sink, attempts, onChange } = this.#o
    const { position } = event
    let failed = 0
    for (let n = 1; ; n++) {
      const delivery = await sink.deliver(event, this.#stop.signal)
      if (delivery.ok) {
        if (this.#retrying) onChange('delivered', this.#retrying)
        this.#retrying = null
        this.#delivered += 1
        this.#heard(event, n, delivery.unheard)
        return 'taken'
      }
      if (this.#stop.signal.aborted) return 'interrupted'
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
        return 'dead'
      }
      const same = this.#retrying?.position === position ? this.#retrying : null
      const before = same?.since ?? null
      // Commands read the ledger alone, and would go on naming what has long been mended.
      if (same?.reason !== reason)
        await this.#o.ledger.letter({ ...entry, state: 'retry', at: before ?? entry.at })
      this.#retrying = { ...fact, since: before ?? entry.at }
      if (before === null) onChange('retrying', fact)
      this.#hurry = new AbortController()
      if (this.#asked) return 'interrupted'
      const wait = AbortSignal.any([this.#stop.signal, this.#hurry.signal])
      await this.#pause(retryPauseMs(n, this.#o, delivery.afterMs), wait)
      if (this.#asked) return 'interrupted'
    }
  }

  #heard({ event: { type }, position }: LoggedEvent, attempts: number, reason?: string): void {
    if (reason === undefined) return void this.#unheard.delete(type)
    if (!this.#unheard.has(type)) this.#o.onChange('unheard', { position, attempts, reason })
    this.#unheard.add(type)
  }

  #listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#woken = resolve
      if (this.#stop.signal.aborted || this.#asked) resolve()
    })
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
  }
}
