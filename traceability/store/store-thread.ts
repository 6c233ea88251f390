import type { Worker } from 'node:worker_threads'
import { asCoded, CodedError, endThread, idsBehind, monoMs, spawnWorker } from '../../contracts/index.ts'
import {
  fromWire,
  patienceMs,
  type StoreOp,
  type StoreOps,
  type StoreReply,
  type StoreRequest,
  type StoreResult,
  type ThreadMessage,
} from './store-ops.ts'
import type { StoreWorkerData } from './store.worker.ts'

interface Pending {
  /** Infinity before it is sent. */
  sinceMs: number
  resolve(value: unknown): void
  reject(error: CodedError): void
}

/** Pauses before a dead thread is started again: doubled each time, ms. */
const RESTART_FIRST_MS = 500
const RESTART_MAX_MS = 30_000
/** A thread that says nothing for so long while it should end is given up, ms. */
const CLOSE_QUIET_MS = 30_000

/** The store thread as the main thread sees it: calls, wake-ups, restart after a crash, clean end. */
export class StoreThread {
  readonly #data: StoreWorkerData
  readonly #onSaid: (error: CodedError) => void
  #worker: Worker | null = null
  #exited: Promise<void> = Promise.resolve()
  /** The thread that is up or on its way up. */
  #latest: Worker | null = null
  #heardMs = 0
  #nextId = 1
  #pauseMs = RESTART_FIRST_MS
  #closing = false
  #restart: NodeJS.Timeout | undefined
  readonly #pending = new Map<number, Pending>()
  /** Requests not sent yet. */
  #outgoing: StoreRequest[] = []
  /** When they are sent at the latest. */
  #company: { dueMs: number; timer: NodeJS.Timeout } | undefined
  /** They are sent when the work that is under way now ends. */
  #soon = false
  readonly #listeners = new Set<() => void>()

  private constructor(data: StoreWorkerData, onSaid: (error: CodedError) => void) {
    this.#data = data
    this.#onSaid = onSaid
  }

  /**
   * @param onSaid hears what the thread says by itself, such as a database that could not be left as one file
   * @throws TRC_OPEN, TRC_DISK_FULL when the database cannot be opened or migrated
   */
  static async start(
    data: StoreWorkerData,
    onSaid: (error: CodedError) => void = () => undefined,
  ): Promise<StoreThread> {
    const thread = new StoreThread(data, onSaid)
    await thread.#spawn()
    return thread
  }

  get pending(): number {
    return this.#pending.size
  }

  /** How long the oldest unanswered call has been with the thread, ms. */
  get oldestMs(): number {
    const first = this.#pending.values().next().value
    return first === undefined ? 0 : Math.max(0, monoMs() - first.sinceMs)
  }

  get alive(): boolean {
    return this.#worker !== null
  }

  /** @throws what the store refused it with; TRC_WRITE when the thread is down or dies */
  call<O extends StoreOp>(op: O, ask: StoreOps[O]['ask']): Promise<StoreOps[O]['answer']> {
    if (this.#worker === null || this.#closing) return Promise.reject(down())
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        sinceMs: Infinity,
        resolve: (value) => resolve(value as StoreOps[O]['answer']),
        reject,
      })
      this.#outgoing.push({ id, op, ask } as StoreRequest)
      this.#sendWithin(patienceMs(op))
    })
  }

  #sendWithin(ms: number): void {
    if (ms === 0) return this.#sendTogether()
    const dueMs = monoMs() + ms
    if (this.#company && this.#company.dueMs <= dueMs) return
    clearTimeout(this.#company?.timer)
    this.#company = { dueMs, timer: setTimeout(() => this.#send(), ms) }
  }

  /** What one piece of work asks, such as a burst of captures, becomes one message and one transaction. */
  #sendTogether(): void {
    if (this.#soon) return
    this.#soon = true
    queueMicrotask(() => {
      this.#soon = false
      this.#send()
    })
  }

  #send(): void {
    clearTimeout(this.#company?.timer)
    this.#company = undefined
    const requests = this.#outgoing
    if (requests.length === 0) return
    this.#outgoing = []
    const sinceMs = monoMs()
    for (const { id } of requests) {
      const pending = this.#pending.get(id)
      if (pending) pending.sinceMs = sinceMs
    }
    this.#worker?.postMessage({ kind: 'requests', requests } satisfies ThreadMessage)
  }

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Everything called so far is answered first; the thread closes the database and ends by itself. One that stays
   * silent for `quietMs` is ended from here, and what it had not answered is refused.
   */
  async close(quietMs = CLOSE_QUIET_MS): Promise<void> {
    this.#closing = true
    clearTimeout(this.#restart)
    this.#send()
    // One that is still starting is told as soon as it listens.
    if (this.#worker !== null) tellToClose(this.#worker)
    this.#heardMs = monoMs()
    let over = false
    const exited = this.#exited.then(() => (over = true))
    while (!over) {
      const leftMs = this.#heardMs + quietMs - monoMs()
      if (leftMs <= 0) return this.#giveUp()
      await Promise.race([exited, pause(leftMs)])
    }
  }

  /** Not waited for: a thread that hangs in the disk cannot be ended before the disk answers. */
  #giveUp(): void {
    this.#refuseAll(down())
    if (this.#latest === null) return
    this.#latest.unref()
    void endThread(this.#latest)
  }

  #refuseAll(error: CodedError): void {
    for (const p of this.#pending.values()) p.reject(error)
    this.#pending.clear()
    this.#outgoing = []
  }

  #spawn(): Promise<void> {
    const worker = spawnWorker(new URL('./store.worker.ts', import.meta.url), { workerData: this.#data })
    this.#latest = worker
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()))
    return new Promise((resolve, reject) => {
      let death: CodedError | null = null
      worker.on('message', (reply: StoreReply) => {
        this.#heardMs = monoMs()
        if (reply.kind === 'ready') {
          if (reply.newest !== null) idsBehind(reply.newest)
          this.#worker = worker
          this.#pauseMs = RESTART_FIRST_MS
          if (this.#closing) tellToClose(worker)
          resolve()
        } else if (reply.kind === 'broken') death = fromWire(reply.error)
        else if (reply.kind === 'said') this.#onSaid(fromWire(reply.error))
        else this.#hear(reply)
      })
      worker.once('error', (error) => (death ??= asCoded(error, 'TRC_WRITE')))
      worker.once('exit', () => {
        const error = death ?? down()
        const wasUp = this.#worker === worker
        this.#worker = null
        this.#refuseAll(error)
        reject(error)
        if (wasUp && !this.#closing) this.#later()
      })
    })
  }

  #later(): void {
    this.#restart = setTimeout(() => {
      this.#pauseMs = Math.min(this.#pauseMs * 2, RESTART_MAX_MS)
      this.#spawn().catch(() => {
        if (!this.#closing) this.#later()
      })
    }, this.#pauseMs)
    this.#restart.unref()
  }

  #hear({ results, appended }: { results: StoreResult[]; appended: boolean }): void {
    for (const result of results) {
      const pending = this.#pending.get(result.id)
      this.#pending.delete(result.id)
      if (result.ok) pending?.resolve(result.value)
      else pending?.reject(fromWire(result.error))
    }
    if (appended) for (const listener of this.#listeners) listener()
  }
}

function tellToClose(worker: Worker): void {
  const message: ThreadMessage = { kind: 'close' }
  worker.postMessage(message)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref())

const down = (): CodedError =>
  new CodedError('TRC_WRITE', {
    expected: 'a running store thread',
    actual: 'it is closed or has died',
    hint: 'it is started again by itself; see the log for the cause',
  })
