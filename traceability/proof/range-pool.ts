import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { CodedError, spawnWorker, type SqlDatabase } from '../../contracts/index.ts'
import { fromWire } from '../store/store-ops.ts'
import { damagedPages } from './damaged-pages.ts'
import { inspectedLinks } from './inspected-links.ts'
import { checkRange } from './range-check.ts'
import type { ProvenTiles, Range, RangeResult } from './range-walk.ts'
import type { Answer, Ask, PieceAsk, PieceData } from './verify.worker.ts'

/** Positions to one piece; a multiple of the tile width, so that no tile is read twice. */
const PIECE = 2_048
/** A log of fewer events is checked before a thread is up. */
const THREADS_FROM = 20_000
const MAX_THREADS = 16
/** Pieces that a thread was asked for and has not answered, so that it need not wait for the next. */
const ASKED = 2
/** Checked pieces that wait for one before them, at most. */
const AHEAD = 64

/** The whole event table in pieces, and the pages of the file, checked by this thread and further ones: one per core. */
export class Pieces {
  readonly #db: SqlDatabase
  readonly #pieces: Range[] = []
  readonly #threads: PieceThread[] = []
  #next = 0

  /**
   * The threads start at once.
   *
   * @param threadsFrom events from which threads are worth their start
   * @param absent makes what the file lacks, empty, for a connection
   */
  constructor(
    db: SqlDatabase,
    file: string,
    {
      threadsFrom = THREADS_FROM,
      piece = PIECE,
      absent = [],
    }: { threadsFrom?: number; piece?: number; absent?: readonly string[] } = {},
  ) {
    this.#db = db
    const last = db.get<{ last: number | null }>('select max(position) as last from event')?.last ?? 0
    for (let after = 0; after < last; after += piece)
      this.#pieces.push({ after, end: Math.min(after + piece, last) })
    const threads = Math.min(availableParallelism(), MAX_THREADS, this.#pieces.length) - 1
    if (last >= threadsFrom)
      for (let n = 0; n < threads; n++) this.#threads.push(new PieceThread({ file, absent }))
  }

  /** What SQLite says of the pages. A thread goes through them, beside the pieces that are asked for afterwards. */
  async damagedPages(): Promise<string[]> {
    return (await this.#threads[0]?.damagedPages()) ?? damagedPages(this.#db)
  }

  /**
   * The pieces in their order, once.
   *
   * @throws whatever a thread met, with its code
   */
  async *check(tiles: ProvenTiles): AsyncGenerator<RangeResult, void, void> {
    const answers: Promise<RangeResult>[] = []
    const ready = new Set<number>()
    const ask = (): void => {
      for (const thread of this.#threads)
        while (thread.waiting < ASKED) {
          const piece = this.#pieces[this.#next]
          if (piece === undefined) return
          const n = this.#next++
          const answer = thread.check({ range: piece, tiles })
          answers[n] = answer
          // Heard of when its turn comes.
          answer.catch(() => undefined).finally(() => ready.add(n))
        }
    }
    for (let turn = 0; turn < this.#pieces.length; turn++) {
      ask()
      for (let piece = this.#pieces[this.#next]; piece !== undefined; piece = this.#pieces[this.#next]) {
        if (ready.has(turn) || this.#next - turn > AHEAD) break
        const n = this.#next++
        answers[n] = Promise.resolve(checkRange(this.#db, piece, tiles, inspectedLinks(this.#db)))
        ready.add(n)
        // Answers of the threads are heard in between.
        await setImmediate()
        ask()
      }
      const answer = await answers[turn]
      delete answers[turn]
      if (answer !== undefined) yield answer
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((t) => t.close()))
  }
}

/** One thread; it answers in the order it was asked. */
class PieceThread {
  readonly #worker: Worker
  readonly #waiting: { resolve(result: unknown): void; reject(error: unknown): void }[] = []
  readonly #exited: Promise<void>

  constructor(workerData: PieceData) {
    const worker = spawnWorker(new URL('./verify.worker.ts', import.meta.url), { workerData })
    this.#worker = worker
    worker.on('message', (answer: Answer) => {
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

  get waiting(): number {
    return this.#waiting.length
  }

  check(ask: PieceAsk): Promise<RangeResult> {
    return this.#ask(ask) as Promise<RangeResult>
  }

  damagedPages(): Promise<string[]> {
    return this.#ask('pages') as Promise<string[]>
  }

  #ask(ask: Ask): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#worker.postMessage(ask)
    })
  }

  async close(): Promise<void> {
    this.#worker.postMessage(null)
    await this.#exited
  }
}
