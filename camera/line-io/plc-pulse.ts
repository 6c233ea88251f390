import { CodedError } from '../../contracts/index.ts'

/**
 * Whether the program of the PLC runs, told from its heartbeat: a gateway or a PLC in STOP goes on answering requests
 * with the registers as they were. A heartbeat that has never changed is none, and says nothing.
 */
export class PlcPulse {
  readonly #stillMs: number
  #value: number | null = null
  #sinceMs = 0
  #beats = false

  /** @param stillMs a heartbeat that changed before and stands still so long has stopped */
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
      this.#beats = this.#value !== null
      this.#value = value
      this.#sinceMs = atMs
    }
    if (!this.#beats || atMs - this.#sinceMs < this.#stillMs) return null
    return new CodedError('CAM_IO', {
      expected: 'a heartbeat of the PLC that goes on changing',
      actual: `${value} for ${this.#stillMs} ms or longer`,
      hint: 'the registers are answered, but the program of the PLC does not run: check whether it is in STOP',
    })
  }
}
