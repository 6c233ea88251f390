import { monoMs } from '../contracts/index.ts'

/** One upload; aborted when it is cut off. */
type Upload = AbortController

/**
 * Uploads in the order of their triggers. A whole frame waits for those that began before it, since parts keep their
 * order, but only as long as its own part can wait: then what has not come by then is cut off. An upload that nobody
 * waits for may take its time.
 */
export class UploadOrder {
  readonly #open = new Set<Upload>()
  readonly #waitMs: number

  /**
   * @param waitMs from its trigger on, how long a whole frame waits for those before it
   * @param stopped cuts off all
   */
  constructor(waitMs: number, stopped: AbortSignal) {
    this.#waitMs = waitMs
    stopped.addEventListener('abort', () => this.#open.forEach((u) => u.abort()), { once: true })
  }

  begin(): Upload {
    const upload = new AbortController()
    this.#open.add(upload)
    return upload
  }

  /** @param wholeSinceMs trigger of the frame, monotonic; null = it is not whole, and nobody waits for its sake */
  end(upload: Upload, wholeSinceMs: number | null): void {
    const before = [...this.#open]
    before.splice(before.indexOf(upload))
    this.#open.delete(upload)
    if (wholeSinceMs === null || before.length === 0) return
    const leftMs = Math.max(0, wholeSinceMs + this.#waitMs - monoMs())
    setTimeout(() => before.forEach((u) => u.abort()), leftMs).unref()
  }
}
