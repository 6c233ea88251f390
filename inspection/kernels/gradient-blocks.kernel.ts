/** Numbers per block: energy of the gradient per pixel, coherence of its direction 0..1, direction in radians. */
export const BLOCK_NUMBERS = 3

/**
 * Structure tensor of square blocks (Bigün and Granlund 1987): how strong the gradient is in each, and how far it has one
 * direction. Central differences, every second row.
 *
 * @param grey   HW
 * @param x1     first column and row of the first block, at least 1; blocks end before the last column and row
 * @param size   side of a block, px
 * @param out    [rows][columns][BLOCK_NUMBERS], overwritten; direction in (-pi/2, pi/2], x right, y down
 */
export function gradientBlocks(
  grey: Uint8Array,
  width: number,
  x1: number,
  y1: number,
  columns: number,
  rows: number,
  size: number,
  out: Float64Array,
): void {
  for (let v = 0, o = 0; v < rows; v++)
    for (let u = 0; u < columns; u++, o += BLOCK_NUMBERS) {
      let xx = 0
      let yy = 0
      let xy = 0
      for (let y = y1 + v * size, end = y + size; y < end; y += 2) {
        const from = y * width + x1 + u * size
        for (let i = from; i < from + size; i++) {
          const dx = (grey[i + 1]! - grey[i - 1]!) | 0
          const dy = (grey[i + width]! - grey[i - width]!) | 0
          xx = (xx + Math.imul(dx, dx)) | 0
          yy = (yy + Math.imul(dy, dy)) | 0
          xy = (xy + Math.imul(dx, dy)) | 0
        }
      }
      const sum = xx + yy
      out[o] = sum / (size * Math.ceil(size / 2))
      out[o + 1] = sum === 0 ? 0 : Math.hypot(xx - yy, 2 * xy) / sum
      out[o + 2] = 0.5 * Math.atan2(2 * xy, xx - yy)
    }
}
