import { CodedError } from '../../contracts/index.ts'

/**
 * Whether the program of the PLC runs, told from its heartbeat: a gateway or a PLC in STOP goes on answering requests
 * with the registers as they were. What has not changed twice is no heartbeat and says nothing: a word that the PLC
 * writes once, as at its start, stands still for good.
 */
export class PlcPulse {
  readonly #stillMs: number
  #value: number | null = null
  #sinceMs = 0
  #changes = 0

  /** @param stillMs a heartbeat that stands still so long has stopped; 0 = none is looked for */
  constructor(stillMs: number) {
    this.#stillMs = stillMs
  }

  /** Nothing was seen of it for a while. */
  resume(atMs: number): void {
    this.#sinceMs = atMs
  }

  /**
   * @param atMs monotonic
   * @returns CAM_IO when the program has stopped; null = it runs, as far as is known
   */
  see(value: number, atMs: number): CodedError | null {
    if (value !== this.#value) {
      if (this.#value !== null) this.#changes += 1
      this.#value = value
      this.#sinceMs = atMs
    }
    const looked = this.#stillMs > 0 && this.#changes >= 2
    if (!looked || atMs - this.#sinceMs < this.#stillMs) return null
    return new CodedError('CAM_IO', {
      expected: 'a heartbeat of the PLC that goes on changing',
      actual: `${value} for ${this.#stillMs} ms or longer`,
      hint: 'the registers are answered, but the program of the PLC does not run: check whether it is in STOP; heartbeatMs: 0 where it has no heartbeat',
    })
  }
}
