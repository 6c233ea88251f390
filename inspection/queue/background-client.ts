import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { asCoded, CodedError, monoMs, uuidv7, fromFact } from '../../contracts/index.ts'
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

export interface BackgroundClientOptions {
  redisUrl: string
  kind: BackgroundKind
  version: string
  prefix?: string
}

export interface BackgroundWait {
  /** Gives up after this time in all, ms; absent = as long as it takes. */
  withinMs?: number
  /** Time between looks at the job, ms. */
  lookEveryMs?: number
  onProgress?: (p: BackgroundProgress) => void
}

/** Without Redis, or without a worker for a job that waits, it has failed after this time, ms. */
const PATIENCE_MS = 20_000

/** Longest time for one question to Redis, ms. */
const ANSWER_MS = 5_000

/** Sends background jobs to workers and waits for their results. Every job ends in its result or in a CodedError. */
export class BackgroundClient {
  readonly #options: BackgroundClientOptions
  readonly #link: RedisLink
  readonly #queue: Queue<BackgroundOrder, BackgroundEnd>

  constructor(options: BackgroundClientOptions) {
    this.#options = options
    this.#link = new RedisLink(options.redisUrl, { commandTimeoutMs: 60_000 })
    this.#queue = new Queue(jobsQueue(options.kind), {
      connection: connectionOptions(options.redisUrl),
      prefix: options.prefix ?? JOBS_PREFIX,
      streams: { events: { maxLen: 100 } },
      // What was forbidden once would be so for good, also where the right is given later.
      skipVersionCheck: true,
    })
    // An unreachable Redis shows in `up`; without a listener it would end the process.
    this.#queue.on('error', () => undefined)
  }

  /** Workers that are connected now; 0 without Redis. */
  async workers(waitMs = 0): Promise<number> {
    if (!this.#link.up && !(await this.#link.ready(waitMs))) return 0
    return answered(this.#queue.getWorkersCount()).catch(() => 0)
  }

  /**
   * @throws INS_QUEUE without Redis or workers, or when the job is gone or not done in time; INS_WORKER_LOST when two
   *   workers died with it; the worker's own error otherwise
   */
  async run(input: unknown, wait: BackgroundWait = {}): Promise<unknown> {
    const { kind, version } = this.#options
    if ((await this.workers(5_000)) === 0) throw this.#nobody()
    const id = uuidv7()
    const wanted = `${this.#options.prefix ?? JOBS_PREFIX}:wanted:${id}`
    try {
      await this.#want(wanted)
      await answered(
        this.#queue.add(
          kind,
          { version, input, wanted },
          {
            jobId: id,
            removeOnComplete: { age: 600 },
            removeOnFail: { age: 600 },
          },
        ),
      )
      return await this.#result(id, wanted, wait)
    } catch (error) {
      throw asCoded(error, 'INS_QUEUE')
    } finally {
      // Nobody else asks for it; one that is being done cannot be removed, and is given up since nobody wants it.
      if (this.#link.up) {
        await answered(this.#link.drop([wanted])).catch(() => 0)
        await answered(this.#queue.remove(id)).catch(() => 0)
      }
    }
  }

  close(): Promise<void> {
    this.#link.close()
    return Promise.race([this.#queue.disconnect(), sleep(1_000)]).then(() => undefined)
  }

  #want(key: string): Promise<void> {
    return answered(this.#link.put(key, Uint8Array.of(1), WANTED_MS))
  }

  async #result(id: string, wanted: string, wait: BackgroundWait): Promise<unknown> {
    const started = monoMs()
    let saidMs = started
    let aliveMs = started
    let shown = -1
    for (;;) {
      const now = monoMs()
      if (wait.withinMs !== undefined && now - started > wait.withinMs)
        throw new CodedError('INS_QUEUE', { expected: `a result within ${wait.withinMs} ms`, actual: 'none' })
      if (now - aliveMs > PATIENCE_MS) throw this.#nobody()
      await sleep(wait.lookEveryMs ?? 500)
      if (!this.#link.up) continue
      if (now - saidMs > RENEW_MS) {
        saidMs = now
        await this.#want(wanted).catch(() => undefined)
      }
      const job = await answered(this.#queue.getJob(id)).catch(() => null)
      if (job === null) continue
      if (!job)
        throw new CodedError('INS_QUEUE', {
          actual: `job ${id} is gone`,
          hint: 'Redis was emptied or restarted without persistence; send it again',
        })
      if (job.finishedOn !== undefined) {
        if (job.failedReason)
          throw new CodedError('INS_WORKER_LOST', {
            actual: job.failedReason,
            hint: 'see the logs of the workers',
          })
        return this.#fetch(job.returnvalue)
      }
      const { progress } = job
      if (isProgress(progress) && progress.done !== shown) {
        shown = progress.done
        wait.onProgress?.(progress)
      }
      if ((await this.workers()) > 0) aliveMs = now
    }
  }

  async #fetch(end: BackgroundEnd): Promise<unknown> {
    if (!end.ok) {
      throw fromFact({ ...end.error, message: `${end.error.message} (on ${end.worker})` })
    }
    const bytes = await this.#link.take(end.key)
    if (!bytes)
      throw new CodedError('INS_QUEUE', { actual: 'the result has expired', hint: 'send the job again' })
    await this.#link.drop([end.key])
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  }

  #nobody(): CodedError {
    return new CodedError('INS_QUEUE', {
      expected: `Redis and a \`sightline worker\` for ${this.#options.kind} jobs`,
      actual: this.#link.up ? 'Redis without such a worker' : 'no Redis',
    })
  }
}

/** A Redis that hangs answers nothing and refuses nothing: without an end to it, the job would wait for ever. */
export async function answered<T>(asked: Promise<T>): Promise<T> {
  const stop = new AbortController()
  const late = sleep(ANSWER_MS, null, { signal: stop.signal }).then(() => {
    throw new CodedError('INS_QUEUE', {
      expected: `an answer of Redis within ${ANSWER_MS} ms`,
      actual: 'none',
    })
  })
  try {
    return await Promise.race([asked, late])
  } finally {
    stop.abort()
    late.catch(() => undefined)
    asked.catch(() => undefined)
  }
}

const isProgress = (p: unknown): p is BackgroundProgress =>
  p !== null && typeof p === 'object' && 'done' in p && 'total' in p
