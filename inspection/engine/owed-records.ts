import { asCoded, type CaptureRequest, type GateNote, monoMs, type PartStore } from '../../contracts/index.ts'
import type { EngineLog } from './alarm-board.ts'

interface Owed {
  request: CaptureRequest
  gate: GateNote
}

/** Records without images take a few KB each; beyond this many the next start closes the gap as `interrupted`. */
const MOST = 10_000
/** Records offered to the store at once. */
const WIDTH = 32
const RETRY_FIRST_MS = 500
const RETRY_MOST_MS = 10_000

/**
 * Records of diverted parts that neither store nor spool took, a full disk above all. They are stored, oldest first,
 * as soon as the store takes records again, so that the trigger balance closes without a restart.
 */
export class OwedRecords {
  readonly #store: PartStore
  readonly #log: EngineLog
  readonly #list: Owed[] = []
  #timer: NodeJS.Timeout | undefined
  #retryMs = RETRY_FIRST_MS
  #paying: Promise<void> | null = null

  constructor(store: PartStore, log: EngineLog) {
    this.#store = store
    this.#log = log
  }

  get count(): number {
    return this.#list.length
  }

  add(request: CaptureRequest, gate: Owed['gate']): void {
    const { station, trigger } = request
    if (this.#list.length >= MOST)
      this.#log.error(
        { station, trigger, most: MOST },
        'too many records are owed: the next start closes this',
      )
    else this.#list.push({ request, gate })
    this.#later()
  }

  /** One attempt; resolves when nothing is owed or the store refuses again. */
  pay(): Promise<void> {
    this.#paying ??= this.#pay().finally(() => {
      this.#paying = null
      if (this.#list.length > 0) this.#later()
    })
    return this.#paying
  }

  async #pay(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const from = monoMs()
    let paid = 0
    while (this.#list.length > 0) {
      // A single one first: a disk that is still full is not asked thirty times.
      const batch = this.#list.slice(0, paid === 0 ? 1 : WIDTH)
      const done = await Promise.all(batch.map((owed) => this.#one(owed)))
      for (const [i, owed] of batch.entries()) if (done[i]) this.#list.splice(this.#list.indexOf(owed), 1)
      paid += done.filter(Boolean).length
      if (done.includes(false)) {
        this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MOST_MS)
        return
      }
    }
    this.#retryMs = RETRY_FIRST_MS
    if (paid > 0) this.#log.warn({ paid, ms: Math.round(monoMs() - from) }, 'owed records are stored')
  }

  /** True when it is done with. */
  async #one({ request, gate }: Owed): Promise<boolean> {
    const { station, trigger, inspectionId } = request
    try {
      await this.#store.capture(request)
    } catch (error) {
      const { code, message } = asCoded(error, 'TRC_WRITE')
      if (code.startsWith('TRC_') && code !== 'TRC_DUPLICATE' && code !== 'TRC_BINDING') return false
      this.#log.error({ station, trigger, message }, 'the store refuses a record for what it says')
      // Another record of the cycle was committed unheard, a release perhaps: what the gate did belongs to it.
      if (code !== 'TRC_DUPLICATE') return true
    }
    this.#store.annotate(inspectionId, { gate }).catch((error: unknown) => {
      this.#log.warn({ inspectionId, error: String(error) }, 'a note on a record could not be stored')
    })
    return true
  }

  #later(): void {
    if (this.#timer !== undefined || this.#paying) return
    this.#timer = setTimeout(() => void this.pay(), this.#retryMs)
    this.#timer.unref()
  }
}
