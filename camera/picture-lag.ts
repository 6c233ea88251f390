import { CodedError } from '../contracts/index.ts'
import { FramePeriod, LEAST_STALL_MS } from './frame-period.ts'

/**
 * So much the clocks of sender and receiver may run apart: two of 250 ppm, while one of them is set at 500 ppm (the most
 * of NTP, RFC 5905). A link that is too slow by less is not noticed either; the rate of video wavers by far more.
 */
const APART = 0.001

/**
 * How much later pictures come than the promptest of their stream: what waits at the sender and on the way, where the link
 * is too slow, and in this machine, where that is. By the time stamps of the sender, since pictures that wait may come
 * at an even pace.
 */
export class PictureLag {
  readonly #stamps = new FramePeriod(null)
  #last: { atMs: number; stampMs: number } | null = null
  #promptMs = Infinity
  /** Of the last picture, ms; 0 where no stamp tells. */
  ms = 0

  /** @param stampMs when the sender took it, by its own clock */
  arrived(atMs: number, stampMs: number): void {
    const behindMs = atMs - stampMs
    if (this.#last && stampMs < this.#last.stampMs) {
      // The clock of the sender was set, or began again: how late the picture before was says how late this one is.
      this.#promptMs = behindMs - this.ms
    } else if (this.#last && !this.late) this.#promptMs += APART * (atMs - this.#last.atMs)
    this.#stamps.arrived(stampMs)
    this.#promptMs = Math.min(this.#promptMs, behindMs)
    this.ms = behindMs - this.#promptMs
    this.#last = { atMs, stampMs }
  }

  /** A trigger waits two periods for its picture: one from three before it is as early as one may be late. */
  get #limitMs(): number {
    return Math.max(LEAST_STALL_MS, 3 * (this.#stamps.ms ?? Infinity))
  }

  /** Whether the last picture shows what lay there so long ago that it may be another part. */
  get late(): boolean {
    return this.ms > this.#limitMs
  }

  /** What to tell a part that gets no picture because of it. */
  get error(): CodedError {
    return new CodedError('CAM_STALE', {
      expected: `a picture at most ${this.#limitMs.toFixed()} ms later than the promptest`,
      actual: `${this.ms.toFixed()} ms later`,
      hint: LATE_HINT,
    })
  }

  /** The stream is opened again: nobody knows how its new stamps compare with the old ones. */
  restart(): void {
    this.#stamps.restart(0)
    this.#last = null
    this.#promptMs = Infinity
    this.ms = 0
  }
}

const LATE_HINT =
  'the link or this machine is too slow for the stream: lower its bit rate, size or frame rate; of a camera whose clock is wrong, put -use_wallclock_as_timestamps 1 before -i'
