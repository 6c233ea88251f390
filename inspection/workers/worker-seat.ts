import {
  asCoded,
  CodedError,
  errorText,
  type I18n,
  type InspectJob,
  type InspectOutcome,
} from '../../contracts/index.ts'
import type { RecipeSource } from '../pipeline/index.ts'
import { recipeId } from '../recipes/index.ts'
import { type Canary, judgeCanaries, orSilence } from './canary.ts'
import type { PreparedFacts, WorkerSetup } from './messages.ts'
import { WorkerThread } from './worker-thread.ts'

export interface SeatOptions {
  entry: URL
  setup: WorkerSetup
  /** Recipes a new thread must have before it gets jobs; read when it starts. */
  recipes: ReadonlyMap<string, RecipeSource>
  /** Judged by a thread when it has loaded the recipe they name, before it gets jobs; read then. */
  canaries: readonly Canary[]
  /** Longest time for one canary, ms. */
  canaryMs: number
  /** Longest time for loading one recipe and running it once, ms. */
  loadMs: number
  restart: { max: number; withinMs: number }
  /** How long a thread that is to end may hang in native code before it is given up. */
  abandonMs: number
  /** A recipe is loaded and its canaries were judged right. */
  onPrepared(facts: PreparedFacts): void
  /** The seat is free for work. */
  onIdle(): void
}

/**
 * On a processor several models of 33 Mpx with their golden vectors, all workers at once, take minutes. TensorRT builds
 * an engine while it loads, and a graphics card newer than its libraries has all kernels compiled at the first time.
 */
export const loadLimitMs = (providers: readonly string[]): number =>
  providers.every((p) => p === 'cpu') ? 300_000 : 900_000

export type SeatState = 'starting' | 'idle' | 'busy' | 'failed' | 'closed'

/** A place for one worker thread; a lost thread is replaced until the restart budget is used up. */
export class WorkerSeat {
  readonly name: string
  state: SeatState = 'starting'
  restarts = 0
  /** Threads that were given up and are still in native code. */
  hung = 0
  /** Counts threads: a job belongs to the life in which it began. */
  life = 0
  lastError: I18n | null = null
  readonly #options: SeatOptions
  readonly #losses: number[] = []
  #thread: WorkerThread | null = null
  #opened = false

  constructor(options: SeatOptions) {
    this.#options = options
    this.name = options.setup.name
  }

  /** Starts the first thread. @throws what its recipes threw, INS_CANARY; then the seat is closed */
  async open(): Promise<void> {
    const failed = await this.#start()
    this.#opened = true
    if (!failed) return
    this.state = 'closed'
    throw failed
  }

  /** @throws INS_WORKER_LOST when the thread ended before it answered */
  judge(job: InspectJob, queueMs: number): Promise<InspectOutcome> {
    return this.#exclusive((thread) => this.#judgeOn(thread, job, queueMs))
  }

  /** @throws what the recipe threw; MDL_LOAD when it is not loaded in time; INS_CANARY when a canary that names it is judged differently */
  async prepare(source: RecipeSource): Promise<void> {
    await this.#exclusive((thread) => this.#load(thread, source))
  }

  async retire(recipe: string): Promise<void> {
    await this.#exclusive((thread) => thread.ask({ kind: 'retire', recipe }))
  }

  /** @throws INS_CANARY; INS_WORKER_LOST when the thread ended before it answered */
  async check(canaries: readonly Canary[]): Promise<void> {
    await this.#exclusive((thread) => this.#prove(thread, canaries))
  }

