/**
 * Cuts a stream of bytes into lines closed by CR, LF or both, wherever the chunks break. Empty lines say nothing and
 * are left out; a line above the limit is reported as too long once, and reading goes on behind it.
 */
export class LineSplitter {
  readonly #max: number
  #rest = ''
  #skipping = false

  constructor(maxLength: number) {
    this.#max = maxLength
  }

  /** Lines completed by this chunk; null stands for one that was too long. Bytes are taken as Latin-1, as scanners send. */
  push(chunk: Uint8Array): (string | null)[] {
    const parts = (this.#rest + Buffer.from(chunk).toString('latin1')).split(/[\r\n]/)
    this.#rest = parts.pop() ?? ''
    const lines: (string | null)[] = []
    for (const line of parts) {
      if (!this.#skipping && line.length > this.#max) lines.push(null)
      else if (!this.#skipping && line !== '') lines.push(line)
      this.#skipping = false
    }
    if (this.#rest.length > this.#max) {
      if (!this.#skipping) lines.push(null)
      this.#skipping = true
    }
    if (this.#skipping) this.#rest = ''
    return lines
  }
}
