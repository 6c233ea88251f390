import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import {
  type I18n,
  type InspectJob,
  type InspectOutcome,
  type Inspector,
  type InspectorHealth,
  type LateOutcome,
  monoMs,
  type DegradedMode,
} from '../../contracts/index.ts'
import { AnswerFeed } from './answer-feed.ts'
import { INSPECT_QUEUE, type QueuedInspection } from './job.schema.ts'
import { jobBytes } from './job-bytes.ts'
import { PendingInspection } from './pending-inspection.ts'
import { QueueNotices } from './queue-notices.ts'
import { asResult, type QueuedResult, UNJUDGED } from './queued-result.ts'
import { evictionOf, RedisLink, saidBy } from './redis-link.ts'
import { connectionOptions } from './redis-url.ts'
import { type Miss, RemoteTrust } from './remote-trust.ts'
import { WorkerWatch } from './worker-watch.ts'

export interface QueueInspectorOptions {
  redisUrl: string
  prefix: string
  /** Frame pool of this process, to read slots from. */
  buffers: readonly SharedArrayBuffer[]
  /** Judges here when Redis or the workers are gone, and as the last resort before a deadline. */
  local: Inspector
  /** SHA-256 of the recipe `id@version` that is in force now. */
  recipeSha: (recipe: string) => string | undefined
  /** SHA-256 of what the model packages of a recipe mean here; undefined when it is not loaded. */
  meaningSha: (recipe: string) => string | undefined
  /** Frames larger than this are judged here instead of filling Redis. */
  maxFrameBytes: number
  log: { warn(fact: object, message: string): void }
}

/** How long a frame outlives its deadline in Redis, and a slot waits for a late result, ms. */
const GRACE_MS = 2_000

/**
 * How often Redis is asked what it does when its memory is full, and told what it need not keep: `CONFIG SET` changes the
 * one while it runs, `FLUSHALL` the other.
 */
const MEMORY_LOOK_MS = 5_000

/** Each event carries a whole verdict: the default of 10,000 would hold tens of megabytes. */
const MOST_EVENTS = 500

/** How long Redis keeps what the queue of a line that is gone, or of an earlier version, has left behind, ms. */
const KEPT_MS = 3_600_000

/**
 * Hands frames to worker processes on other hosts through BullMQ. The verdict has its deadline whether or not they
 * answer: a part whose answer is not there when judging it here would just still fit is judged here.
 */
export class QueueInspector implements Inspector {
  readonly #options: QueueInspectorOptions
  readonly #link: RedisLink
  readonly #queue: Queue<QueuedInspection, QueuedResult>
  readonly #answers: AnswerFeed
  readonly #pending = new Map<string, PendingInspection>()
  /** Whether anybody can be asked; whether those who can are worth asking, `#trust` knows. */
  readonly #watch: WorkerWatch
  #completed = 0
  #failed = 0
  /** Moving average of one judgement here, ms; how much time the last resort needs. */
  #localMs = 100
  /** Why Redis refused the last frame that it did not take: said once. */
  #refusal: string | null = null
  readonly #trust = new RemoteTrust()
  readonly #notices = new QueueNotices()
  readonly #memoryLook: NodeJS.Timeout

