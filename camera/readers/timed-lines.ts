import { CodedError } from '../../contracts/index.ts'
import type { LineReader } from './line-splitter.ts'

/** Longer than any scanner pauses within a code, and than a network repeats what it lost, ms. */
const BREAK_MS = 2_000

/** What comes so soon after a scanner was opened may be the rest of a code, or one that was kept, ms. */
export const OPENED_MS = 200

/**
 * Lines with the time of their first byte: the part was at the reader then, and may be gone when the last one comes. What
 * goes on after a pause may be the rest of the line or another code, so the line is refused up to its close. So is what
 * comes as soon as the scanner was opened: its beginning may have come before, or all of it long ago.
 */
export class TimedLines {
  readonly #lines: LineReader
  readonly #heardFromMs: number
  #begunMs: number | null = null
  #lastMs = 0

  /** @param heardFromMs monotonic: what begins before it is refused */
  constructor(lines: LineReader, heardFromMs = -Infinity) {
    this.#lines = lines
    this.#heardFromMs = heardFromMs
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
      const begunMs = this.#begunMs ?? atMs
      if (line instanceof CodedError) found.push(line)
      else found.push(begunMs < this.#heardFromMs ? tooSoon(line) : { text: line, atMs: begunMs })
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

const tooSoon = (line: string): CodedError =>
  new CodedError('CAM_BAD_REQUEST', {
    expected: `a code that begins ${OPENED_MS} ms after the scanner was opened, or later`,
    actual: JSON.stringify(line.slice(0, 80)),
    hint: 'it may be the end of a code, or one that was kept; scan the part again',
  })
