import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, QueueEvents } from 'bullmq'
import {
  DISPOSITIONS,
  VERDICTS,
  type I18n,
  type InspectJob,
  type InspectOutcome,
  type Inspector,
  type InspectorHealth,
  type LateOutcome,
  monoMs,
  type NoVerdictReason,
} from '../../contracts/index.ts'
import { INSPECT_QUEUE, type QueuedInspection, type QueuedResult } from './job.schema.ts'
import { jobBytes } from './job-bytes.ts'
import { PendingInspection } from './pending-inspection.ts'
import { connectionOptions, RedisLink } from './redis-link.ts'
import { type Miss, RemoteTrust } from './remote-trust.ts'

export interface QueueInspectorOptions {
  redisUrl: string
  prefix: string
  /** Frame pool of this process, to read slots from. */
  buffers: readonly SharedArrayBuffer[]
  /** Judges here when Redis or the workers are gone, and as the last resort before a deadline. */
  local: Inspector
  /** `id@version` → SHA-256 */
  recipes: ReadonlyMap<string, string>
  /** Frames larger than this are judged here instead of filling Redis. */
  maxFrameBytes: number
  log: { warn(fact: object, message: string): void }
}

/** How long a frame outlives its deadline in Redis, and a slot waits for a late result, ms. */
const GRACE_MS = 2_000

const DOWN = {
  connecting: {
    en: 'Redis is not connected yet: judging on this machine only',
    zh: 'Redis 尚未连接:仅在本机判定',
  },
  redis: { en: 'Redis is not reachable: judging on this machine only', zh: 'Redis 无法连接:仅在本机判定' },
  workers: {
    en: 'no inspection worker is connected: judging on this machine only',
    zh: '没有已连接的检测主机:仅在本机判定',
  },
} as const satisfies Record<string, I18n>

const UNJUDGED: ReadonlySet<NoVerdictReason> = new Set(['deadline', 'overload', 'worker-lost', 'interrupted'])

/**
 * Hands frames to worker processes on other hosts through BullMQ. The verdict has its deadline whether or not they
 * answer: a part whose answer is not there when judging it here would just still fit is judged here.
 */
export class QueueInspector implements Inspector {
  readonly #options: QueueInspectorOptions
  readonly #link: RedisLink
  readonly #queue: Queue<QueuedInspection, QueuedResult>
  readonly #events: QueueEvents
  readonly #pending = new Map<string, PendingInspection>()
  readonly #workersTimer: NodeJS.Timeout
  #remoteWorkers = 0
  #completed = 0
  #failed = 0
  /** Moving average of one judgement here, ms; how much time the last resort needs. */
  #localMs = 100
  /** Why no worker can be asked at all; whether those who can are worth asking, `#trust` knows. */
  #down: I18n | null = DOWN.connecting
  readonly #trust = new RemoteTrust()