  constructor(options: QueueInspectorOptions) {
    this.#options = options
    this.#link = new RedisLink(options.redisUrl, { commandTimeoutMs: 500 })
    this.#queue = new Queue(INSPECT_QUEUE, {
      connection: connectionOptions(options.redisUrl),
      prefix: options.prefix,
      streams: { events: { maxLen: MOST_EVENTS } },
      // What was forbidden once would be so for good, also where the right is given later.
      skipVersionCheck: true,
    })
    // An unreachable Redis is a state (`degraded`); without a listener it would end the process.
    this.#queue.on('error', () => undefined)
    this.#answers = new AnswerFeed({
      redisUrl: options.redisUrl,
      prefix: options.prefix,
      onCompleted: (jobId, value) =>
        this.#answered(jobId, asResult(value, this.#pending.get(jobId)?.recipeSha)),
      onFailed: (jobId) => this.#answered(jobId, null),
    })
    this.#link.onReconnect(() => this.#answers.renew())
    this.#watch = new WorkerWatch(this.#link, this.#queue, (down, error) => this.#changed(down, error))
    this.#memoryLook = setInterval(() => {
      if (!this.#link.up) return
      void this.#lookAtMemory()
      void this.#boundLeftovers()
    }, MEMORY_LOOK_MS)
    this.#memoryLook.unref()
  }

  /** Connects; a Redis that is not there is a degraded mode, not an error. */
  async open(): Promise<void> {
    if (await this.#link.ready(5_000)) {
      await Promise.race([this.#answers.ready().catch(() => undefined), sleep(5_000)])
      await Promise.all([this.#watch.look(), this.#lookAtMemory(), this.#boundLeftovers()])
    }
  }

  inspect(job: InspectJob): ReturnType<Inspector['inspect']> {
    const { frame, reference } = jobBytes(job, this.#options.buffers)
    const bytes = frame.byteLength + (reference?.bytes.byteLength ?? 0)
    const sha = this.#options.recipeSha(job.recipe)
    const meaning = this.#options.meaningSha(job.recipe)
    const late = job.deadlineMs <= monoMs()
    const here = this.#watch.down !== null || late || bytes > this.#options.maxFrameBytes
    if (here || sha === undefined || meaning === undefined || !this.#trust.mayAsk()) {
      const run = this.#judgeHere(job)
      void run.outcome.then((o) => this.#count(o))
      return run
    }
    const id = job.meta.frameId
    const pending = new PendingInspection(job, sha, () => this.#judgeHere(job), {
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
      // What nobody has taken would wait for ever where no worker comes; one that is being judged cannot be removed.
      if (pending.judgedHere) this.#queue.remove(id).catch(() => undefined)
    })
    this.#send(id, { recipeSha256: sha, meaningSha256: meaning }, job, frame, reference).catch(
      (error: unknown) => {
        const refusal = saidBy(error)
        if (refusal !== this.#refusal)
          this.#options.log.warn(
            { frameId: id, error: refusal },
            'a frame could not be queued and is judged here',
          )
        this.#refusal = refusal
        this.#judgeInstead(pending, 'unsent')
      },
    )
    return { outcome: pending.outcome, settled: pending.settled }
  }

  health(): InspectorHealth {
    const local = this.#options.local.health()
    const degraded = this.#watch.down ?? this.#trust.distrust
    return {
      ...local,
      mode: degraded === null ? 'queue' : 'degraded-local',
      workers: degraded === null ? this.#watch.workers : local.workers,
      busy: degraded === null ? this.#pending.size : local.busy,
      completed: this.#completed,
      failed: this.#failed,
      degraded: degraded ?? local.degraded,
    }
  }

  notices(): DegradedMode[] {
    return this.#notices.list()
  }

  async close(): Promise<void> {
    this.#watch.stop()
    clearInterval(this.#memoryLook)
    await Promise.all([...this.#pending.values()].map((p) => p.settled))
    await this.#options.local.close()
    this.#link.close()
    // BullMQ waits for a connection before it closes one; without Redis that wait has no end.
    await Promise.race([Promise.allSettled([this.#answers.close(), this.#queue.disconnect()]), sleep(1_000)])
  }

  async #send(
    id: string,
    by: Pick<QueuedInspection, 'recipeSha256' | 'meaningSha256'>,
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
      ...by,
      context: job.context,
      frameKey,
      reference: reference ? { key: referenceKey, format: reference.format } : null,
      deadlineRedisMs: this.#link.toRedisMs(job.deadlineMs),
    }
    await this.#queue.add('inspect', data, {
      jobId: id,
      priority: earliestFirst(data.deadlineRedisMs),
      // The answer comes with the event.
      removeOnComplete: true,
      removeOnFail: true,
    })
  }

  #answered(id: string, result: QueuedResult | null): void {
    const pending = this.#pending.get(id)
    if (result) this.#trust.heard()
    if (result?.ok === false) {
      const said = this.#notices.refused(result.worker, result.why)
      if (said) this.#options.log.warn({ worker: result.worker, why: result.why }, said.text.en)
    }
    if (!result?.ok) return this.#judgeInstead(pending, result?.why ?? 'failed')
    this.#notices.judged(result.outcome.worker)
    if (pending?.answer(result.outcome) !== true) return
    this.#refusal = null
    if (this.#trust.answered()) this.#options.log.warn({ degraded: null }, 'inspection workers are back')
  }

  #judgeInstead(pending: PendingInspection | undefined, why: Miss): void {
    if (pending?.takeOver()) this.#missed(why)
  }

  #missed(why: Miss): void {
    if (this.#watch.down !== null || !this.#trust.missed(why)) return
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

  #changed(down: I18n | null, error: string | null): void {
    const fact = { degraded: down?.en ?? null, ...(error === null ? {} : { error }) }
    this.#options.log.warn(fact, down?.en ?? 'inspection workers are back')
    this.#trust.reset()
    if (down === null) void this.#lookAtMemory()
    else for (const pending of this.#pending.values()) pending.takeOver()
  }

  /** A Redis that was emptied has forgotten the limit of events; what is not asked for again ends by itself. */
  async #boundLeftovers(): Promise<void> {
    const { meta = '', events = '', id = '', pc = '', marker = '' } = this.#queue.keys
    await this.#link
      .note(meta, 'opts.maxLenEvents', MOST_EVENTS)
      .then(() => this.#link.expire([meta, events, id, pc, marker], KEPT_MS))
      .catch(() => undefined)
  }

  /** One whose user may not ask says nothing. */
  async #lookAtMemory(): Promise<void> {
    const before = this.#notices.eviction
    const policy = await this.#link.memory().then(evictionOf, () => before)
    this.#notices.eviction = policy
    if (policy === null || policy === before) return
    this.#options.log.warn(
      { code: 'INS_QUEUE', policy },
      'Redis may throw frames and jobs away that wait: set maxmemory-policy noeviction',
    )
  }
}

/**
 * Earliest deadline first: the deadline in ticks of 16 ms as BullMQ's priority (1 to 2²¹, low is first). It wraps every
 * nine hours; then frames waiting at that moment may be overtaken once, and are judged here if that takes too long.
 */
const earliestFirst = (deadlineRedisMs: number): number =>
  1 + (Math.floor(deadlineRedisMs / 16) % (2 ** 21 - 1))
