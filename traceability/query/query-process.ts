import type { ChildProcess } from 'node:child_process'
import { asCoded, CodedError, killProcess, spawnProcess, tellProcess } from '../../contracts/index.ts'
import { fromWire } from '../store/store-ops.ts'
import {
  type QueryAnswer,
  type QueryAsk,
  type QueryData,
  LINE_QUESTIONS,
  PLANT_QUESTIONS,
  type PlantQuestions,
  type Question,
  type Questions,
} from './questions.ts'

interface Waiting {
  ask: QueryAsk
  resolve(value: unknown): void
  reject(error: CodedError): void
}

export interface QueryLimits {
  /** Longest time one question may take, ms. */
  limitMs?: number
  /** Questions that may wait for their turn. */
  maxWaiting?: number
}

/** Far above the slowest question on ten million edges; a browser gives up at about the same time. */
const LIMIT_MS = 30_000
const MAX_WAITING = 200

/**
 * Questions to the records that may take long, answered in a process of their own, one after the other: deadlines and
 * gate commands share the main thread, and SQLite blocks the thread that asks. One that exceeds its time is killed with
 * its process, since a thread could not be stopped within a statement, and the next ones are asked in a new one.
 */
class AskedProcess<Q> {
  readonly questions: Q
  readonly #data: QueryData
  readonly #limitMs: number
  readonly #maxWaiting: number
  readonly #waiting: Waiting[] = []
  #child: ChildProcess | null = null
  #ready = false
  #asked: { item: Waiting; timer: NodeJS.Timeout } | null = null
  #closed = false

  constructor(data: QueryData, names: readonly Question[], o: QueryLimits) {
    this.#data = data
    this.#limitMs = o.limitMs ?? LIMIT_MS
    this.#maxWaiting = o.maxWaiting ?? MAX_WAITING
    this.questions = Object.fromEntries(
      names.map((question) => [question, (...args: unknown[]) => this.#ask(question, args)]),
    ) as unknown as Q
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
    if (this.#child === null) this.#spawn()
    if (!this.#ready) return
    const item = this.#waiting.shift()
    if (item === undefined) return
    const timer = setTimeout(() => this.#giveUp(), this.#limitMs)
    this.#asked = { item, timer }
    if (this.#child !== null) tellProcess(this.#child, item.ask)
  }

  #spawn(): void {
    const child = spawnProcess(new URL('./query.process.ts', import.meta.url), this.#data)
    this.#child = child
    this.#ready = false
    child.on('message', (answer: QueryAnswer) => {
      if (child !== this.#child) return
      if (answer.kind === 'ready') this.#ready = true
      else if (answer.kind === 'broken') return this.#lost(child, fromWire(answer.error))
      else this.#settle(answer)
      this.#next()
    })
    child.on('error', (error) => this.#lost(child, asCoded(error, 'API_INTERNAL')))
    child.once('exit', () => this.#lost(child, busy('a running process', 'one that ended')))
    child.unref()
    child.channel?.unref()
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
    const child = this.#child
    if (child === null) return
    this.#lost(
      child,
      busy(`an answer within ${this.#limitMs} ms`, 'none', 'ask for a shorter time or fewer parts'),
    )
  }

  /** The question in work is refused; without one, those that wait are, so that a broken file is not asked for ever. */
  #lost(child: ChildProcess, error: CodedError): void {
    if (child !== this.#child) return
    this.#child = null
    this.#ready = false
    void killProcess(child)
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
    const child = this.#child
    this.#child = null
    const error = busy('an open line', 'one that is being stopped')
    if (this.#asked !== null) {
      clearTimeout(this.#asked.timer)
      this.#asked.item.reject(error)
      this.#asked = null
    }
    for (const item of this.#waiting.splice(0)) item.reject(error)
    if (child !== null) await killProcess(child)
  }
}

const busy = (expected: string, actual: string, hint?: string): CodedError =>
  new CodedError('TRC_BUSY', { expected, actual, ...(hint === undefined ? {} : { hint }) })

/** Questions to the records of a line. */
export class QueryProcess extends AskedProcess<Questions> {
  constructor({ dataDir, ...limits }: QueryLimits & { dataDir: string }) {
    super({ dataDir }, LINE_QUESTIONS, limits)
  }
}

/** Questions to the store of a plant: they wait for the network there, and not in the server that asks. */
export class PlantQueryProcess extends AskedProcess<PlantQuestions> {
  constructor({ url, schema, ...limits }: QueryLimits & { url: string; schema: string }) {
    super({ plant: { url, schema } }, PLANT_QUESTIONS, limits)
  }
}
