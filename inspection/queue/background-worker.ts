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
  RENEW_MS,
  WANTED_MS,
} from './background.schema.ts'
import { RedisLink } from './redis-link.ts'
import { connectionOptions } from './redis-url.ts'

const RESULT_TTL_MS = 3_600_000

/**
 * Looks in a row that find no key before a job is given up: a Redis that was restarted from its file may have lost the
 * key of a sender that waits, and has it again when that one says it next.
 */
const ABSENT_LOOKS = 3

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

  /** @throws INS_QUEUE what Redis refuses its user */
  async start(): Promise<void> {
    await this.#link.ready(10_000)
    await this.#worker.waitUntilReady().catch((error: unknown) => {
      throw asCoded(error, 'INS_QUEUE')
    })
    // Not before: its loop would go round without a pause where Redis refuses what it asks first.
    void this.#worker.run()
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
    const everyMs = this.#options.lookEveryMs ?? RENEW_MS
    const unwanted = new AbortController()
    let absent = 0
    const look = async (): Promise<void> => {
      // Redis that does not answer says nothing of the sender.
      absent = (await this.#link.has(wanted).catch(() => true)) ? 0 : absent + 1
      if (absent === ABSENT_LOOKS) unwanted.abort()
    }
    let timer: NodeJS.Timeout | undefined
    try {
      if (version !== this.#options.version)
        throw new CodedError('INS_QUEUE', {
          expected: `a worker of version ${version}`,
          actual: `${this.#options.version} on ${worker}`,
          hint: 'run the same version on all hosts',
        })
      await look()
      while (absent > 0 && absent < ABSENT_LOOKS) {
        await sleep(everyMs, null, { ref: false })
        await look()
      }
      unwanted.signal.throwIfAborted()
      timer = setInterval(() => void look(), everyMs)
      const result = await this.#options.handle(input, progress, unwanted.signal)
      const key = `${this.#options.prefix ?? JOBS_PREFIX}:result:${randomUUID()}`
      await this.#link.put(key, Buffer.from(JSON.stringify(result)), RESULT_TTL_MS)
      return { ok: true, key, worker }
    } catch (error) {
      const why = unwanted.signal.aborted ? nobodyWaits() : asCoded(error, 'INS_QUEUE')
      return { ok: false, error: toFact(why), worker }
    } finally {
      clearInterval(timer)
    }
  }
}

const nobodyWaits = (): CodedError =>
  new CodedError('INS_QUEUE', {
    expected: 'a sender that says it waits',
    actual: `none for ${WANTED_MS / 1000} s`,
    hint: 'send it again if its program stood still, as on a computer that slept',
  })
