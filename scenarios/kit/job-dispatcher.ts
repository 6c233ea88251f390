import { asCoded, toFact, type CodedError, type ErrorFact, type SqlDatabase } from '../../contracts/index.ts'
import { hash32 } from '../kernels/index.ts'
import type { ActionDesk } from './actions.ts'
import type { ModuleBody } from './contract.ts'
import type { Cause, SqlRead, SqlTx } from './io.ts'
import { settleJob, takeJob } from './job-queue.ts'
import type { JobResult, JobRunner } from './job-runner.ts'
import { outputCtx } from './output.ts'
import type { ReferenceData } from './reference.ts'

interface DispatcherOptions {
  slug: string
  body: ModuleBody
  db: SqlDatabase
  tx: SqlTx
  ref: ReferenceData
  desk: ActionDesk
  params: unknown
  runner: JobRunner
  now: () => number
}

/** Takes the owed jobs of one module one by one: snapshot, worker, apply in one transaction. */
export class JobDispatcher {
  /** The module's tables, to read only. */
  readonly read: SqlRead
  readonly #o: DispatcherOptions
  #running: Promise<void> | null = null
  /** Raised by a rebuild: results of older snapshots are thrown away, the job stays owed. */
  #generation = 0
  #stopped = false

  constructor(o: DispatcherOptions) {
    this.#o = o
    this.read = { get: o.tx.get, all: o.tx.all }
  }

  /** Starts working if there is something to do. `after` hears of each job that ended; job null = the store failed. */
  kick(after: (fault: ErrorFact | null, job: string | null) => void): void {
    this.#running ??= this.#work(after)
      .catch((error: unknown) => after(toFact(asCoded(error, 'EVT_MODULE', { path: this.#o.slug })), null))
      .finally(() => {
        this.#running = null
      })
  }

  settled = (): Promise<void> => this.#running ?? Promise.resolve()

  forgetRunning(): void {
    this.#generation += 1
  }

  stop(): void {
    this.#stopped = true
  }

  async #work(after: (fault: ErrorFact | null, job: string | null) => void): Promise<void> {
    while (!this.#stopped) {
      const taken = this.#o.db.transaction(() => takeJob(this.#o.tx))
      if (!taken) return
      const generation = this.#generation
      const result = await this.#run(taken)
      // Marked running still: it is owed again when the file is opened next.
      if (this.#stopped) return
      if (generation !== this.#generation) continue
      const fault = this.#settle(taken, result)
      after(fault && toFact(fault), taken.job)
    }
  }

  async #run(j: { job: string; key: string; cause: Cause }): Promise<JobResult> {
    const { slug, body, params, runner, tx, ref } = this.#o
    const job = body.jobs[j.job]
    if (!job) return { ok: false, error: asCoded(`no job "${j.job}"`, 'EVT_MODULE', { path: slug }), ms: 0 }
    try {
      const input = job.input.parse(job.snapshot({ db: tx, ref }, j.key))
      return await runner.run(
        this.order(j.job, j.key, input, Date.parse(j.cause.time), params),
        job.deadlineMs,
      )
    } catch (error) {
      return { ok: false, error: asCoded(error, 'EVT_MODULE', { path: `${slug} ${j.job}` }), ms: 0 }
    }
  }

  /** The seed follows from the names and the input's time only, so that a replay draws the same numbers. */
  order(job: string, key: string, input: unknown, now: number, params: unknown = this.#o.params) {
    const { slug } = this.#o
    return { slug, params, job, input, now, seed: hash32(`${slug}/${job}/${key}/${now}`) }
  }

  #settle(j: { job: string; key: string; cause: Cause }, result: JobResult): CodedError | null {
    const { db, tx, ref, slug, body, desk, now } = this.#o
    const at = new Date(now()).toISOString()
    try {
      if (!result.ok) throw result.error
      db.transaction(() => {
        body.jobs[j.job]?.apply(result.output, outputCtx({ tx, ref, slug, body, desk, cause: j.cause }))
        settleJob(tx, j, { state: 'done', at, ms: result.ms, error: null })
      })
      return null
    } catch (error) {
      ref.forget()
      const fault = asCoded(error, 'EVT_MODULE', { path: `${slug} ${j.job}` })
      settleJob(tx, j, { state: 'failed', at, ms: result.ms, error: fault.message })
      return fault
    }
  }
}
