import type { Response } from 'express'
import { CodedError } from '../../../contracts/index.ts'
import type { DashboardLog, LiveLine, LiveQueries } from '../ports.ts'
import type { EventTail } from './event-tail.ts'
import type { LatencyWindow } from './latency-window.ts'
import { frame, liveFrames, type LiveFrame } from './message.ts'
import { LiveClient } from './live-client.ts'

const STATE_MS = 1_000
const BEAT_MS = 5_000
/** Each may leave 1 MB unread; without a bound anybody in the network could take the memory of the line. */
const MAX_CLIENTS = 200
const REPLAY_PAGE = 200
/** Further behind, a client is told to reload instead: replaying a day event by event helps nobody. */
const REPLAY_LIMIT = 2_000

export interface LiveFeedParts {
  queries: LiveQueries
  live: LiveLine
  tail: EventTail
  latency: LatencyWindow
  log: DashboardLog
}

/** Sends new parts, events and the state of the line to every connected browser. */
export class LiveFeed {
  readonly #parts: LiveFeedParts
  readonly #clients = new Set<LiveClient>()
  readonly #unsubscribe: () => void
  readonly #timers: NodeJS.Timeout[]
  readonly #startedAt = new Date().toISOString()
  #lastState = ''
  dropped = 0

  constructor(parts: LiveFeedParts) {
    this.#parts = parts
    this.#unsubscribe = parts.tail.subscribe(async (batch) => {
      if (this.#clients.size > 0) this.#broadcast(await liveFrames(parts.queries, batch))
    })
    this.#timers = [
      setInterval(() => this.#sendState(), STATE_MS),
      setInterval(() => this.#broadcast([this.#beat()]), BEAT_MS),
    ]
    for (const timer of this.#timers) timer.unref()
  }

  get clients(): number {
    return this.#clients.size
  }

  /**
   * Connects a browser. With `afterPosition` everything after it is replayed first; live messages that arrive
   * meanwhile wait, and what was replayed is not sent twice.
   *
   * @throws API_BUSY
   */
  async connect(res: Response, afterPosition: number | null): Promise<void> {
    if (this.#clients.size >= MAX_CLIENTS)
      throw new CodedError('API_BUSY', {
        expected: `at most ${MAX_CLIENTS} live screens`,
        actual: 'one more',
        hint: 'close pages that nobody looks at; GET /api/parts and /api/line answer without one',
      })
    const client = new LiveClient(res, (reason) => {
      this.#clients.delete(client)
      if (reason === 'slow') {
        this.dropped += 1
        this.#parts.log.warn({ clients: this.#clients.size }, 'a live client was too slow and was dropped')
      }
    })
    this.#clients.add(client)
    client.send(this.#state())
    client.send(this.#beat())
    try {
      if (afterPosition !== null) await this.#replay(client, afterPosition)
      client.goLive()
    } catch (error) {
      client.end('shutdown')
      throw error
    }
  }

  close(): void {
    this.#unsubscribe()
    for (const timer of this.#timers) clearInterval(timer)
    for (const client of this.#clients) client.end('shutdown')
  }

  async #replay(client: LiveClient, afterPosition: number): Promise<void> {
    const end = await this.#parts.queries.lastPosition()
    let from = afterPosition
    if (from > end) {
      // Of a log that is not this one, as where the data directory was replaced: what is shown of it is none of this line.
      client.send(frame('gap', { from, to: end }))
      from = end
    }
    if (end - from > REPLAY_LIMIT) {
      from = end - REPLAY_LIMIT
      client.send(frame('gap', { from: afterPosition, to: from }, from))
    }
    for (;;) {
      const batch = await this.#parts.queries.eventsAfter(from, REPLAY_PAGE)
      const last = batch.at(-1)
      if (!last || client.closed) return
      for (const message of await liveFrames(this.#parts.queries, batch)) client.send(message)
      await client.drained()
      from = last.position
      if (batch.length < REPLAY_PAGE) return
    }
  }

  #broadcast(messages: LiveFrame[]): void {
    for (const client of this.#clients) for (const message of messages) client.deliver(message)
  }

  #sendState(): void {
    if (this.#clients.size === 0) return
    const state = this.#state()
    const compared = state.text.replace(/"at":"[^"]*"/, '')
    if (compared === this.#lastState) return
    this.#lastState = compared
    this.#broadcast([state])
  }

  #state = (): LiveFrame =>
    frame('state', {
      state: this.#parts.live.state(),
      latency: this.#parts.latency.all(),
      startedAt: this.#startedAt,
    })

  #beat = (): LiveFrame =>
    frame('beat', { at: new Date().toISOString(), position: this.#parts.tail.position })
}
