import type { Response } from 'express'
import { frame, type LiveFrame } from './message.ts'

/** Bytes a browser may leave unread before it is dropped; it reconnects and is replayed what it missed. */
const MAX_UNREAD_BYTES = 1024 * 1024
/** Live messages held back while one browser's replay runs. */
const MAX_HELD = 2_000
const LAST_WORDS_MS = 1_000

/** One connected browser. Never waits for it: unread bytes are bounded, and beyond the bound it is dropped. */
export class LiveClient {
  readonly #res: Response
  readonly #onGone: (reason: 'closed' | 'slow' | 'shutdown') => void
  /** Live messages that arrived during replay; null once live. */
  #held: LiveFrame[] | null = []
  #lastPosition = 0
  #closed = false

  constructor(res: Response, onGone: (reason: 'closed' | 'slow' | 'shutdown') => void) {
    this.#res = res
    this.#onGone = onGone
    res.on('close', () => this.#gone('closed'))
    res.on('error', () => this.#gone('closed'))
    res.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    })
    res.write('retry: 1000\n\n')
  }

  get closed(): boolean {
    return this.#closed
  }

  /** A live message: held back while the replay runs. */
  deliver(message: LiveFrame): void {
    if (this.#held === null) this.send(message)
    else if (this.#held.push(message) > MAX_HELD) this.end('slow')
  }

  /** Resolves when what was written has been taken over by the network, or the browser is gone. */
  async drained(): Promise<void> {
    if (this.#closed || !this.#res.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#res.off('drain', done).off('close', done)
        resolve()
      }
      this.#res.on('drain', done).on('close', done)
    })
  }

  /** Writes now, unless this log position was written before. */
  send(message: LiveFrame): void {
    if (this.#closed) return
    if (message.position !== null) {
      if (message.position <= this.#lastPosition) return
      this.#lastPosition = message.position
    }
    this.#res.write(message.text)
    if (this.#res.writableLength > MAX_UNREAD_BYTES) this.end('slow')
  }

  goLive(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const message of held) this.send(message)
  }

  /** Says why, then closes; a browser that does not read the note is cut off. */
  end(reason: 'slow' | 'shutdown'): void {
    if (this.#closed) return
    this.#res.end(frame('bye', { reason }).text)
    setTimeout(() => this.#res.destroy(), LAST_WORDS_MS).unref()
    this.#gone(reason)
  }

  #gone(reason: 'closed' | 'slow' | 'shutdown'): void {
    if (this.#closed) return
    this.#closed = true
    this.#onGone(reason)
  }
}
