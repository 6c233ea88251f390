import { asCoded, CodedError, errorText, factInChinese, monoMs } from '../../contracts/index.ts'
import { isStorageError } from './spool.ts'

/** Neither path answers for so long only where the disk under both stands still, ms. */
const SILENT_MS = 5_000
/** Images that may wait in memory for such a disk: those of seconds, not of hours. */
const WAITING_BYTES = 512 * 2 ** 20

/** Store first, spool when the store is late or refuses for reasons of its own; tells when both failed. */
export class TwoPaths {
  /** Requests already spooled whose answer from the store is still out: while there are any, new ones wait for none. */
  behind = 0
  /** The last request could be kept by neither. */
  failed = false
  lastError: CodedError | null = null
  readonly #afterMs: number
  readonly #onAlarm: (error: CodedError) => void
  /** Requests that neither has answered, oldest first. */
  readonly #open = new Set<{ sinceMs: number; bytes: number }>()

  constructor(afterMs: number, onAlarm: (error: CodedError) => void) {
    this.#afterMs = afterMs
    this.#onAlarm = onAlarm
  }

  alarm(error: CodedError): void {
    this.lastError = error
    this.#onAlarm(error)
  }

  /** What a disk looks like that neither takes nor refuses anything: frozen, hanging, or gone behind a network. */
  get silence(): CodedError | null {
    const [oldest] = this.#open
    if (oldest === undefined || monoMs() - oldest.sinceMs < SILENT_MS) return null
    return new CodedError('TRC_WRITE', {
      expected: 'a disk that answers',
      actual: 'no answer to store or spool for more than 5 s',
      hint: 'look at the disk, its cable and the log of the system',
    })
  }

  /**
   * Before more is taken into memory.
   *
   * @throws TRC_WRITE while the disk stands still and what waits for it has as much memory as it may
   */
  mustHaveRoom(): void {
    let bytes = 0
    for (const open of this.#open) bytes += open.bytes
    const silence = bytes < WAITING_BYTES ? null : this.silence
    if (silence) throw silence
  }

  /**
   * The store, or when it is late or refuses for its own reasons the spool; rejects when both fail.
   *
   * @param patienceMs how long the request may wait before it goes to the store
   * @param bytes      of memory that it keeps until it is answered, where they are many
   * @param behind     it must not overtake what waits in the spool
   */
  async either<T>(
    viaStore: () => Promise<T>,
    viaSpool: () => Promise<T>,
    {
      patienceMs = 0,
      bytes = 0,
      behind = false,
    }: { patienceMs?: number; bytes?: number; behind?: boolean } = {},
  ): Promise<T> {
    const open = { sinceMs: monoMs() + patienceMs, bytes }
    this.#open.add(open)
    try {
      return await this.#either(viaStore, viaSpool, patienceMs, behind || this.behind > 0)
    } finally {
      this.#open.delete(open)
    }
  }

  async #either<T>(
    viaStore: () => Promise<T>,
    viaSpool: () => Promise<T>,
    patienceMs: number,
    behind: boolean,
  ): Promise<T> {
    if (behind) {
      const first = await settled(viaSpool())
      if (first.ok) return this.#kept(first.value)
      if (!isStorageError(first.error)) throw first.error
      return this.#lastResort(viaStore(), first.error)
    }
    const asked = settled(viaStore())
    const answer = await withinMs(asked, this.#afterMs + patienceMs)
    if (answer === null) return this.#late(asked, settled(viaSpool()))
    if (answer.ok) return this.#kept(answer.value)
    if (!isStorageError(answer.error)) throw answer.error
    this.alarm(answer.error)
    const second = await settled(viaSpool())
    if (second.ok) return this.#kept(second.value)
    throw isStorageError(second.error) ? this.#both(answer.error, second.error) : second.error
  }

  /** Whichever keeps it first; the store may still answer in time. */
  async #late<T>(asked: Promise<Settled<T>>, spooled: Promise<Settled<T>>): Promise<T> {
    this.behind += 1
    void asked.then(() => (this.behind -= 1))
    const first = await Promise.race([asked, spooled])
    if (first.ok) return this.#kept(first.value)
    if (!isStorageError(first.error)) throw first.error
    const spool = await spooled
    if (spool.ok) return this.#kept(spool.value)
    const store = await asked
    if (store.ok) return this.#kept(store.value)
    throw this.#both(store.error, spool.error)
  }

  async #lastResort<T>(asked: Promise<T>, spoolError: CodedError | null): Promise<T> {
    const answer = await settled(asked)
    if (answer.ok) return this.#kept(answer.value)
    throw isStorageError(answer.error) ? this.#both(answer.error, spoolError) : answer.error
  }

  #kept<T>(value: T): T {
    this.failed = false
    return value
  }

  #both(store: CodedError, spool: CodedError | null): CodedError {
    this.failed = true
    this.lastError = store
    const { hint, zh } = store.detail
    const advice = hint === undefined ? '' : `${hint}; `
    const adviceZh = hint === undefined ? '' : `${zh?.hint ?? factInChinese(hint)};`
    return new CodedError(store.code, {
      ...store.detail,
      hint: `${advice}the spool refused it too (${spool?.message ?? 'unknown'}); hold the part`,
      zh: {
        ...zh,
        hint: `${adviceZh}暂存区也拒绝了它(${spool === null ? '原因未知' : errorText(spool).zh});请隔离该工件`,
      },
      cause: store,
    })
  }
}

type Settled<T> = { ok: true; value: T } | { ok: false; error: CodedError }

const settled = <T>(promise: Promise<T>): Promise<Settled<T>> =>
  promise.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error: asCoded(error, 'TRC_WRITE') }),
  )

/** Null when it takes longer. */
async function withinMs<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms)
  })
  const first = await Promise.race([promise, late])
  clearTimeout(timer)
  return first
}
