/** Numbers in the accumulator: pixels, sum and squared sum of the Laplacian, gradient energy in x and in y. */
export const SHARPNESS_NUMBERS = 5

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
  let sum = 0
  let squares = 0
  let ex = 0
  let ey = 0
  for (let x = 1; x < width - 1; x++) {
    const left = row[x - 1]!
    const right = row[x + 1]!
    const up = above[x]!
    const down = below[x]!
    const l = left + right + up + down - 4 * row[x]!
    sum += l
    squares += l * l
    const dx = right - left
    const dy = down - up
    ex += dx * dx
    ey += dy * dy
  }
  out[0]! += Math.max(0, width - 2)
  out[1]! += sum
  out[2]! += squares
  out[3]! += ex
  out[4]! += ey
}
