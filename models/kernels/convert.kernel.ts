/**
 * Copies rows into a larger image, a grey level three times where `repeat` is 3 (grey → RGB).
 *
 * @param src      rows of `rowBytes`, tightly packed; read only
 * @param outStart index of the first byte in `out`
 * @param outStride bytes from one row of `out` to the next
 */
export function placeRows(
  src: Uint8Array,
  rowBytes: number,
  rows: number,
  repeat: 1 | 3,
  out: Uint8Array,
  outStart: number,
  outStride: number,
): void {
  for (let y = 0; y < rows; y++) {
    const from = y * rowBytes
    let to = outStart + y * outStride
    if (repeat === 1) {
      for (let i = 0; i < rowBytes; i++) out[to++] = src[from + i]!
      continue
    }
    for (let i = 0; i < rowBytes; i++) {
      const v = src[from + i]!
      out[to++] = v
      out[to++] = v
      out[to++] = v
    }
  }
}

/** RGB → luma, ITU-R BT.601 in 16-bit fixed point as in Pillow's `convert('L')` (src/libImaging/Convert.c, L24). */
export function rgbToGrey(rgb: Uint8Array, out: Uint8Array): void {
  for (let i = 0, o = 0; o < out.length; i += 3, o++)
    out[o] = (rgb[i]! * 19595 + rgb[i + 1]! * 38470 + rgb[i + 2]! * 7471 + 0x8000) >> 16
}

/**
 * Repeats the last column and row of the top left part of an image into the rest of it.
 *
 * @param image  outHeight x outWidth x C; the part width x height is read, the rest overwritten
 */
export function replicateEdge(
  image: Uint8Array,
  width: number,
  height: number,
  channels: number,
  outWidth: number,
  outHeight: number,
): void {
  const row = outWidth * channels
  for (let y = 0; y < height; y++) {
    for (let i = y * row + width * channels; i < (y + 1) * row; i++) image[i] = image[i - channels]!
  }
  for (let y = height; y < outHeight; y++) image.copyWithin(y * row, (height - 1) * row, height * row)
}
