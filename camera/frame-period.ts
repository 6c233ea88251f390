/** So many intervals decide: a burst after opening or one stall must not. */
const REMEMBERED = 9

/** Measures the period of a stream from the arrivals of its frames. */
export class FramePeriod {
  #lastMs: number | null = null
  #intervals: number[] = []

  arrived(atMs: number): void {
    if (this.#lastMs !== null) this.#intervals = [...this.#intervals, atMs - this.#lastMs].slice(-REMEMBERED)
    this.#lastMs = atMs
  }

  /** Median interval, ms; null before the second frame. */
  get ms(): number | null {
    return this.#intervals.toSorted((a, b) => a - b)[Math.floor(this.#intervals.length / 2)] ?? null
  }

  /** The stream was opened again: the break is no interval. */
  restart(): void {
    this.#lastMs = null
    this.#intervals = []
  }
}
