import type { Worker } from 'node:worker_threads'
import { asCoded, closeThread, CodedError, spawnWorker } from '../../contracts/index.ts'
import { fromWire } from '../store/store-ops.ts'
import type { Answers } from './answers.ts'
import type { Checks } from './checks.ts'
import type { EventStore } from './event-store.ts'
import type { EpcisState } from './state.ts'
import { type DeskCall, type DeskReply, unpackError } from './thread-ops.ts'

/** Longest time a call may take, the first building of the projection included, ms. */
const LIMIT_MS = 120_000
const MAX_WAITING = 500
/** A thread that has not ended so long after it was told to is given up, ms. */
const CLOSE_MS = 30_000
/** Pause before a thread that died is started for news alone, ms. */
const RESTART_MS = 10_000

/** The methods of a class, answered from another thread. */
type Remote<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

/** The desk in a thread of its own: neither the gate nor HTTP waits for a query or for the disk. */
export class EpcisThread {
  readonly events: Remote<EventStore>
  readonly state: Remote<EpcisState>
  readonly answers: Remote<Answers>
  readonly checks: Remote<Checks>
  readonly #dataDir: string
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<() => void>()
  /** Events of the log that could not be read as EPCIS events. */
  skipped = 0
  #worker: Worker | null = null
  #id = 0
  #lostAtMs = -Infinity
  readonly #onStuck: (error: CodedError) => void
  readonly #onSetAside: (why: CodedError) => void
  #closed = false

  /**
   * @param onStuck hears why the projection cannot go on; tried again with the next news
   * @param onSetAside hears of a damaged projection that was set aside
   */
  constructor(
    dataDir: string,
    onStuck: (error: CodedError) => void,
    onSetAside: (why: CodedError) => void = () => undefined,
  ) {
    this.#dataDir = dataDir
    this.#onStuck = onStuck
    this.#onSetAside = onSetAside
    this.events = this.#remote('events')
    this.state = this.#remote('state')
    this.answers = this.#remote('answers')
    this.checks = this.#remote('checks')
    this.#spawn()
  }

  /** New events are in the log. */
  news(): void {
    // One that died is started again, so that subscribers hear of the news; not at once, should it die every time.
    if (this.#worker === null && !this.#closed && performance.now() - this.#lostAtMs > RESTART_MS)
      this.#spawn()
    this.#worker?.postMessage('news')
  }

  /** Calls back when the projection has reached the end of the log. */
  onReached(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#worker !== null) await closeThread(this.#worker, 'close', CLOSE_MS)
  }

  #remote<T>(half: DeskCall['half']): Remote<T> {
    return new Proxy({} as Remote<T>, {
      get: (_, method) =>
        typeof method === 'string' && method !== 'then'
          ? (...args: unknown[]) => this.#ask({ half, method, args } as DeskCall)
          : undefined,
    })
  }

  /** @throws TRC_BUSY, EpcisError */
  #ask(call: DeskCall): Promise<unknown> {
    if (this.#closed) return Promise.reject(busy('an open line', 'one that is being stopped'))
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.reject(busy(`at most ${MAX_WAITING} EPCIS queries waiting`, 'more'))
    const worker = this.#worker ?? this.#spawn()
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(busy(`an answer within ${LIMIT_MS / 1000} s`, 'none'))
      }, LIMIT_MS)
      timer.unref()
      this.#waiting.set(id, { resolve, reject, timer })
      worker.postMessage({ id, ...call })
    })
  }

  #spawn(): Worker {
    const worker = spawnWorker(new URL('./epcis.worker.ts', import.meta.url), {
      workerData: { dataDir: this.#dataDir },
    })
    this.#worker = worker
    worker.on('message', (reply: DeskReply) => {
      if (reply.kind === 'reached') {
        this.skipped = reply.skipped
        for (const listener of this.#listeners) listener()
      } else if (reply.kind === 'aside') this.#onSetAside(fromWire(reply.error))
      else if (reply.kind === 'stuck') this.#onStuck(fromWire(reply.error))
      else if (reply.kind === 'broken') this.#lost(worker, fromWire(reply.error))
      else if (reply.kind !== 'ready') this.#settle(reply)
    })
    worker.once('error', (error) => this.#lost(worker, asCoded(error, 'API_INTERNAL')))
    worker.once('exit', () => this.#lost(worker, busy('a running thread', 'one that ended')))
    worker.unref()
    return worker
  }

  #settle(reply: Extract<DeskReply, { id: number }>): void {
    const waiting = this.#waiting.get(reply.id)
    if (waiting === undefined) return
    this.#waiting.delete(reply.id)
    clearTimeout(waiting.timer)
    if (reply.kind === 'answer') waiting.resolve(reply.value)
    else waiting.reject(unpackError(reply.error))
  }

  /** What waits is refused; the next call starts a new thread. */
  #lost(worker: Worker, error: CodedError): void {
    if (worker !== this.#worker) return
    this.#worker = null
    this.#lostAtMs = performance.now()
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#waiting.clear()
  }
}

const busy = (expected: string, actual: string): CodedError =>
  new CodedError('TRC_BUSY', { expected, actual })
