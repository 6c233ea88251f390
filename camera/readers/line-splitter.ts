import { CodedError } from '../../contracts/index.ts'

/** What a scanner sent, as texts; what is no text of a code is told in its place. */
export interface LineReader {
  /** Lines completed by this chunk, wherever the chunks break. */
  push(chunk: Uint8Array): (string | CodedError)[]
  /** A line has begun that is not closed. */
  readonly begun: boolean
  /** Leaves out the line that has begun, up to its close; who asks for it has told it. */
  skip(): void
}

export const tooLong = (maxLength: number): CodedError =>
  new CodedError('CAM_BAD_REQUEST', {
    expected: `a line of at most ${maxLength} characters`,
    actual: 'a longer one',
    hint: 'let the scanner close each code by Enter (CR or LF)',
  })

/**
 * Cuts a stream of bytes into lines closed by CR, LF or both. Empty lines say nothing and are left out; a line above the
 * limit is reported as too long once, and reading goes on behind it.
 */
export class LineSplitter implements LineReader {
  readonly #max: number
  #rest = ''
  #skipping = false

  /** @param maxLength bytes of a line, at most */
  constructor(maxLength: number) {
    this.#max = maxLength
  }

  /** One that is left out has been told and is of no time. */
  get begun(): boolean {
    return this.#rest !== ''
  }

  skip(): void {
    this.#rest = ''
    this.#skipping = true
  }

  push(chunk: Uint8Array): (string | CodedError)[] {
    const parts = (this.#rest + Buffer.from(chunk).toString('latin1')).split(/[\r\n]/)
    this.#rest = parts.pop() ?? ''
    const lines: (string | CodedError)[] = []
    for (const line of parts) {
      if (!this.#skipping && line.length > this.#max) lines.push(tooLong(this.#max))
      else if (!this.#skipping && line !== '') lines.push(codeText(Buffer.from(line, 'latin1')))
      this.#skipping = false
    }
    if (this.#rest.length > this.#max) {
      if (!this.#skipping) lines.push(tooLong(this.#max))
      this.#skipping = true
    }
    if (this.#skipping) this.#rest = ''
    return lines
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Scanners hand on the bytes of a code. They are UTF-8 where they can be, as a camera would read them, else Latin-1, which
 * is what a QR code means that says nothing about it.
 */
export function codeText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    return Buffer.from(bytes).toString('latin1')
  }
}
