/** Numbers in the accumulator: pixels, sum and squared sum of the Laplacian, gradient energy in x and in y. */
export const SHARPNESS_NUMBERS = 5

/** Columns summed in 32-bit integers at a time: 1020 (largest Laplacian) squared, times this, stays below 2^31. */
const CHUNK = 2048

/**
 * Adds one row to the focus measure. Laplacian 0 1 0 / 1 -4 1 / 0 1 0, whose variance is the focus measure LAPV of
 * Pech-Pacheco et al. 2000 (and `cv2.Laplacian(...).var()`); central differences for the gradient energies.
 *
 * @param above row y-1, W
 * @param row   row y, W
 * @param below row y+1, W
 * @param out   SHARPNESS_NUMBERS, added to; the first and last column are left out
 */
export function addSharpness(
  above: Uint8Array,
  row: Uint8Array,
  below: Uint8Array,
  width: number,
  out: Float64Array,
): void {
  for (let from = 1; from < width - 1; from += CHUNK) {
    const to = Math.min(from + CHUNK, width - 1)
    let sum = 0
    let squares = 0
    let ex = 0
    let ey = 0
    let left = row[from - 1]!
    let middle = row[from]!
    for (let x = from; x < to; x++) {
      const right = row[x + 1]!
      const up = above[x]!
      const down = below[x]!
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
