/**
 * Share of pixels whose channels lie apart: clearly more than the noise of a sensor or of JPEG around grey.
 *
 * @param rgb  HWC interleaved, 0..255
 * @param least difference of the largest and the smallest channel, grey levels
 * @returns 0..1
 */
export function colourShare(rgb: Uint8Array, least: number): number {
  let coloured = 0
  for (let k = 0; k < rgb.length; k += 3) {
    const r = rgb[k]!
    const g = rgb[k + 1]!
    const b = rgb[k + 2]!
    if (Math.max(r, g, b) - Math.min(r, g, b) >= least) coloured++
  }
  return rgb.length === 0 ? 0 : (3 * coloured) / rgb.length
}
