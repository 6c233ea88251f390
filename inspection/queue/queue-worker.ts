import { setTimeout as sleep } from 'node:timers/promises'
import { Worker, type Job } from 'bullmq'
import { asCoded, type Inspector, monoMs } from '../../contracts/index.ts'
import { INSPECT_QUEUE, type QueuedInspection } from './job.schema.ts'
import { type QueuedResult, UNJUDGED } from './queued-result.ts'
import { RedisLink } from './redis-link.ts'
import { connectionOptions } from './redis-url.ts'

/** Longest time to answer the frames that are being judged when the worker stops, ms. */
const FINISH_MS = 10_000

export interface QueueWorkerOptions {
  redisUrl: string
  /** Key prefix of the plant, so that several can share one Redis. */
  prefix: string
  /** Judges the frames of this host. */
  inspector: Inspector
  concurrency: number
  /** `id@version` → SHA-256 of the recipes loaded here. */
  recipes: ReadonlyMap<string, string>
  /** A frame asked for a recipe that is not among them, and goes back. */
  onUnknown?(recipe: string, sha256: string): void
  /** SHA-256 of what the model packages of a recipe mean here; undefined when it is not loaded. */
  meaningSha: (recipe: string) => string | undefined
  /** A frame came from a line whose packages mean something else, and goes back. */
  onOtherMeaning?(recipe: string): void
  name: string
  /** While false, frames of that recipe go back to their line to be judged there; absent = always fit. */
  fit?: (recipe: string) => boolean
  onError(message: string): void
}

/**
 * Takes inspection jobs from Redis and gives them to this host's own inspector. A lock of one second, renewed while
 * the job runs, lets another worker take over within a second and a half when this process dies.
 */
export class QueueWorker {
  readonly #options: QueueWorkerOptions
  readonly #link: RedisLink
  readonly #worker: Worker<QueuedInspection, QueuedResult>
  #done = 0

  constructor(options: QueueWorkerOptions) {
    this.#options = options
    this.#link = new RedisLink(options.redisUrl, { commandTimeoutMs: 2_000 })
    this.#worker = new Worker<QueuedInspection, QueuedResult>(INSPECT_QUEUE, (job) => this.#judge(job), {
      connection: connectionOptions(options.redisUrl),
      prefix: options.prefix,
      name: options.name,
      concurrency: options.concurrency,
      lockDuration: 1_000,
      lockRenewTime: 300,
      stalledInterval: 500,
      maxStalledCount: 1,
      drainDelay: 1,
      // Between attempts after Redis went away; the default of 15 s would leave the lines without workers.
      runRetryDelay: 300,
      autorun: false,
    })
    this.#worker.on('error', (error) => options.onError(error.message))
  }

  /** Frames judged so far. */
  get done(): number {
    return this.#done
  }

  /** @throws INS_QUEUE what Redis refuses its user */
  async start(): Promise<void> {
    await this.#link.ready(10_000)
    try {
      await this.#worker.waitUntilReady()
      // The library minds no refusal, and the lines would not see this host.
      if (this.#link.up) await this.#link.mayBeNamed()
    } catch (error) {
      throw asCoded(error, 'INS_QUEUE')
    }
    // Not before: its loop would go round without a pause where Redis refuses what it asks first.
    void this.#worker.run()
  }

  /** Answers the frames it has; without Redis, or when that takes too long, others judge them. */
  async close(): Promise<void> {
    const until = monoMs() + FINISH_MS
    let closed = false
    // BullMQ waits for a connection before it closes one; without Redis that wait has no end.
    void this.#worker.close().finally(() => (closed = true))
    while (!closed && this.#link.up && monoMs() < until) await sleep(20)
    this.#link.close()
  }

  async #judge(job: Job<QueuedInspection, QueuedResult>): Promise<QueuedResult> {
    const { data } = job
    const worker = this.#options.name
    if (this.#options.fit?.(data.recipe) === false) return { ok: false, why: 'canary', worker }
    if (this.#options.recipes.get(data.recipe) !== data.recipeSha256) {
      this.#options.onUnknown?.(data.recipe, data.recipeSha256)
      return { ok: false, why: 'recipe', worker }
    }
    const meaning = this.#options.meaningSha(data.recipe)
    if (meaning === undefined) return { ok: false, why: 'unjudged', worker }
    if (meaning !== data.meaningSha256) {
      this.#options.onOtherMeaning?.(data.recipe)
      return { ok: false, why: 'package', worker }
    }
    const bytes = await this.#link.take(data.frameKey)
    const reference = data.reference
      ? { bytes: await this.#link.take(data.reference.key), format: data.reference.format }
      : null
    if (!bytes || (reference && !reference.bytes)) return { ok: false, why: 'expired', worker }
    const deadlineMs = this.#link.toLocalMs(data.deadlineRedisMs)
    if (deadlineMs <= monoMs()) return { ok: false, why: 'expired', worker }
    const { outcome, settled } = this.#options.inspector.inspect({
      meta: data.meta,
      pixels: {
        in: 'message',
        bytes,
        ...(reference?.bytes ? { reference: { bytes: reference.bytes, format: reference.format } } : {}),
      },
      recipe: data.recipe,
      context: data.context,
      deadlineMs,
    })
    const first = await outcome
    // Past the deadline the sender has already held the part; the late judgement is still worth keeping.
    const late = first.verdict.noVerdict?.reason === 'deadline' ? await settled : null
    const judged = late?.outcome ?? first
    // Held, as it would be of a line's own, it would be a good part rejected for want of a thread on this host.
    const { noVerdict } = judged.verdict
    if (noVerdict && UNJUDGED.has(noVerdict.reason)) return { ok: false, why: 'unjudged', worker }
    this.#done += 1
    return { ok: true, outcome: { ...judged, worker: `${worker}/${judged.worker}` } }
  }
}
