import { setTimeout as sleep } from 'node:timers/promises'
import { QueueEvents } from 'bullmq'
import { INSPECT_QUEUE } from './job.schema.ts'
import { connectionOptions } from './redis-url.ts'

/** Time before it is tried again what Redis refused, ms. */
const RETRY_MS = 2_000

export interface AnswerFeedOptions {
  redisUrl: string
  prefix: string
  onCompleted(jobId: string, returnvalue: unknown): void
  onFailed(jobId: string): void
}

/**
 * Hears what becomes of the frames that were sent. The library stops for good when Redis refuses it the name of its
 * connection, and reads on behind the last number that it heard: those of a Redis that was emptied and whose clock is
 * behind are lower. So it is begun again after a refusal, and by `renew`.
 */
export class AnswerFeed {
  readonly #options: AnswerFeedOptions
  #events: QueueEvents | null = null
  #closed = false

  constructor(options: AnswerFeedOptions) {
    this.#options = options
    this.#begin()
  }

  async ready(): Promise<void> {
    await this.#events?.waitUntilReady()
  }

  /** Hears what comes from now on, whatever its number. */
  renew(): void {
    if (this.#closed) return
    void this.#events?.close().catch(() => undefined)
    this.#begin()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#events?.disconnect()
  }

  #begin(): void {
    const { redisUrl, prefix, onCompleted, onFailed } = this.#options
    const events = new QueueEvents(INSPECT_QUEUE, {
      connection: connectionOptions(redisUrl),
      prefix,
      skipVersionCheck: true,
      autorun: false,
    })
    this.#events = events
    // An unreachable Redis is a state of the line; without a listener it would end the process.
    events.on('error', () => undefined)
    events.on('completed', ({ jobId, returnvalue }) => onCompleted(jobId, returnvalue))
    events.on('failed', ({ jobId }) => onFailed(jobId))
    void events
      .run()
      .catch(() => sleep(RETRY_MS, undefined, { ref: false }))
      .then(() => {
        if (this.#events === events) this.renew()
      })
  }
}
