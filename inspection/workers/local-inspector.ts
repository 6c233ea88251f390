import {
  CodedError,
  type I18n,
  type InspectJob,
  type InspectOutcome,
  type Inspector,
  type InspectorHealth,
  type LateOutcome,
  monoMs,
} from '../../contracts/index.ts'
import type { ModelSetup, RecipeSource } from '../pipeline/index.ts'
import { recipeId } from '../recipes/index.ts'
import type { Canary } from './canary.ts'
import { DeadlineQueue } from './deadline-queue.ts'
import { lowerProvider, noWorkers, threadsHang, workersDown } from './degraded.ts'
import { PreparedRecipes } from './prepared-recipes.ts'
import { judgeOnFirst, judgeOnSpare, spareSeat } from './spare-seat.ts'
import { Ticket } from './ticket.ts'
import { loadLimitMs, WorkerSeat } from './worker-seat.ts'

export interface LocalInspectorOptions {
  workers: number
  /** Frame pool, in slot order; empty when all jobs bring their bytes. */
  buffers: readonly SharedArrayBuffer[]
  recipes: readonly RecipeSource[]
  models: ModelSetup
  /** Jobs waiting at most; beyond, the one with the latest deadline is an `overload` no-verdict. */
  queueBound?: number
  restart?: { max: number; withinMs: number }
  /** A worker that answers nothing this long past the deadline is replaced; default 10 budgets, 1 to 30 s. */
  stuckAfterMs?: number
  /** Frames with a known answer: a thread judges those of a recipe right before it gets frames of that recipe. */
  canaries?: readonly Canary[]
  /** Longest times a worker may take for one canary, and to load a recipe and run it once, ms; then it is replaced. */
  canaryMs?: number
  loadMs?: number
  entry?: URL
}

/** Judges frames on worker threads of this process; see Inspector. */
export class LocalInspector implements Inspector {
  readonly #options: LocalInspectorOptions
  readonly #recipes = new Map<string, RecipeSource>()
  readonly #facts = new PreparedRecipes()
  readonly #seats: WorkerSeat[]
  readonly #queue: DeadlineQueue<Ticket>
  readonly #running = new Map<Ticket, { seat: WorkerSeat; life: number }>()
  /** Work for one certain seat, before any frame. */
  readonly #reserved = new Map<WorkerSeat, (() => void)[]>()
  readonly #watch: NodeJS.Timeout
  #completed = 0
  #failed = 0
  #closed = false