  /** Ends the thread, whatever it does, and starts another one. */
  recycle(why: I18n): void {
    if (this.#thread && this.state !== 'closed') this.#end(this.#thread, why)
  }

  async close(graceMs: number): Promise<void> {
    this.state = 'closed'
    const thread = this.#thread
    this.#thread = null
    if (!thread) return
    thread.ask({ kind: 'close' }).catch(() => undefined)
    const timer = setTimeout(() => thread.end({ en: 'closed', zh: '已关闭' }), graceMs)
    let hung: NodeJS.Timeout | undefined
    const given = new Promise((resolve) => (hung = setTimeout(resolve, graceMs + this.#options.abandonMs)))
    await Promise.race([thread.exited, given])
    clearTimeout(timer)
    clearTimeout(hung)
  }

  /** Runs one request alone; the seat must be idle. */
  async #exclusive<T>(work: (thread: WorkerThread) => Promise<T>): Promise<T> {
    const thread = this.#thread
    if (!thread || this.state !== 'idle') throw asCoded('no worker thread', 'INS_WORKER_LOST')
    this.state = 'busy'
    try {
      return await work(thread)
    } finally {
      if (this.#thread === thread && this.#isBusy()) this.#becomeIdle()
    }
  }

  /** Apart, because the compiler believes that nothing changes the state during an await. */
  #isBusy(): boolean {
    return this.state === 'busy'
  }

  async #judgeOn(thread: WorkerThread, job: InspectJob, queueMs: number): Promise<InspectOutcome> {
    const answer = await thread.ask({ kind: 'judge', job, queueMs })
    if ('outcome' in answer) return answer.outcome
    throw asCoded('an answer without an outcome', 'INS_TOOL')
  }

  async #load(thread: WorkerThread, source: RecipeSource): Promise<void> {
    const answer = await orSilence(thread.ask({ kind: 'prepare', source }), this.#options.loadMs)
    if (answer === null) throw this.#tooLong(thread, source)
    await this.#prove(
      thread,
      this.#options.canaries.filter((c) => c.recipe === recipeId(source.recipe)),
    )
    if ('prepared' in answer) this.#options.onPrepared(answer.prepared)
  }

  /** A model may run for ever: the thread that does is of no use to the line, which goes on with another. */
  #tooLong(thread: WorkerThread, { recipe }: RecipeSource): CodedError {
    const s = this.#options.loadMs / 1000
    this.#end(thread, {
      en: `loading ${recipeId(recipe)} did not end`,
      zh: `${recipeId(recipe)} 的加载没有结束`,
    })
    return new CodedError('MDL_LOAD', {
      path: recipeId(recipe),
      expected: `models that are loaded and run once within ${s} s`,
      actual: `no end after ${s} s, on ${this.name}`,
      hint: 'export the model without loops, or use a smaller one; a thread that hangs keeps a core until the program is restarted',
    })
  }

  #prove(thread: WorkerThread, canaries: readonly Canary[]): Promise<void> {
    const worker = {
      name: this.name,
      limitMs: this.#options.canaryMs,
      judge: (job: InspectJob) => this.#judgeOn(thread, job, 0),
      onSilence: () => this.#end(thread, { en: 'no answer to a canary', zh: '对金丝雀图像没有应答' }),
    }
    return judgeCanaries(worker, canaries)
  }

  /** Nothing more is asked of the thread; another one follows when it has exited, or hangs for too long. */
  #end(thread: WorkerThread, why: I18n): void {
    if (this.state !== 'closed') this.state = 'starting'
    thread.end(why)
    setTimeout(() => {
      if (this.#thread !== thread) return
      this.hung += 1
      void thread.exited.then(() => (this.hung -= 1))
      this.#replace({ en: `${why.en}; it hangs in native code`, zh: `${why.zh};线程卡在本机代码中` })
    }, this.#options.abandonMs).unref()
  }

  /** Null when the thread is ready; else why not. */
  async #start(): Promise<CodedError | null> {
    this.state = 'starting'
    this.life += 1
    const thread = new WorkerThread(this.#options.entry, this.#options.setup)
    this.#thread = thread
    let failed: CodedError | null = null
    try {
      await thread.ready
      const loaded = new Set<RecipeSource>()
      // A recipe may be added while another one loads.
      for (let next = this.#missing(loaded); next; next = this.#missing(loaded)) {
        await this.#load(thread, next)
        loaded.add(next)
      }
    } catch (error) {
      failed = asCoded(error, 'INS_WORKER_LOST')
      this.lastError = errorText(failed)
      this.#end(thread, this.lastError)
    }
    void thread.exited.then(() => {
      if (this.#thread === thread) this.#replace(thread.lastError)
    })
    if (!failed && this.#thread === thread) this.#becomeIdle()
    return failed
  }

  #missing(loaded: ReadonlySet<RecipeSource>): RecipeSource | undefined {
    return [...this.#options.recipes.values()].find((source) => !loaded.has(source))
  }

  #replace(why: I18n): void {
    this.#thread = null
    this.lastError = why
    if (this.state === 'closed' || !this.#opened) return
    const { max, withinMs } = this.#options.restart
    const now = performance.now()
    this.#losses.push(now)
    while ((this.#losses[0] ?? now) < now - withinMs) this.#losses.shift()
    if (this.#losses.length > max) {
      this.state = 'failed'
      this.#options.onIdle()
      return
    }
    this.restarts += 1
    this.state = 'starting'
    // The first replacement is immediate; a thread that keeps dying must not eat the processor.
    const n = this.#losses.length
    setTimeout(
      () => {
        if (this.state === 'starting') void this.#start()
      },
      n < 2 ? 0 : Math.min(2_000, 50 * 2 ** n),
    )
  }

  #becomeIdle(): void {
    this.state = 'idle'
    this.#options.onIdle()
  }
}
