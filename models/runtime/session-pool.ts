import type { Worker } from 'node:worker_threads'
import { closeThread, CodedError, fromFact, spawnWorker, type ErrorFact } from '../../contracts/index.ts'
import { openSession } from './ort-session.ts'
import type { InputTensor, OrtSession, RawOutputs } from './ort-session.ts'

/** What runs a graph of a pool: several calls at once, each on one thread. */
export type PooledSession = Pick<OrtSession, 'run' | 'close'>

/**
 * Threads that run graphs side by side, each on one core: many small calls at once are faster than one call on many
 * cores, the caller goes on meanwhile, and the numbers are the same however many threads there are.
 */
export interface SessionPool {
  /** Calls worth keeping in flight. */
  readonly lanes: number
  /** @param held inputs that are the same at every run: sent to each thread once */
  open(model: Uint8Array, held?: Feeds): Promise<PooledSession>
  /** Ends the threads; calls that have not settled are refused. */
  close(): Promise<void>
}

export type PoolOrder =
  | { kind: 'open'; session: number; model: Uint8Array; held: Feeds }
  | { kind: 'run'; call: number; session: number; feeds: Feeds; wanted: readonly string[] }
  | { kind: 'shut'; session: number }
  | { kind: 'end' }
export type PoolAnswer =
  | { kind: 'opened'; session: number; error: ErrorFact | null }
  | { kind: 'ran'; call: number; outputs: RawOutputs | null; error: ErrorFact | null }
export type Feeds = Record<string, InputTensor>

/** Longest wait for a thread to end by itself, ms. */
const END_LIMIT_MS = 5_000

/** @param threads 1 runs everything on the calling thread, and blocks it */
export function openSessionPool(threads: number): SessionPool {
  return threads <= 1 ? onThisThread() : onThreads(threads)
}

function onThisThread(): SessionPool {
  const open = new Set<OrtSession>()
  return {
    lanes: 1,
    async open(model, held = {}) {
      const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
      open.add(session)
      return {
        run: (feeds, wanted) => session.run({ ...held, ...feeds }, wanted),
        async close() {
          if (open.delete(session)) await session.close()
        },
      }
    },
    async close() {
      for (const session of open) await session.close()
      open.clear()
    },
  }
}

interface Waiting<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

/** A part of an array would be sent with the whole of it. */
const ownArrays = (feeds: Feeds): Feeds =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => [
      name,
      { data: data.byteLength === data.buffer.byteLength ? data : data.slice(), shape },
    ]),
  )

/** One thread of a pool. */
class Lane {
  readonly #thread: Worker
  readonly #opening = new Map<number, Waiting<void>>()
  readonly #running = new Map<number, Waiting<RawOutputs>>()
  #calls = 0
  #lost: CodedError | null = null

  constructor() {
    this.#thread = spawnWorker(new URL('./session-pool.worker.ts', import.meta.url))
    this.#thread.on('message', (answer: PoolAnswer) => this.#answered(answer))
    this.#thread.on('error', (error) => this.#lose(String(error)))
    this.#thread.on('exit', () => this.#lose('the thread ended'))
  }

  get waiting(): number {
    return this.#running.size
  }

  open(session: number, model: Uint8Array, held: Feeds): Promise<void> {
    return this.#ask(this.#opening, session, { kind: 'open', session, model, held: ownArrays(held) })
  }

  run(session: number, feeds: Feeds, wanted: readonly string[]): Promise<RawOutputs> {
    this.#calls += 1
    const order = { kind: 'run', call: this.#calls, session, feeds: ownArrays(feeds), wanted } as const
    return this.#ask(this.#running, this.#calls, order)
  }

  shut(session: number): void {
    this.#thread.postMessage({ kind: 'shut', session } satisfies PoolOrder)
  }

  async end(): Promise<void> {
    this.#lose('the pool was closed')
    await closeThread(this.#thread, { kind: 'end' } satisfies PoolOrder, END_LIMIT_MS)
  }

  #ask<T>(waiting: Map<number, Waiting<T>>, key: number, order: PoolOrder): Promise<T> {
    if (this.#lost !== null) return Promise.reject(this.#lost)
    return new Promise<T>((resolve, reject) => {
      waiting.set(key, { resolve, reject })
      this.#thread.postMessage(order)
    })
  }

  #answered(answer: PoolAnswer): void {
    if (answer.kind === 'opened') {
      const asked = this.#opening.get(answer.session)
      this.#opening.delete(answer.session)
      if (answer.error === null) asked?.resolve()
      else asked?.reject(fromFact(answer.error))
      return
    }
    const asked = this.#running.get(answer.call)
    this.#running.delete(answer.call)
    if (answer.outputs !== null) asked?.resolve(answer.outputs)
    else asked?.reject(answer.error === null ? this.#lost : fromFact(answer.error))
  }

  #lose(why: string): void {
    this.#lost ??= new CodedError('MDL_RUN', { expected: 'a running inference thread', actual: why })
    for (const waiting of [...this.#opening.values(), ...this.#running.values()]) waiting.reject(this.#lost)
    this.#opening.clear()
    this.#running.clear()
  }
}

function onThreads(threads: number): SessionPool {
  const lanes = Array.from({ length: threads }, () => new Lane())
  let sessions = 0
  return {
    lanes: 2 * threads,
    async open(model, held = {}) {
      sessions += 1
      const session = sessions
      await Promise.all(lanes.map((lane) => lane.open(session, model, held)))
      return {
        run(feeds, wanted) {
          const free = lanes.reduce((a, b) => (b.waiting < a.waiting ? b : a))
          return free.run(session, feeds, wanted)
        },
        close() {
          for (const lane of lanes) lane.shut(session)
          return Promise.resolve()
        },
      }
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.end()))
    },
  }
}
