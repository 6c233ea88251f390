import type { FrameFormat } from '../../contracts/index.ts'
import { decodeFrame, type WantedImage } from './decode.ts'
import { GoldenTemplate } from './part-image.ts'

/**
 * The golden template that came with the last frame of a recipe. A line shows the same one part after part: as long as
 * its bytes are the same, what was decoded and derived from them stays. Raw pixels that nothing is derived from are
 * taken as they lie, because to compare them costs more than it saves.
 */
export class FrameGolden {
  readonly #want: WantedImage
  readonly #derived: boolean
  #bytes: Buffer = Buffer.alloc(0)
  #format: FrameFormat | null = null
  #golden: GoldenTemplate | null = null

  /** @param derived whether a tool computes something from the template once and keeps it there */
  constructor(want: WantedImage, derived: boolean) {
    this.#want = want
    this.#derived = derived
  }

  /** @throws as `decodeFrame` */
  async of(bytes: Uint8Array, format: FrameFormat): Promise<GoldenTemplate> {
    if (format.kind === 'raw' && !this.#derived)
      return new GoldenTemplate(await decodeFrame(bytes, format, this.#want))
    if (this.#golden && this.#isLast(bytes, format)) return this.#golden
    const copy = Buffer.from(bytes)
    const golden = new GoldenTemplate(await decodeFrame(copy, format, this.#want))
    this.#bytes = copy
    this.#format = format
    this.#golden = golden
    return golden
  }

  #isLast(bytes: Uint8Array, format: FrameFormat): boolean {
    const last = this.#format
    if (last?.kind !== format.kind || !this.#bytes.equals(bytes)) return false
    // What encoded bytes are, they say themselves.
    if (last.kind === 'encoded' || format.kind === 'encoded') return true
    return last.pixel === format.pixel && last.widthPx === format.widthPx && last.heightPx === format.heightPx
  }
}
