/**
 * Gaussian smoothing in two passes, weights cut at three deviations and made to sum to 1, the border repeated.
 *
 * @param src     HW grey, read only
 * @param sigmaPx deviation, above 0
 * @param middle  scratch, width x height
 * @param out     HW grey, overwritten; may not be `src`
 */
export function gaussianBlur(
  src: Uint8Array,
  width: number,
  height: number,
  sigmaPx: number,
  middle: Float32Array,
  out: Uint8Array,
): void {
  const reach = Math.ceil(3 * sigmaPx)
  const weights = new Float64Array(2 * reach + 1)
  let sum = 0
  for (let k = -reach; k <= reach; k++) {
    weights[k + reach] = Math.exp(-(k * k) / (2 * sigmaPx * sigmaPx))
    sum += weights[k + reach]!
  }
  for (let k = 0; k < weights.length; k++) weights[k]! /= sum
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let v = 0
      for (let k = -reach; k <= reach; k++)
        v += weights[k + reach]! * src[y * width + Math.min(width - 1, Math.max(0, x + k))]!
      middle[y * width + x] = v
    }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let v = 0.5
      for (let k = -reach; k <= reach; k++)
        v += weights[k + reach]! * middle[Math.min(height - 1, Math.max(0, y + k)) * width + x]!
      out[y * width + x] = v
    }
}
