/** So many intervals decide: a burst after opening or one stall must not. */
const REMEMBERED = 9

/** Measures the period of a stream from the arrivals of its frames. */
export class FramePeriod {
  readonly #collects: boolean
  #openedMs = 0
  #firstMs: number | null = null
  #lastMs: number | null = null
  #intervals: number[] = []

  /** @param collects whether pictures gather before the first frame, as ffmpeg keeps those by which it knows a stream */
  constructor(collects: boolean) {
    this.#collects = collects
  }

  arrived(atMs: number): void {
    if (this.#lastMs !== null && !this.catchingUp)
      this.#intervals = [...this.#intervals, atMs - this.#lastMs].slice(-REMEMBERED)
    this.#firstMs ??= atMs
    this.#lastMs = atMs
  }

  /**
   * Whether the last frame may have been gathered at the opening, and shows what lay there so long ago. All that was
   * gathered is through when as much time has passed again, where a picture is decoded in half of a period or less.
   */
  get catchingUp(): boolean {
    if (!this.#collects || this.#firstMs === null || this.#lastMs === null) return this.#collects
    return this.#lastMs - this.#firstMs <= this.#firstMs - this.#openedMs
  }

  /** Median interval, ms; null before the second frame. */
  get ms(): number | null {
    return this.#intervals.toSorted((a, b) => a - b)[Math.floor(this.#intervals.length / 2)] ?? null
  }

  /** The stream is opened again: the break is no interval. */
  restart(atMs: number): void {
    this.#openedMs = atMs
    this.#firstMs = null
    this.#lastMs = null
    this.#intervals = []
  }
}