  private constructor(options: LocalInspectorOptions) {
    this.#options = options
    this.#queue = new DeadlineQueue(options.queueBound ?? 256)
    for (const source of options.recipes) this.#recipes.set(recipeId(source.recipe), source)
    this.#seats = Array.from(
      { length: options.workers },
      (_, i) =>
        new WorkerSeat({
          entry: options.entry ?? new URL('./inspect.worker.ts', import.meta.url),
          setup: { name: `local/${i}`, buffers: options.buffers, models: options.models },
          recipes: this.#recipes,
          canaries: options.canaries ?? [],
          canaryMs: options.canaryMs ?? 30_000,
          loadMs: options.loadMs ?? loadLimitMs(options.models.providers),
          restart: options.restart ?? { max: 5, withinMs: 60_000 },
          abandonMs: 5_000,
          onPrepared: (facts) => this.#facts.keep(facts),
          onIdle: () => this.#assign(),
        }),
    )
    this.#watch = setInterval(() => this.#replaceStuck(), 200)
    this.#watch.unref()
  }

  /**
   * Resolves when every worker has loaded every recipe, run it once, and judged the canaries right.
   *
   * @throws CFG_*, MDL_*, INS_* of the first recipe that does not load; INS_CANARY; no thread is left then
   */
  static async start(options: LocalInspectorOptions): Promise<LocalInspector> {
    const inspector = new LocalInspector(options)
    const opened = await Promise.allSettled(inspector.#seats.map((seat) => seat.open()))
    const failed = opened.find((result) => result.status === 'rejected')
    if (!failed) return inspector
    await inspector.close()
    throw failed.reason
  }

  inspect(job: InspectJob): { outcome: Promise<InspectOutcome>; settled: Promise<LateOutcome | null> } {
    const facts = this.#facts.get(job.recipe)
    const { sha256 = '0'.repeat(64), models = [] } = facts ?? {}
    const ticket = new Ticket(job, { id: job.recipe, sha256, models })
    void ticket.outcome.then(() => (ticket.judged ? this.#completed++ : this.#failed++))
    if (this.#closed) this.#drop(ticket, 'interrupted', 'the inspector is closed')
    else if (!facts) this.#drop(ticket, 'tool', job.recipe, 'prepare the recipe first')
    else if (ticket.deadlineMs <= monoMs())
      this.#drop(ticket, 'deadline', 'the deadline had passed on arrival')
    else if (this.#seats.every((s) => s.state === 'failed'))
      this.#drop(ticket, 'worker-lost', noWorkers(this.#seats).en)
    else {
      ticket.onDeadline(() => this.#expire(ticket))
      const evicted = this.#queue.push(ticket)
      if (evicted)
        this.#drop(evicted, 'overload', `${this.#queue.length} jobs waiting`, 'slow down or add workers')
      this.#assign()
    }
    return { outcome: ticket.outcome, settled: ticket.settled }
  }

  /**
   * Loads a recipe into every worker, one after the other, so that the others go on judging. Jobs may name it when
   * this resolves; a changeover prepares, then switches, then retires.
   *
   * @throws what the first worker threw, INS_CANARY among it, or INS_WORKER_LOST; the workers are as before then
   */
  async prepare(source: RecipeSource): Promise<void> {
    const id = recipeId(source.recipe)
    const before = this.#recipes.get(id)
    try {
      await this.#everywhere(source)
      this.#facts.mustHave(id, noWorkers(this.#seats).en)
    } catch (error) {
      await (before ? this.#everywhere(before) : this.retire(id)).catch(() => undefined)
      throw error
    }
  }

  /** Frees a recipe in every worker. Jobs that name it afterwards are no-verdicts. */
  async retire(recipe: string): Promise<void> {
    this.#recipes.delete(recipe)
    this.#facts.delete(recipe)
    for (const seat of this.#seats) await this.#onSeat(seat, () => seat.retire(recipe))
  }

  /** SHA-256 of what the model packages of a recipe mean on this host; undefined when it is not prepared. */
  readonly meaningSha = (recipe: string): string | undefined => this.#facts.get(recipe)?.meaningSha256

  /**
   * Every worker judges every canary of the recipes in use, or of one of them.
   *
   * @throws INS_CANARY naming worker, canary and difference
   */
  async selfTest(recipe?: string): Promise<void> {
    const canaries = (this.#options.canaries ?? []).filter(
      (c) => this.#recipes.has(c.recipe) && (recipe ?? c.recipe) === c.recipe,
    )
    for (const canary of canaries)
      for (const seat of this.#seats) await this.#onSeat(seat, () => seat.check([canary]))
  }

  /** Whether a worker may do what nobody waits for, with `keepFree` others idle and nothing waiting. */
  hasSpare(keepFree: number): boolean {
    const waiting = this.#queue.length + [...this.#reserved.values()].flat().length
    return !this.#closed && waiting === 0 && spareSeat(this.#seats, keepFree) !== null
  }

  /** Null when no worker can be spared. @throws INS_WORKER_LOST */
  inspectSpare(job: InspectJob, keepFree: number): Promise<InspectOutcome> | null {
    return this.hasSpare(keepFree) ? judgeOnSpare(spareSeat(this.#seats, keepFree), job) : null
  }

  /** One worker judges it before any frame: a line that drowns in them must still go back. @throws INS_WORKER_LOST */
  inspectFirst(job: InspectJob): Promise<InspectOutcome> {
    return judgeOnFirst(this.#seats, (seat) => this.#onSeat(seat, () => judgeOnSpare(seat, job)))
  }

  /** Numbers of the workers that have a frame now. */
  busyWorkers(): number[] {
    return [...this.#running.values()].map(({ seat }) => this.#seats.indexOf(seat))
  }

  /** Ends a worker in whatever it does and starts another: for supervisors. */
  recycle(worker: number): void {
    this.#seats[worker]?.recycle({ en: 'ended from outside', zh: '被外部终止' })
  }

  health(): InspectorHealth {
    const alive = this.#seats.filter((s) => s.state === 'idle' || s.state === 'busy')
    const providers = new Set([...this.#facts.values()].flatMap((f) => f.models.map((m) => m.provider)))
    return {
      mode: 'local',
      workers: alive.length,
      busy: this.#running.size,
      queued: this.#queue.length,
      completed: this.#completed,
      failed: this.#failed,
      restarts: this.#seats.reduce((sum, s) => sum + s.restarts, 0),
      provider: [...providers].join('+') || 'none',
      degraded: this.#degraded(this.#seats.length - alive.length),
    }
  }

  /** Waits for frames being judged, up to the grace; those still waiting are `interrupted`. */
  async close(graceMs = 5_000): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#watch)
    for (let t = this.#queue.shift(); t; t = this.#queue.shift())
      this.#drop(t, 'interrupted', 'the inspector was closed')
    let timer: NodeJS.Timeout | undefined
    const grace = new Promise((resolve) => (timer = setTimeout(resolve, graceMs)))
    await Promise.race([Promise.all([...this.#running.keys()].map((t) => t.settled)), grace])
    clearTimeout(timer)
    await Promise.all(this.#seats.map((s) => s.close(1_000)))
    this.#assign()
  }

  #assign(): void {
    for (const seat of this.#seats) {
      if (seat.state !== 'idle') continue
      const reserved = this.#reserved.get(seat)?.shift()
      const ticket = reserved ? undefined : this.#queue.shift()
      // Both make the seat busy before they first wait.
      if (reserved) reserved()
      else if (ticket) void this.#run(seat, ticket)
    }
    for (const seat of this.#seats) {
      if (seat.state !== 'failed' && seat.state !== 'closed') continue
      for (const reserved of this.#reserved.get(seat)?.splice(0) ?? []) reserved()
    }
    if (this.#seats.every((s) => s.state === 'failed')) {
      for (let t = this.#queue.shift(); t; t = this.#queue.shift())
        this.#drop(t, 'worker-lost', noWorkers(this.#seats).en)
    }
  }

  async #run(seat: WorkerSeat, ticket: Ticket): Promise<void> {
    ticket.runningOn = seat.name
    this.#running.set(ticket, { seat, life: seat.life })
    const result = await seat.judge(ticket.job, monoMs() - ticket.startedMs).catch((e: CodedError) => e)
    this.#running.delete(ticket)
    ticket.runningOn = null
    if (!(result instanceof CodedError)) ticket.finish(result)
    else if (this.#closed) this.#drop(ticket, 'interrupted', 'the inspector was closed')
    else if (!ticket.given && ticket.losses === 0 && monoMs() < ticket.deadlineMs) {
      ticket.losses += 1
      this.#queue.putBack(ticket)
    } else this.#drop(ticket, 'worker-lost', result.detail.actual ?? result.message)
    this.#assign()
  }

  #expire(ticket: Ticket): void {
    if (ticket.given) return
    const waiting = this.#queue.remove(ticket)
    const where = waiting
      ? 'it was still waiting for a worker'
      : `${ticket.runningOn ?? 'a worker'} was judging it`
    if (ticket.losses > 0)
      ticket.giveUp('worker-lost', 'a worker died with it, and there was no time for another try')
    else ticket.giveUp('deadline', where)
    if (waiting) ticket.release()
  }

  /** Ends a ticket that no worker has. */
  #drop(ticket: Ticket, reason: Parameters<Ticket['giveUp']>[0], actual: string, hint?: string): void {
    ticket.giveUp(reason, actual, hint)
    ticket.release()
  }

  async #everywhere(source: RecipeSource): Promise<void> {
    this.#recipes.set(recipeId(source.recipe), source)
    for (const seat of this.#seats) await this.#onSeat(seat, () => seat.prepare(source))
  }

  /** Runs `work` on a seat between two frames; a seat that has failed is passed over. */
  #onSeat<T>(seat: WorkerSeat, work: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const list = this.#reserved.get(seat) ?? []
      this.#reserved.set(seat, list)
      list.push(() => {
        if (seat.state === 'idle') work().then(resolve, reject)
        else resolve(undefined)
      })
      this.#assign()
    })
  }

  #replaceStuck(): void {
    for (const [ticket, { seat, life }] of this.#running) {
      const budget = ticket.deadlineMs - ticket.job.meta.triggeredAtMs
      const after = this.#options.stuckAfterMs ?? Math.min(30_000, Math.max(1_000, 10 * budget))
      if (seat.life === life && monoMs() > ticket.deadlineMs + after)
        seat.recycle({
          en: `it did not answer for ${after} ms after the deadline`,
          zh: `截止时间后 ${after} ms 仍无应答`,
        })
    }
  }

  #degraded(down: number): I18n | null {
    if (down > 0 && !this.#closed) return workersDown(down, this.#seats.length, noWorkers(this.#seats))
    const hung = this.#seats.reduce((sum, s) => sum + s.hung, 0)
    if (hung > 0) return threadsHang(hung)
    return lowerProvider([...this.#facts.values()].map((f) => f.degraded))
  }
}
