/**
 * Mirrors an image left to right, top to bottom, or both (a half turn).
 *
 * @param src HWC bytes
 * @param out as `src`
 */
export function mirror(
  src: Uint8Array,
  width: number,
  height: number,
  channels: number,
  leftRight: boolean,
  topBottom: boolean,
  out: Uint8Array,
): void {
  for (let y = 0; y < height; y++) {
    const from = (topBottom ? height - 1 - y : y) * width
    for (let x = 0; x < width; x++) {
      const s = (from + (leftRight ? width - 1 - x : x)) * channels
      const d = (y * width + x) * channels
      for (let c = 0; c < channels; c++) out[d + c] = src[s + c]!
    }
  }
}
