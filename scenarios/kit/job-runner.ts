import type { Worker } from 'node:worker_threads'
import { builtEntry, CodedError, endThread, spawnWorker } from '../../contracts/index.ts'
import type { JobMessage, JobOrder, JobReply } from './job.worker.ts'

export type JobResult =
  { ok: true; output: unknown; ms: number } | { ok: false; error: CodedError; ms: number }

interface Waiting {
  order: JobOrder
  deadlineMs: number
  settle: (r: JobResult) => void
}

/** How long a job may take to notice its abort before its thread is ended. */
const GRACE_MS = 200

/**
 * One worker thread for the jobs of all modules, started with the first job. Jobs run one after the other; one
 * that passes its deadline is aborted, then ended with the thread, and the next job gets a new one.
 */
export class JobRunner {
  readonly #registry: URL
  readonly #queue: Waiting[] = []
  #worker: Worker | null = null
  #ready = false
  #current: Waiting | null = null
  #timers: NodeJS.Timeout[] = []
  #started = 0
  #aborted = false
  #ids = 0
  #closed = false

  /** @param registry URL of the file that exports `MODULES` */
  constructor(registry: URL) {
    this.#registry = registry
  }

  /** Never rejects. */
  run(order: Omit<JobOrder, 'id'>, deadlineMs: number): Promise<JobResult> {
    if (this.#closed) return Promise.resolve(failed(order, 'the host is closing', 0))
    return new Promise((settle) => {
      this.#queue.push({ order: { ...order, id: ++this.#ids }, deadlineMs, settle })
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const w of this.#queue.splice(0)) w.settle(failed(w.order, 'the host is closing', 0))
    const worker = this.#worker
    this.#drop('the host is closing')
    if (worker) await endThread(worker)
  }

  #next(): void {
    if (this.#current || this.#closed) return
    const next = this.#queue[0]
    if (!next) {
      // An idle worker does not keep the process alive.
      this.#worker?.unref()
      return
    }
    try {
      if (!this.#worker) this.#spawn()
    } catch (error) {
      this.#queue.shift()
      next.settle(failed(next.order, `the job thread cannot be started: ${String(error)}`, 0))
      return
    }
    this.#worker?.ref()
    if (!this.#ready) return
    this.#queue.shift()
    this.#current = next
    this.#started = performance.now()
    this.#aborted = false
    try {
      this.#post({ kind: 'run', order: next.order })
    } catch (error) {
      // Nothing was sent. Thrown on, it would end the process where the one before has just answered.
      this.#settle(failed(next.order, `its input cannot be given to a thread: ${String(error)}`, 0))
      return this.#next()
    }
    this.#timers = [
      setTimeout(() => {
        this.#aborted = true
        this.#post({ kind: 'abort', id: next.order.id })
      }, next.deadlineMs),
      setTimeout(() => {
        const worker = this.#worker
        this.#drop(`its deadline of ${next.deadlineMs} ms passed`)
        if (worker) void endThread(worker)
        this.#next()
      }, next.deadlineMs + GRACE_MS),
    ]
  }

  #spawn(): void {
    // Worker and registry are both built or both sources: they share modules, and a build cannot read sources.
    const registry = (builtEntry(this.#registry) ?? this.#registry).href
    const entry = new URL('./job.worker.ts', import.meta.url)
    const worker = spawnWorker(entry, { workerData: { registry } }, this.#registry)
    this.#worker = worker
    this.#ready = false
    worker.on('message', (m: JobReply) => {
      if (worker === this.#worker) this.#hear(m)
    })
    const lost = (why: string): void => {
      if (worker !== this.#worker) return
      // A worker that cannot start would be started again for ever: the job that wanted it fails instead.
      if (!this.#ready) this.#current = this.#queue.shift() ?? null
      this.#drop(why)
      this.#next()
    }
    worker.on('error', (e) => lost(`the job worker failed: ${e.message}`))
    worker.on('exit', (code) => lost(`the job worker ended with ${code}`))
  }

  #hear(m: JobReply): void {
    if (m.kind === 'ready') this.#ready = true
    else if (this.#current?.order.id === m.id) {
      const { order, deadlineMs } = this.#current
      // A result that came after the deadline is not used, even when it came within the grace time.
      const late = this.#aborted || m.ms > deadlineMs
      this.#settle(
        late
          ? failed(order, `its deadline of ${deadlineMs} ms passed`, m.ms)
          : m.kind === 'done'
            ? { ok: true, output: m.output, ms: m.ms }
            : { ok: false, error: new CodedError(m.error.code, { actual: m.error.message }), ms: m.ms },
      )
    }
    this.#next()
  }

  #settle(r: JobResult): void {
    for (const t of this.#timers) clearTimeout(t)
    this.#timers = []
    const done = this.#current
    this.#current = null
    done?.settle(r)
  }

  #drop(why: string): void {
    this.#worker = null
    this.#ready = false
    if (this.#current) this.#settle(failed(this.#current.order, why, performance.now() - this.#started))
  }

  #post(m: JobMessage): void {
    this.#worker?.postMessage(m)
  }
}

const failed = (o: { slug: string; job: string }, actual: string, ms: number): JobResult => ({
  ok: false,
  error: new CodedError('EVT_MODULE', { path: `${o.slug} ${o.job}`, actual }),
  ms,
})
