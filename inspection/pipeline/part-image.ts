import type { Pixels } from '../../models/index.ts'
import { extremesScratch, localMax, localMin, rgbToGrey } from '../kernels/index.ts'
import { freshPixels, type TakePixels } from './frame-memory.ts'

/** An image with its grey levels, converted once when first asked for. */
export class PartImage {
  readonly pixels: Pixels
  readonly #take: TakePixels
  #grey: Uint8Array | null

  /** @param take gives the memory for the grey levels */
  constructor(pixels: Pixels, take: TakePixels = freshPixels) {
    this.pixels = pixels
    this.#take = take
    this.#grey = pixels.channels === 1 ? pixels.data : null
  }

  get widthPx(): number {
    return this.pixels.widthPx
  }

  get heightPx(): number {
    return this.pixels.heightPx
  }

  /** HW; read only. */
  get grey(): Uint8Array {
    if (!this.#grey) {
      const count = this.pixels.widthPx * this.pixels.heightPx
      this.#grey = this.#take(count)
      rgbToGrey(this.pixels.data, 0, count, this.#grey)
    }
    return this.#grey
  }
}

/** Grey band of a golden template: local minimum and maximum, HW each. */
export interface Band {
  low: Uint8Array
  high: Uint8Array
}

/** The golden template with what tools derive from it; kept as long as its recipe. */
export class GoldenTemplate extends PartImage {
  readonly #bands = new Map<number, Band>()

  /** Local extremes within `tolerancePx`, computed once per tolerance. */
  band(tolerancePx: number): Band {
    let band = this.#bands.get(tolerancePx)
    if (!band) {
      band = tolerancePx === 0 ? { low: this.grey, high: this.grey } : this.#extremes(tolerancePx)
      this.#bands.set(tolerancePx, band)
    }
    return band
  }

  #extremes(radius: number): Band {
    const { grey, widthPx, heightPx } = this
    const scratch = new Uint8Array(extremesScratch(widthPx, heightPx, radius))
    const low = new Uint8Array(grey.length)
    const high = new Uint8Array(grey.length)
    localMin(grey, widthPx, heightPx, radius, scratch, low)
    localMax(grey, widthPx, heightPx, radius, scratch, high)
    return { low, high }
  }
}
