/** Numbers in the accumulator: pixels, sum and squared sum of the Laplacian, gradient energy in x and in y. */
export const SHARPNESS_NUMBERS = 5

/** Columns summed in 32-bit integers at a time: 1020 (largest Laplacian) squared, times this, stays below 2^31. */
const CHUNK = 2048

/**
 * Adds one row to the focus measure. Laplacian 0 1 0 / 1 -4 1 / 0 1 0, whose variance is the focus measure LAPV of
 * Pech-Pacheco et al. 2000 (and `cv2.Laplacian(...).var()`); central differences for the gradient energies.
 *
 * @param grey HW; the row before and the one behind are read as well
 * @param at   index of the first pixel of the row
 * @param out  SHARPNESS_NUMBERS, added to; the first and last column are left out
 */
export function addSharpness(grey: Uint8Array, at: number, width: number, out: Float64Array): void {
  const end = at + width - 1
  for (let from = at + 1; from < end; from += CHUNK) {
    const to = Math.min(from + CHUNK, end)
    let sum = 0
    let squares = 0
    let ex = 0
    let ey = 0
    let left = grey[from - 1]!
    let middle = grey[from]!
    for (let x = from; x < to; x++) {
      const right = grey[x + 1]!
      const up = grey[x - width]!
      const down = grey[x + width]!
      const l = (left + right + up + down - 4 * middle) | 0
      const dx = (right - left) | 0
      const dy = (down - up) | 0
      sum = (sum + l) | 0
      squares = (squares + Math.imul(l, l)) | 0
      ex = (ex + Math.imul(dx, dx)) | 0
      ey = (ey + Math.imul(dy, dy)) | 0
      left = middle
      middle = right
    }
    out[1]! += sum
    out[2]! += squares
    out[3]! += ex
    out[4]! += ey
  }
  out[0]! += Math.max(0, width - 2)
}
