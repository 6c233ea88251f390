import type { Worker } from 'node:worker_threads'
import { asCoded, CodedError, spawnWorker } from '../../contracts/index.ts'
import { fromWire } from '../store/store-ops.ts'
import {
  type QueryAnswer,
  type QueryAsk,
  type QueryWorkerData,
  QUESTIONS,
  type Question,
  type Questions,
} from './questions.ts'

interface Waiting {
  ask: Exclude<QueryAsk, 'close'>
  resolve(value: unknown): void
  reject(error: CodedError): void
}

export interface QueryThreadOptions {
  dataDir: string
  /** Longest time one question may take, ms. */
  limitMs?: number
  /** Questions that may wait for their turn. */
  maxWaiting?: number
}

/** Far above the slowest question on ten million edges; a browser gives up at about the same time. */
const LIMIT_MS = 30_000
const MAX_WAITING = 200

/**
 * Questions to the records that may take long, answered in a thread of their own, one after the other: deadlines and
 * gate commands share the main thread, and SQLite blocks the thread that asks. One that exceeds its time is given up
 * and the next ones are asked in a new thread.
 */
export class QueryThread {
  readonly questions: Questions
  readonly #data: QueryWorkerData
  readonly #limitMs: number
  readonly #maxWaiting: number
  readonly #waiting: Waiting[] = []
  #worker: Worker | null = null
  #ready = false
  #asked: { item: Waiting; timer: NodeJS.Timeout } | null = null
  #closed = false

  constructor(o: QueryThreadOptions) {
    this.#data = { dataDir: o.dataDir }
    this.#limitMs = o.limitMs ?? LIMIT_MS
    this.#maxWaiting = o.maxWaiting ?? MAX_WAITING
    this.questions = Object.fromEntries(
      QUESTIONS.map((question) => [question, (...args: unknown[]) => this.#ask(question, args)]),
    ) as unknown as Questions
    this.#spawn()
  }

  /** @throws TRC_BUSY; whatever the question itself is refused with */
  #ask(question: Question, args: unknown[]): Promise<unknown> {
    if (this.#closed) return Promise.reject(busy('an open line', 'one that is being stopped'))
    if (this.#waiting.length >= this.#maxWaiting)
      return Promise.reject(busy(`at most ${this.#maxWaiting} questions waiting`, 'more'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ask: { question, args }, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    if (this.#asked !== null || this.#closed) return
    if (this.#worker === null) this.#spawn()
    if (!this.#ready) return
    const item = this.#waiting.shift()
    if (item === undefined) return
    const timer = setTimeout(() => this.#giveUp(), this.#limitMs)
    this.#asked = { item, timer }
    this.#worker?.postMessage(item.ask)
  }

  #spawn(): void {
    const worker = spawnWorker(new URL('./query.worker.ts', import.meta.url), { workerData: this.#data })
    this.#worker = worker
    this.#ready = false
    worker.on('message', (answer: QueryAnswer) => {
      if (worker !== this.#worker) return
      if (answer.kind === 'ready') this.#ready = true
      else if (answer.kind === 'broken') return this.#lost(worker, fromWire(answer.error))
      else this.#settle(answer)
      this.#next()
    })
    worker.once('error', (error) => this.#lost(worker, asCoded(error, 'API_INTERNAL')))
    worker.once('exit', () => this.#lost(worker, busy('a running thread', 'one that ended')))
    worker.unref()
  }

  #settle(answer: Extract<QueryAnswer, { kind: 'answer' | 'refusal' }>): void {
    if (this.#asked === null) return
    const { item, timer } = this.#asked
    clearTimeout(timer)
    this.#asked = null
    if (answer.kind === 'answer') item.resolve(answer.value)
    else item.reject(fromWire(answer.error))
  }

  #giveUp(): void {
    const worker = this.#worker
    if (worker === null) return
    this.#lost(
      worker,
      busy(`an answer within ${this.#limitMs} ms`, 'none', 'ask for a shorter time or fewer parts'),
    )
    // Ends as soon as SQLite returns from the statement; until then it costs a core, not an answer.
    void worker.terminate()
  }

  /** The question in work is refused; without one, those that wait are, so that a broken file is not asked for ever. */
  #lost(worker: Worker, error: CodedError): void {
    if (worker !== this.#worker) return
    this.#worker = null
    this.#ready = false
    if (this.#asked !== null) {
      const { item, timer } = this.#asked
      clearTimeout(timer)
      this.#asked = null
      item.reject(error)
    } else for (const item of this.#waiting.splice(0)) item.reject(error)
    if (this.#waiting.length > 0) this.#next()
  }

  /** Questions in work or waiting are refused. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#worker = null
    const error = busy('an open line', 'one that is being stopped')
    if (this.#asked !== null) {
      clearTimeout(this.#asked.timer)
      this.#asked.item.reject(error)
      this.#asked = null
    }
    for (const item of this.#waiting.splice(0)) item.reject(error)
    if (worker !== null) await worker.terminate()
  }
}

const busy = (expected: string, actual: string, hint?: string): CodedError =>
  new CodedError('TRC_BUSY', { expected, actual, ...(hint === undefined ? {} : { hint }) })
