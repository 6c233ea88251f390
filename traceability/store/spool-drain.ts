import { asCoded, CodedError, idsBehind, timeLimit } from '../../contracts/index.ts'
import { spooledAsk } from './capture-ask.ts'
import type { Spool } from './spool.ts'
import type { StoreThread } from './store-thread.ts'
import type { TwoPaths } from './two-paths.ts'
import type { UnkeptImage } from './unkept-image.ts'

/** Longest pause between attempts, ms. */
const MAX_PAUSE_MS = 30_000
/** Longest time that the end of a run waits for the store to take what is in the spool, ms. */
const END_MS = 15_000

/** Hands what waits in the spool over to the store, round after round, until there is nothing left. */
export class SpoolDrain {
  readonly #spool: Spool
  readonly #thread: StoreThread
  readonly #paths: TwoPaths
  readonly #unkept: UnkeptImage
  readonly #everyMs: number
  #timer: NodeJS.Timeout | undefined
  /** Two at once would send, and remove, the same files. */
  #last: Promise<unknown> = Promise.resolve()
  /** The round that waits for its turn: it takes what is in the spool by then. */
  #next: Promise<void> | null = null
  #ended = false

  constructor(
    parts: { spool: Spool; thread: StoreThread; paths: TwoPaths; unkept: UnkeptImage },
    everyMs: number,
  ) {
    this.#spool = parts.spool
    this.#thread = parts.thread
    this.#paths = parts.paths
    this.#unkept = parts.unkept
    this.#everyMs = everyMs
  }

  /** Offers all that is in the spool now to the store, once. @throws what the store refused it with */
  now(): Promise<void> {
    if (this.#next !== null) return this.#next
    const turn = this.#last.then(() => {
      this.#next = null
      return this.#spool.drain(
        async (entry) => {
          // Those behind it are read from the last id on.
          if (entry.op === 'annotate') idsBehind(entry.ask.id)
          if (entry.op !== 'capture') await this.#thread.call(entry.op, entry.ask)
          // Read back from a file, so that its types are not known.
          else await this.#thread.call('capture', spooledAsk(entry.ask))
        },
        (error) => this.#paths.alarm(error),
      )
    })
    this.#next = turn
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** As `now`, for who must not go on before the spool is empty. @throws TRC_SPOOLED, also when it takes longer than `limitMs` */
  async all(limitMs?: number): Promise<void> {
    if (this.#spool.count === 0) return
    const why = await within(this.now(), limitMs)
    if (why !== null) throw this.#waiting('the store takes them as soon as it can', why)
  }

  later(pauseMs = this.#everyMs): void {
    if (this.#ended || this.#timer !== undefined) return
    this.#timer = setTimeout(() => void this.#attempt(pauseMs), pauseMs)
    this.#timer.unref()
  }

  /** No round any more, also not at the end: the store has just refused what is left. */
  stop(): void {
    this.#ended = true
    clearTimeout(this.#timer)
  }

  /** The last round of a run. @returns TRC_SPOOLED for what is left, null = nothing is, or no round was wanted */
  async end(): Promise<CodedError | null> {
    if (this.#ended) return null
    this.stop()
    // Behind its last entry a round still removes the images of what it delivered.
    const why = await within(this.#spool.count === 0 ? this.#last : this.now(), END_MS)
    return this.#spool.count === 0
      ? null
      : this.#waiting('the next start delivers them: keep the folder', why ?? 'more came meanwhile')
  }

  #waiting(hint: string, why: unknown): CodedError {
    const { message } = asCoded(why, 'TRC_WRITE')
    const actual = `${this.#spool.count} waiting in the spool: ${message}`
    return new CodedError('TRC_SPOOLED', { expected: 'none in the spool', actual, hint })
  }

  async #attempt(pauseMs: number): Promise<void> {
    const alarm = (error: unknown): void => this.#paths.alarm(asCoded(error, 'TRC_WRITE'))
    // Neither waits for the other: records find room where an image finds none, and what is handed over makes room.
    let nextMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
    // A store that takes it again is asked again soon: what came meanwhile stands behind it.
    if (this.#paths.behind === 0)
      await this.now().then(() => {
        if (this.#spool.count > 0) nextMs = this.#everyMs
      }, alarm)
    await this.#unkept.try().catch(alarm)
    this.#timer = undefined
    if (this.#spool.count > 0 || this.#unkept.any) this.later(nextMs)
  }
}

/** @returns why the round did not end well within the time, null = it did */
async function within(round: Promise<unknown>, limitMs?: number): Promise<unknown> {
  const ended = round.then(
    () => null,
    (error: unknown) => error,
  )
  if (limitMs === undefined) return ended
  const limit = timeLimit(limitMs)
  const over = new Promise((resolve) =>
    limit.signal.addEventListener('abort', () => resolve(`the store took longer than ${limitMs} ms`)),
  )
  const why = await Promise.race([ended, over])
  limit.clear()
  return why
}
