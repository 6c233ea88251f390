import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { CodedError, spawnWorker, type SqlDatabase } from '../../contracts/index.ts'
import { fromWire } from '../store/store-ops.ts'
import { checkRange, type Range, type RangeResult } from './range-check.ts'
import type { PieceAnswer, VerifyWorkerData } from './verify.worker.ts'

/** Positions to one piece; a multiple of the tile width, so that no tile is read twice. */
const PIECE = 8_192
/** A log of fewer events is checked before a thread is up. */
const THREADS_FROM = 20_000
const MAX_THREADS = 16

/**
 * The pieces of the whole event table in their order, checked by one thread per core. At most two pieces per thread
 * are in memory.
 *
 * @param threadsFrom events from which threads are worth their start
 * @throws whatever a thread met, with its code
 */
export async function* checkPieces(
  db: SqlDatabase,
  data: VerifyWorkerData,
  threadsFrom = THREADS_FROM,
): AsyncGenerator<RangeResult, void, void> {
  const last = db.get<{ last: number | null }>('select max(position) as last from event')?.last ?? 0
  const pieces: Range[] = []
  for (let after = 0; after < last; after += PIECE) pieces.push({ after, end: Math.min(after + PIECE, last) })
  if (last < threadsFrom) {
    for (const piece of pieces) yield checkRange(db, piece, data.tiles)
    return
  }
  const threads = Array.from(
    { length: Math.min(availableParallelism(), MAX_THREADS, pieces.length) },
    () => new PieceThread(spawnWorker(new URL('./verify.worker.ts', import.meta.url), { workerData: data })),
  )
  try {
    const waiting: Promise<RangeResult>[] = []
    let next = 0
    const ask = (): void => {
      const piece = pieces[next]
      const thread = threads[next % threads.length]
      if (piece === undefined || thread === undefined) return
      next += 1
      const answer = thread.check(piece)
      // Heard of when its turn comes.
      answer.catch(() => undefined)
      waiting.push(answer)
    }
    for (let n = 0; n < 2 * threads.length; n++) ask()
    for (let answer = waiting.shift(); answer !== undefined; answer = waiting.shift()) {
      const result = await answer
      ask()
      yield result
    }
  } finally {
    await Promise.all(threads.map((t) => t.close()))
  }
}

/** One thread; it answers in the order it was asked. */
class PieceThread {
  readonly #worker: Worker
  readonly #waiting: { resolve(r: RangeResult): void; reject(error: unknown): void }[] = []
  readonly #exited: Promise<void>

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (answer: PieceAnswer) => {
      const asked = this.#waiting.shift()
      if (answer.ok) asked?.resolve(answer.result)
      else asked?.reject(fromWire(answer.error))
    })
    const fail = (error: unknown): void => {
      for (const w of this.#waiting.splice(0)) w.reject(error)
    }
    worker.on('error', fail)
    this.#exited = new Promise((resolve) =>
      worker.on('exit', () => {
        fail(
          new CodedError('TRC_PROOF', { expected: 'a thread that checks events', actual: 'it ended early' }),
        )
        resolve()
      }),
    )
  }

  check(range: Range): Promise<RangeResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#worker.postMessage(range)
    })
  }

  async close(): Promise<void> {
    this.#worker.postMessage(null)
    await this.#exited
  }
}
