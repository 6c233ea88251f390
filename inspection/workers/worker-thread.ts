import type { Worker } from 'node:worker_threads'
import { CodedError, endThread, type I18n, spawnWorker, fromFact } from '../../contracts/index.ts'
import type { Answer, Numbered, Request, WorkerSetup } from './messages.ts'

type Good = Extract<Answer, { ok: true }>

interface Waiting {
  resolve(answer: Good): void
  reject(error: CodedError): void
}

/**
 * One life of one worker thread: numbered requests, each answered or rejected with INS_WORKER_LOST when the thread
 * ends. A thread counts as ended when it has exited, since native code may read borrowed pixels until then.
 */
export class WorkerThread {
  readonly ready: Promise<unknown>
  readonly exited: Promise<void>
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #n = 0
  #ended = false
  #lastError: I18n = { en: 'it ended without an error', zh: '线程无错误信息地退出' }

  constructor(entry: URL, setup: WorkerSetup) {
    this.#worker = spawnWorker(entry, { workerData: setup, name: setup.name })
    this.ready = new Promise<Good>((resolve, reject) => this.#waiting.set(0, { resolve, reject }))
    this.ready.catch(() => undefined)
    this.#worker.on('message', ({ n, body }: Numbered<Answer>) => this.#answered(n, body))
    this.#worker.on('messageerror', (error) => (this.#lastError = uncaught(error.message)))
    this.#worker.on(
      'error',
      (error) => (this.#lastError = uncaught(String((error as Error).message ?? error))),
    )
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#lost()
        resolve()
      })
    })
  }

  /** @throws the worker's own CodedError; INS_WORKER_LOST when the thread ends first */
  ask(body: Request): Promise<Good> {
    if (this.#ended) return Promise.reject(this.#lostError())
    const n = ++this.#n
    return new Promise((resolve, reject) => {
      this.#waiting.set(n, { resolve, reject })
      this.#worker.postMessage({ n, body } satisfies Numbered<Request>)
    })
  }

  /** Ends the thread as soon as its native code returns; `exited` tells when. */
  end(why: I18n): void {
    this.#lastError = why
    void endThread(this.#worker)
  }

  get lastError(): I18n {
    return this.#lastError
  }

  #answered(n: number, answer: Answer): void {
    const waiting = this.#waiting.get(n)
    this.#waiting.delete(n)
    if (answer.ok) waiting?.resolve(answer)
    else waiting?.reject(fromFact(answer.error))
  }

  #lost(): void {
    this.#ended = true
    const error = this.#lostError()
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }

  #lostError(): CodedError {
    return new CodedError('INS_WORKER_LOST', { actual: this.#lastError.en })
  }
}

const uncaught = (message: string): I18n => ({ en: message, zh: `线程异常:${message}` })
