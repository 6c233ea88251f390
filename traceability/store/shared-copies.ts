/** Buffers kept for the next copy, at most; as many as captures usually wait for their sync. */
const KEPT = 8

/**
 * Copies of images in memory that the store thread can read in place. Buffers come back when their image is stored:
 * fresh memory for each frame costs more, in page faults and garbage collection, than the copy itself.
 */
export class SharedCopies {
  readonly #free: SharedArrayBuffer[] = []

  /** The bytes are copied before this returns. */
  take(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    const at = this.#free.findIndex((b) => b.byteLength >= length && b.byteLength <= 2 * length)
    const buffer = at < 0 ? new SharedArrayBuffer(length) : this.#free.splice(at, 1)[0]
    const copy = new Uint8Array(buffer ?? new SharedArrayBuffer(length), 0, length)
    copy.set(bytes)
    return copy
  }

  /** Only when nobody reads the copy any more. */
  giveBack(copy: Uint8Array): void {
    if (!(copy.buffer instanceof SharedArrayBuffer)) return
    this.#free.push(copy.buffer)
    if (this.#free.length > KEPT) this.#free.shift()
  }
}
