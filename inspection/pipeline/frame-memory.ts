/** Gives memory for pixels; what stands in it is to be overwritten. */
export type TakePixels = (length: number) => Uint8Array

export const freshPixels: TakePixels = (length) => new Uint8Array(length)

/** Buffers kept for the next frames of this thread, at most. */
const KEPT = 8
const free: Uint8Array[] = []

/**
 * Memory for the pixels of one frame, which the next one gets when it is given back. Fresh memory for each frame makes
 * V8 collect all garbage each time 64 MB of it have come together: at 400 kB a frame and 100 frames a second that costs
 * as much as the verdicts.
 */
export class FrameMemory {
  readonly #taken: Uint8Array[] = []

  readonly take: TakePixels = (length) => {
    const at = free.findIndex((b) => b.length === length)
    const [buffer = new Uint8Array(length)] = at < 0 ? [] : free.splice(at, 1)
    this.#taken.push(buffer)
    return buffer
  }

  /** Only when nobody reads the pixels any more. */
  giveBack(): void {
    free.push(...this.#taken.splice(0))
    free.splice(0, Math.max(0, free.length - KEPT))
  }
}
