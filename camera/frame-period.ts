/** So many intervals decide: a burst after opening or one stall must not. */
const REMEMBERED = 9

/** A shorter break is no stall, however quick the stream is, ms. */
export const LEAST_STALL_MS = 150

/** Measures the period of a stream from the arrivals of its frames. */
export class FramePeriod {
  readonly #collects: boolean
  readonly #stalls: boolean
  #openedMs = 0
  #firstMs: number | null = null
  #lastMs: number | null = null
  #intervals: number[] = []
  #attendedMs: number | null = null

  /**
   * @param gathers where pictures gather before the first frame, as ffmpeg keeps those by which it knows a stream; in a
   * network also while none comes, where a camera at this machine may have shown none. null = nowhere
   */
  constructor(gathers: 'network' | 'device' | null) {
    this.#collects = gathers !== null
    this.#stalls = gathers === 'network'
  }

  arrived(atMs: number): void {
    const interval = this.#lastMs === null ? 0 : atMs - this.#lastMs
    const stalled = this.#stalls && interval > this.#longestMs
    if (this.#lastMs !== null && (stalled || !this.catchingUp))
      this.#intervals = [...this.#intervals, interval].slice(-REMEMBERED)
    if (stalled) {
      this.#openedMs = atMs - interval
      this.#firstMs = atMs
    }
    this.#firstMs ??= atMs
    this.#lastMs = atMs
  }

  /**
   * Three times the second longest of late: a stream that comes in bursts does not stall at each, nor one that became slower.
   * A trigger waits two periods for its picture, so that one from a break of three is as early as one may be late.
   */
  get #longestMs(): number {
    const usual = this.#intervals.toSorted((a, b) => b - a)[1] ?? Infinity
    return Math.max(LEAST_STALL_MS, 3 * usual)
  }

  /**
   * Whether the last frame may have been gathered, at the opening or in a stall, and shows what lay there so long ago. All
   * that was gathered is through when as much time has passed again, where a picture is decoded in half of a period or less.
   */
  get catchingUp(): boolean {
    if (!this.#collects || this.#firstMs === null || this.#lastMs === null) return this.#collects
    return this.#lastMs - this.#firstMs <= this.#firstMs - this.#openedMs
  }

  /** Median interval, ms; null before the second frame. */
  get ms(): number | null {
    return this.#intervals.toSorted((a, b) => a - b)[Math.floor(this.#intervals.length / 2)] ?? null
  }

  /**
   * This thread looks after the camera now; long after the time before it stood still, and pictures gathered meanwhile.
   *
   * @param everyMs how often it does at least
   */
  attended(atMs: number, everyMs: number): void {
    const stoodMs = atMs - (this.#attendedMs ?? atMs) - everyMs
    this.#attendedMs = atMs
    if (!this.#collects || this.#firstMs === null || stoodMs < LEAST_STALL_MS) return
    const leftMs = 2 * this.#firstMs - this.#openedMs - atMs
    this.#openedMs = atMs - Math.max(stoodMs, leftMs)
    this.#firstMs = atMs
    this.#lastMs = atMs
  }

  /** The stream is opened again: the break is no interval. */
  restart(atMs: number): void {
    this.#openedMs = atMs
    this.#firstMs = null
    this.#lastMs = null
    this.#intervals = []
    this.#attendedMs = atMs
  }
}
