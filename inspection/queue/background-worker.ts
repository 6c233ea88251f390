import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'bullmq'
import { asCoded, CodedError, toFact } from '../../contracts/index.ts'
import {
  type BackgroundEnd,
  type BackgroundKind,
  type BackgroundOrder,
  type BackgroundProgress,
  JOBS_PREFIX,
  jobsQueue,
  WANTED_MS,
} from './background.schema.ts'
import { RedisLink } from './redis-link.ts'
import { connectionOptions } from './redis-url.ts'

const RESULT_TTL_MS = 3_600_000

export interface BackgroundWorkerOptions {
  redisUrl: string
  kind: BackgroundKind
  name: string
  version: string
  /**
   * What it resolves to must survive JSON. May be called again with the same input after a worker died. `unwanted`
   * aborts when nobody waits for it any more.
   */
  handle: (
    input: unknown,
    progress: (p: BackgroundProgress) => void,
    unwanted: AbortSignal,
  ) => Promise<unknown>
  /** Time between looks whether somebody waits, ms. */
  lookEveryMs?: number
  onError(message: string): void
  prefix?: string
}

/**
 * Does background jobs of one kind, one at a time. A job whose worker died is done once more by another one; when that
 * dies, too, it has failed. A job that nobody waits for any more is given up.
 */
export class BackgroundWorker {
  readonly #options: BackgroundWorkerOptions
  readonly #link: RedisLink
  readonly #worker: Worker<BackgroundOrder, BackgroundEnd>

  constructor(options: BackgroundWorkerOptions) {
    this.#options = options
    this.#link = new RedisLink(options.redisUrl, { commandTimeoutMs: 60_000 })
    this.#worker = new Worker<BackgroundOrder, BackgroundEnd>(
      jobsQueue(options.kind),
      (job) => this.#end(job.data, (p) => void job.updateProgress(p).catch(() => undefined)),
      {
        connection: connectionOptions(options.redisUrl),
        prefix: options.prefix ?? JOBS_PREFIX,
        name: options.name,
        lockDuration: 6_000,
        lockRenewTime: 2_000,
        stalledInterval: 3_000,
        maxStalledCount: 1,
        runRetryDelay: 1_000,
        autorun: false,
      },
    )
    this.#worker.on('error', (error) => options.onError(error.message))
  }

  async start(): Promise<void> {
    await this.#link.ready(10_000)
    void this.#worker.run()
    await this.#worker.waitUntilReady()
  }

  /** Gives a running job up, so that another worker does it. */
  async close(): Promise<void> {
    // BullMQ waits for a connection before it closes one; without Redis that wait has no end.
    await Promise.race([this.#worker.close(true), sleep(2_000)])
    this.#link.close()
  }

  async #end(
    { version, input, wanted }: BackgroundOrder,
    progress: (p: BackgroundProgress) => void,
  ): Promise<BackgroundEnd> {
    const worker = this.#options.name
    const unwanted = new AbortController()
    const look = async (): Promise<void> => {
      // Redis that does not answer says nothing of the sender.
      const there = await this.#link.has(wanted).catch(() => true)
      if (!there) unwanted.abort()
    }
    const timer = setInterval(() => void look(), this.#options.lookEveryMs ?? WANTED_MS / 6)
    try {
      if (version !== this.#options.version)
        throw new CodedError('INS_QUEUE', {
          expected: `a worker of version ${version}`,
          actual: `${this.#options.version} on ${worker}`,
          hint: 'run the same version on all hosts',
        })
      await look()
      const result = unwanted.signal.aborted
        ? null
        : await this.#options.handle(input, progress, unwanted.signal)
      if (unwanted.signal.aborted)
        throw new CodedError('INS_QUEUE', { expected: 'somebody who waits for the job', actual: 'nobody' })
      const key = `${this.#options.prefix ?? JOBS_PREFIX}:result:${randomUUID()}`
      await this.#link.put(key, Buffer.from(JSON.stringify(result)), RESULT_TTL_MS)
      return { ok: true, key, worker }
    } catch (error) {
      return { ok: false, error: toFact(asCoded(error, 'INS_QUEUE')), worker }
    } finally {
      clearInterval(timer)
    }
  }
}
