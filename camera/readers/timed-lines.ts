import { CodedError } from '../../contracts/index.ts'
import type { LineReader } from './line-splitter.ts'

/** Longer than any scanner pauses within a code, and than a network repeats what it lost, ms. */
const BREAK_MS = 2_000

/**
 * Lines with the time of their first byte: the part was at the reader then, and may be gone when the last one comes. What
 * goes on after a pause may be the rest of the line or another code, so the line is refused up to its close.
 */
export class TimedLines {
  readonly #lines: LineReader
  #begunMs: number | null = null
  #lastMs = 0

  constructor(lines: LineReader) {
    this.#lines = lines
  }

  /** @param atMs monotonic */
  push(chunk: Uint8Array, atMs: number): ({ text: string; atMs: number } | CodedError)[] {
    const found: ({ text: string; atMs: number } | CodedError)[] = []
    if (this.#begunMs !== null && atMs - this.#lastMs > BREAK_MS) {
      found.push(brokeOff(atMs - this.#lastMs))
      this.#lines.skip()
      // Whatever comes behind it has a time of its own.
      this.#begunMs = null
    }
    this.#lastMs = atMs
    for (const line of this.#lines.push(chunk)) {
      found.push(line instanceof CodedError ? line : { text: line, atMs: this.#begunMs ?? atMs })
      this.#begunMs = null
    }
    this.#begunMs = this.#lines.begun ? (this.#begunMs ?? atMs) : null
    return found
  }
}

const brokeOff = (pauseMs: number): CodedError =>
  new CodedError('CAM_BAD_REQUEST', {
    expected: 'a code in one piece, closed by Enter',
    actual: `a pause of ${pauseMs.toFixed()} ms within it`,
    hint: 'let the scanner close each code by Enter (CR or LF); check its cable',
  })
