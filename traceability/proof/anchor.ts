import { appendFile } from 'node:fs/promises'
import { CodedError, timeLimit } from '../../contracts/thread.ts'

/** A place outside the line that keeps what was signed: a share, a drive that only appends, a ledger behind HTTP. */
export interface Anchor {
  readonly name: string
  /** @throws TRC_WITNESS when it cannot be reached; the newest checkpoint is tried again later and covers older ones */
  put(note: string, signal: AbortSignal): Promise<void>
}

/** Appends each checkpoint to a file, with an empty line behind it. */
export class FileAnchor implements Anchor {
  readonly name: string
  readonly #file: string

  constructor(file: string) {
    this.#file = file
    this.name = file
  }

  async put(note: string): Promise<void> {
    await appendFile(this.#file, `${note}\n`, { flush: true }).catch((error: unknown) => {
      throw new CodedError('TRC_WITNESS', { file: this.#file, actual: String(error), cause: error })
    })
  }
}

/** HTTP POST of the checkpoint as text; any 2xx takes it. */
export class WebhookAnchor implements Anchor {
  readonly name: string
  readonly #url: string

  constructor(url: string) {
    this.#url = url
    this.name = url
  }

  async put(note: string, signal: AbortSignal): Promise<void> {
    const limit = timeLimit(10_000, signal)
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        redirect: 'error',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: note,
        signal: limit.signal,
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
    } catch (error) {
      throw new CodedError('TRC_WITNESS', {
        path: this.#url,
        actual: error instanceof Error ? error.message : String(error),
        cause: error,
      })
    } finally {
      limit.clear()
    }
  }
}