  constructor(options: QueueInspectorOptions) {
    this.#options = options
    this.#link = new RedisLink(options.redisUrl, { commandTimeoutMs: 500 })
    const connection = connectionOptions(options.redisUrl)
    this.#queue = new Queue(INSPECT_QUEUE, {
      connection,
      prefix: options.prefix,
      // Each event carries a whole verdict: the default of 10,000 would hold tens of megabytes.
      streams: { events: { maxLen: 500 } },
    })
    this.#events = new QueueEvents(INSPECT_QUEUE, { connection, prefix: options.prefix })
    // An unreachable Redis is a state (`degraded`); without listeners it would end the process.
    this.#queue.on('error', () => undefined)
    this.#events.on('error', () => undefined)
    this.#events.on('completed', ({ jobId, returnvalue }) => this.#answered(jobId, asResult(returnvalue)))
    this.#events.on('failed', ({ jobId }) => this.#answered(jobId, null))
    this.#workersTimer = setInterval(() => void this.#countWorkers(), 500)
  }

  /** Connects; a Redis that is not there is a degraded mode, not an error. */
  async open(): Promise<void> {
    if (await this.#link.ready(5_000)) {
      await this.#events.waitUntilReady()
      await this.#countWorkers()
    }
  }

  inspect(job: InspectJob): ReturnType<Inspector['inspect']> {
    const { frame, reference } = jobBytes(job, this.#options.buffers)
    const bytes = frame.byteLength + (reference?.bytes.byteLength ?? 0)
    const sha = this.#options.recipes.get(job.recipe)
    const late = job.deadlineMs <= monoMs()
    const here = this.#down !== null || sha === undefined || late || bytes > this.#options.maxFrameBytes
    if (here || !this.#trust.mayAsk()) {
      const run = this.#judgeHere(job)
      void run.outcome.then((o) => this.#count(o))
      return run
    }
    const id = job.meta.frameId
    const pending = new PendingInspection(job, () => this.#judgeHere(job), {
      reserveMs: this.#localMs * 2 + 10,
      graceMs: GRACE_MS,
      onSilence: () => this.#missed('silent'),
    })
    this.#pending.set(id, pending)
    void pending.outcome.then((o) => this.#count(o))
    void pending.settled.then(() => {
      this.#pending.delete(id)
      this.#link
        .drop([`${this.#options.prefix}:frame:${id}`, `${this.#options.prefix}:reference:${id}`])
        .catch(() => undefined)
      // What nobody has taken would wait for ever where no worker answers.
      if (this.#trust.distrust !== null) this.#queue.remove(id).catch(() => undefined)
    })
    this.#send(id, sha, job, frame, reference).catch((error: unknown) => {
      this.#options.log.warn(
        { frameId: id, error: String(error) },
        'a frame could not be queued and is judged here',
      )
      pending.takeOver()
    })
    return { outcome: pending.outcome, settled: pending.settled }
  }

  health(): InspectorHealth {
    const local = this.#options.local.health()
    const degraded = this.#down ?? this.#trust.distrust
    return {
      ...local,
      mode: degraded === null ? 'queue' : 'degraded-local',
      workers: degraded === null ? this.#remoteWorkers : local.workers,
      busy: degraded === null ? this.#pending.size : local.busy,
      completed: this.#completed,
      failed: this.#failed,
      degraded: degraded ?? local.degraded,
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#workersTimer)
    await Promise.all([...this.#pending.values()].map((p) => p.settled))
    await this.#options.local.close()
    this.#link.close()
    // BullMQ waits for a connection before it closes one; without Redis that wait has no end.
    await Promise.race([
      Promise.allSettled([this.#events.disconnect(), this.#queue.disconnect()]),
      sleep(1_000),
    ])
  }

  async #send(
    id: string,
    sha: string,
    job: InspectJob,
    frame: Uint8Array,
    reference: ReturnType<typeof jobBytes>['reference'],
  ): Promise<void> {
    const { prefix } = this.#options
    const ttlMs = job.deadlineMs - monoMs() + GRACE_MS
    const frameKey = `${prefix}:frame:${id}`
    const referenceKey = `${prefix}:reference:${id}`
    await Promise.all([
      this.#link.put(frameKey, frame, ttlMs),
      reference ? this.#link.put(referenceKey, reference.bytes, ttlMs) : null,
    ])
    const data: QueuedInspection = {
      meta: job.meta,
      recipe: job.recipe,
      recipeSha256: sha,
      context: job.context,
      frameKey,
      reference: reference ? { key: referenceKey, format: reference.format } : null,
      deadlineRedisMs: this.#link.toRedisMs(job.deadlineMs),
    }
    await this.#queue.add('inspect', data, {
      jobId: id,
      priority: earliestFirst(data.deadlineRedisMs),
      removeOnComplete: { age: 60, count: 100 },
      removeOnFail: { age: 600, count: 100 },
    })
  }

  #answered(id: string, result: QueuedResult | null): void {
    const pending = this.#pending.get(id)
    if (result?.ok) {
      if (pending?.answer(result.outcome) !== true) this.#trust.heard()
      else if (this.#trust.answered())
        this.#options.log.warn({ degraded: null }, 'inspection workers are back')
      return
    }
    if (result) this.#trust.heard()
    if (result && pending) this.#missed(result.why)
    pending?.takeOver()
  }

  #missed(why: Miss): void {
    if (this.#down !== null || !this.#trust.missed(why)) return
    const degraded = this.#trust.distrust?.en
    this.#options.log.warn({ degraded }, degraded ?? '')
    for (const pending of this.#pending.values()) pending.takeOver()
  }

  /** As LocalInspector counts: completed is what a worker judged, whatever came of it. */
  #count({ verdict }: InspectOutcome): void {
    if (verdict.noVerdict && UNJUDGED.has(verdict.noVerdict.reason)) this.#failed += 1
    else this.#completed += 1
  }

  #judgeHere(job: InspectJob): { outcome: Promise<InspectOutcome>; settled: Promise<LateOutcome | null> } {
    const started = monoMs()
    const run = this.#options.local.inspect(job)
    void run.outcome.then((o) => {
      if (!o.verdict.noVerdict) this.#localMs += 0.1 * (monoMs() - started - this.#localMs)
    })
    return run
  }

  async #countWorkers(): Promise<void> {
    let why: I18n | null = null
    if (!this.#link.up) why = DOWN.redis
    else {
      this.#remoteWorkers = await this.#queue.getWorkersCount().catch(() => 0)
      if (this.#remoteWorkers === 0) why = DOWN.workers
    }
    if (why !== this.#down) {
      this.#options.log.warn({ degraded: why?.en ?? null }, why?.en ?? 'inspection workers are back')
      this.#trust.reset()
    }
    this.#down = why
    if (why !== null) for (const pending of this.#pending.values()) pending.takeOver()
  }
}

/**
 * Earliest deadline first: the deadline in ticks of 16 ms as BullMQ's priority (1 to 2²¹, low is first). It wraps every
 * nine hours; then frames waiting at that moment may be overtaken once, and are judged here if that takes too long.
 */
const earliestFirst = (deadlineRedisMs: number): number =>
  1 + (Math.floor(deadlineRedisMs / 16) % (2 ** 21 - 1))

/**
 * BullMQ gives the return value parsed or, from older servers, as text. What is no complete result counts as none:
 * the frame is then judged here.
 */
function asResult(value: unknown): QueuedResult | null {
  try {
    const parsed = (typeof value === 'string' ? JSON.parse(value) : value) as Partial<
      QueuedResult & { outcome: InspectOutcome }
    >
    if (parsed.ok === false) return parsed as QueuedResult
    const verdict = parsed.outcome?.verdict
    const complete =
      parsed.ok === true &&
      verdict !== undefined &&
      VERDICTS.includes(verdict.result) &&
      DISPOSITIONS.includes(verdict.disposition) &&
      (verdict.result === 'pass') === (verdict.disposition === 'release') &&
      Array.isArray(verdict.findings) &&
      Array.isArray(verdict.codes)
    return complete ? (parsed as QueuedResult) : null
  } catch {
    return null
  }
}
