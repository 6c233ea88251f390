/**
 * Luma of ITU-R BT.601 in 16-bit fixed point, the rounding of Pillow's `convert("L")`, so that a model trained on
 * images converted there sees the same bytes here.
 *
 * @param rgb  HWC interleaved, read from pixel `from`
 * @param out  grey levels, `count` of them, overwritten
 */
export function rgbToGrey(rgb: Uint8Array, from: number, count: number, out: Uint8Array): void {
  for (let i = 0, k = from * 3; i < count; i++, k += 3) {
    out[i] = (rgb[k]! * 19595 + rgb[k + 1]! * 38470 + rgb[k + 2]! * 7471 + 0x8000) >> 16
  }
}

/** Grey levels to three equal channels. */
export function greyToRgb(grey: Uint8Array, out: Uint8Array): void {
  for (let i = 0, k = 0; k < out.length; i++, k += 3) {
    const g = grey[i]!
    out[k] = g
    out[k + 1] = g
    out[k + 2] = g
  }
}

/** First pixel of interleaved RGBA whose alpha is not 255, or -1. */
export function firstTransparent(rgba: Uint8Array, channels: number): number {
  for (let i = channels - 1, p = 0; i < rgba.length; i += channels, p++) if (rgba[i] !== 255) return p
  return -1
}

/** Drops the last channel of interleaved pixels: `channels` in, one less out. */
export function dropAlpha(src: Uint8Array, channels: number, out: Uint8Array): void {
  const keep = channels - 1
  for (let i = 0, k = 0; k < out.length; i += channels, k += keep) {
    for (let c = 0; c < keep; c++) out[k + c] = src[i + c]!
  }
}

/** Whether all three channels are equal in every pixel of interleaved RGB. */
export function isGrey(rgb: Uint8Array): boolean {
  for (let k = 0; k < rgb.length; k += 3) if (rgb[k] !== rgb[k + 1] || rgb[k] !== rgb[k + 2]) return false
  return true
}
