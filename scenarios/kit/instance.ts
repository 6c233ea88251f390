import {
  asCoded,
  CodedError,
  toFact,
  uuidv7,
  type ErrorFact,
  type EventLog,
  type OpenSql,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { expireActions, type ActionDesk } from './actions.ts'
import type { ModuleBody, ScenarioModule } from './contract.ts'
import type { JobRunner } from './job-runner.ts'
import { JobDispatcher } from './job-dispatcher.ts'
import { owes, pendingJobs, requestJob } from './job-queue.ts'
import { fingerprintOf, prepareStore, readCursor, resetState } from './module-store.ts'
import { relayOutbox, sendAgain, unsent } from './outbox.ts'
import { txOf } from './output.ts'
import { matcher, projectBatch, ProjectionFault, type Projection } from './projector.ts'
import { ReferenceData } from './reference.ts'

export interface InstanceOptions {
  module: ScenarioModule
  /** The module's entry in the line file without `use`. */
  params: unknown
  path: string
  openSql: OpenSql
  log: Pick<EventLog, 'read'>
  emit: (event: Omit<QEvent, 'sequence'>) => Promise<void>
  runner: JobRunner
  now: () => number
  /** Longest time the thread is kept per batch, ms. */
  sliceMs: number
  /** Whether the disk takes what is written now. */
  diskAnswers: () => Promise<boolean>
  onFault: (slug: string, fact: ErrorFact) => void
  /** Hears that what was kept did not follow from this log. */
  onRebuilt: (why: CodedError) => void
}

const BATCH = 500
/** Pause before a disk that stands still is asked again, ms. */
const STILL_MS = 1_000

/** One module at work: its file, its cursor in the log, its jobs and its outbox. */
export class ModuleInstance {
  readonly module: ScenarioModule
  readonly slug: string
  readonly body: ModuleBody
  readonly db: SqlDatabase
  readonly ref: ReferenceData
  readonly desk: ActionDesk
  readonly jobs: JobDispatcher
  /** Why the state was dropped when the file was opened, or null. */
  readonly opened: 'new' | 'changed' | null
  paused: ErrorFact | null = null
  relayFault: ErrorFact | null = null
  readonly #o: InstanceOptions
  readonly #fingerprint: string
  readonly #projection: Projection
  /** Names of the jobs projection waits for. */
  readonly #ordered: string[]
  #pumping: Promise<void> | null = null
  #again = false
  #relaying: Promise<void> | null = null
  #closed = false

  /** @throws ZodError for wrong parameters; TRC_OPEN when the file cannot be opened */
  constructor(o: InstanceOptions) {
    this.#o = o
    this.module = o.module
    this.slug = o.module.manifest.slug
    this.body = o.module.build(o.params)
    this.#fingerprint = fingerprintOf(
      o.module.manifest.version,
      o.module.params.parse(o.params),
      this.body.schema,
    )
    this.#ordered = Object.keys(this.body.jobs).filter((n) => this.body.jobs[n]?.ordered === true)
    this.db = o.openSql(o.path, { synchronous: 'normal' })
    try {
      this.opened = prepareStore(this.db, this.body.schema, this.#fingerprint)
      if (this.opened === null) this.#followOnlyThisLog()
    } catch (error) {
      this.db.close()
      throw error
    }
    this.ref = new ReferenceData(this.db, this.body.ref, o.now)
    this.desk = { slug: this.slug, types: this.body.actions, ref: this.ref }
    const tx = txOf(this.db)
    const { slug, body, db, ref, desk } = this
    this.#projection = { slug, body, db, tx, ref, desk, wanted: matcher(body.subscribe) }
    this.jobs = new JobDispatcher({ ...this.#projection, params: o.params, runner: o.runner, now: o.now })
  }

  /** Where the log was put back from an older copy, other events come at the places that were counted already. */
  #followOnlyThisLog(): void {
    const { position, lastEvent } = readCursor(this.db)
    if (lastEvent === null) return
    const there = this.#o.log.read(position - 1, 1)[0]
    if (there?.position === position && there.event.id === lastEvent.id) return
    // What was sent may not be in this log: it keeps one of each. Before the cursor goes, so that it is done after a crash.
    sendAgain(this.db)
    resetState(this.db, this.body.schema, this.#fingerprint)
    const expected = `event ${lastEvent.id} at position ${position} of the log`
    const actual = there === undefined ? 'a log that ends before it' : `event ${there.event.id}`
    const hint = 'the log was put back from an older copy; what people decided here is kept'
    this.#o.onRebuilt(new CodedError('TRC_REBUILT', { file: this.#o.path, expected, actual, hint }))
  }

  /** Projects all there is, then jobs and outbox. Calls made while it runs make it look once more. */
  pump(): Promise<void> {
    this.#again = true
    this.#pumping ??= this.#pumpLoop()
      // Log or store failed outside a projection: nothing was counted, so the module stops here.
      .catch((error: unknown) => this.#pause(error))
      .finally(() => {
        this.#pumping = null
      })
    return this.#pumping
  }

  async #pumpLoop(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      while (!this.#closed && this.paused === null) {
        if (!(await this.#o.diskAnswers())) return this.#later()
        if (this.#closed) return
        if (owes(this.db, this.#ordered)) {
          this.kickJobs()
          await this.jobs.settled()
        } else if (!this.#projectNext()) break
        this.kickJobs()
        await new Promise((next) => setImmediate(next))
      }
      this.kickJobs()
      await this.relay()
    }
  }

  #later(): void {
    setTimeout(() => void this.pump(), STILL_MS).unref()
  }

  /** Resolves when nothing is left to do that can be done now. */
  async drain(): Promise<void> {
    do {
      await this.pump()
      await this.jobs.settled()
      await this.relay()
    } while (!this.#closed && this.paused === null && (this.#again || pendingJobs(this.db) > 0))
  }

  #projectNext(): boolean {
    const events = this.#o.log.read(readCursor(this.db).position, BATCH)
    if (events.length === 0) return false
    const until = performance.now() + this.#o.sliceMs
    try {
      projectBatch(this.#projection, events, until)
    } catch (error) {
      const at = error instanceof ProjectionFault ? error.failedAt : 0
      // The events before the faulty one are good and must not wait for its correction.
      if (at > 0) {
        try {
          projectBatch(this.#projection, events.slice(0, at), Infinity)
        } catch (again) {
          this.#pause(again)
          return false
        }
      }
      this.#pause(error)
      return false
    }
    return true
  }

  #pause(error: unknown): void {
    this.paused = toFact(asCoded(error, 'EVT_MODULE', { path: this.slug }))
    this.#o.onFault(this.slug, this.paused)
  }

  /** Goes on after a fault, from the event that caused it. */
  resume(): void {
    this.paused = null
    this.ref.forget()
    void this.pump()
  }

  kickJobs(): void {
    if (this.#closed || this.paused !== null) return
    this.jobs.kick((fault, job) => {
      if (job === null) this.paused = fault
      if (fault) this.#o.onFault(this.slug, fault)
      // What the job asked for and emitted is taken up by the next round.
      if (job !== null) void this.pump()
    })
  }

  relay(): Promise<void> {
    this.#relaying ??= relayOutbox(this.db, this.#o.emit, () => !this.#closed)
      .then(() => {
        this.relayFault = null
      })
      .catch((error: unknown) => {
        if (this.#closed) return
        const fact = toFact(asCoded(error, 'EVT_MODULE', { path: this.slug }))
        if (this.relayFault?.message !== fact.message) this.#o.onFault(this.slug, fact)
        this.relayFault = fact
      })
      .finally(() => {
        this.#relaying = null
      })
    return this.#relaying
  }

  /** Drops the state and replays the log. Reference data, decided actions and sent events are kept. */
  rebuild(): void {
    this.jobs.forgetRunning()
    resetState(this.db, this.body.schema, this.#fingerprint)
    this.ref.forget()
    this.paused = null
    void this.pump()
  }

  /** Time-driven work: expiry, jobs by the clock, what the outbox still owes. */
  tick(minute: number | null): void {
    if (this.#closed) return
    const at = new Date(this.#o.now()).toISOString()
    const expired = this.db.transaction(() => {
      const n = expireActions(this.#projection.tx, this.desk, at)
      for (const [name, job] of Object.entries(this.body.jobs)) {
        const every = job.trigger.everyMinutes
        if (every !== undefined && minute !== null && minute % every === 0) this.request(name, '')
      }
      return n
    })
    if (expired > 0 || unsent(this.db) > 0) void this.relay()
    this.kickJobs()
  }

  /** Asks for a job on behalf of a person or the clock. */
  request(job: string, key: string): void {
    const cause = { id: uuidv7(), time: new Date(this.#o.now()).toISOString(), partitionkey: this.slug }
    requestJob(this.#projection.tx, this.body.jobs, this.slug, job, key, cause)
  }

  /** No new work from now on; what is owed stays owed. Call before the job thread is closed. */
  stop(): void {
    this.#closed = true
    this.jobs.stop()
  }

  async close(): Promise<void> {
    this.stop()
    await this.#pumping
    await this.jobs.settled()
    await this.#relaying
    this.db.close()
  }
}
