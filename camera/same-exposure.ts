import { crc32 } from 'node:zlib'
import { CodedError } from '../contracts/index.ts'
import type { Frame } from '../contracts/index.ts'

/** More than a camera keeps that sends again what it had, as after a fault. */
const REMEMBERED = 64

/**
 * Tells an exposure that comes again for another part: a camera that hangs, or what reads from it, goes on with its last
 * picture. The same bytes alone say nothing where pictures are drawn, nor does the time where one exposure shows several
 * parts, or a clock counts whole seconds.
 */
export class SameExposure {
  /** Time, length and checksum of the bytes → trigger, the oldest first. */
  readonly #seen = new Map<string, number>()

  /** @param frame whose `capturedAt` the camera has stated */
  check({ bytes, meta }: Frame): CodedError | null {
    const exposure = `${meta.capturedAt} ${bytes.byteLength} ${crc32(bytes)}`
    const before = this.#seen.get(exposure)
    if (before !== undefined)
      return new CodedError('CAM_FROZEN', {
        expected: `a picture of the part of trigger ${meta.trigger}`,
        actual: `that of trigger ${before} again, taken at ${meta.capturedAt}`,
        hint: 'restart the camera; check that the trigger reaches its sensor',
      })
    this.#seen.set(exposure, meta.trigger)
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > REMEMBERED && oldest !== undefined) this.#seen.delete(oldest)
    return null
  }
}
