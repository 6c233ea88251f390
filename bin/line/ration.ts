/** So many at once, and so many a second for good, are told singly. */
const BURST = 200
const PER_SECOND = 5

/**
 * What is told of a reader: one that has gone mad says thousands a second, and the log, the store and the time of the
 * line would be its own.
 */
export class Ration {
  #left = BURST
  #atMs = -Infinity
  #kept = 0

  /**
   * @param atMs monotonic
   * @returns how many were kept back since the last one that was told; null = this one is kept back, too
   */
  take(atMs: number): number | null {
    this.#left = Math.min(BURST, this.#left + ((atMs - this.#atMs) / 1_000) * PER_SECOND)
    this.#atMs = atMs
    if (this.#left < 1) {
      this.#kept += 1
      return null
    }
    this.#left -= 1
    const kept = this.#kept
    this.#kept = 0
    return kept
  }
}
