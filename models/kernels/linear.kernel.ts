/** Fractional bits of a weight: INTER_RESIZE_COEF_BITS of OpenCV, modules/imgproc/src/resize.cpp. */
const BITS = 11

/**
 * Positions and weights of OpenCV's INTER_LINEAR along one axis (`resize`, resize.cpp): no antialias, pixel centres
 * at (i + 0.5) · scale - 0.5, the border pixel repeated.
 *
 * @param starts  overwritten: left input index per output index; `outSize` long
 * @param weights overwritten: weight of the right neighbour, 0..2048; `outSize` long
 */
export function linearWeights(
  inSize: number,
  outSize: number,
  starts: Int32Array,
  weights: Int32Array,
): void {
  const scale = inSize / outSize
  for (let o = 0; o < outSize; o++) {
    const at = Math.fround((o + 0.5) * scale - 0.5)
    let start = Math.floor(at)
    let fraction = Math.fround(at - start)
    if (start < 0) {
      start = 0
      fraction = 0
    }
    if (start >= inSize - 1) {
      start = inSize - 1
      fraction = 0
    }
    starts[o] = start
    weights[o] = Math.round(fraction * (1 << BITS))
  }
}

/**
 * Bilinear without antialias in the fixed-point arithmetic of OpenCV (`HResizeLinear`, `VResizeLinear` for 8 bits).
 *
 * @param src  inWidth x inHeight x channels; read only
 * @param upper scratch, outWidth x channels
 * @param lower scratch, outWidth x channels
 * @param out  overwritten where the rows lie: row r begins at `outOffset + r * outStride`
 */
export function resizeLinear(
  src: Uint8Array,
  inWidth: number,
  inHeight: number,
  channels: number,
  outWidth: number,
  outHeight: number,
  xStarts: Int32Array,
  xWeights: Int32Array,
  yStarts: Int32Array,
  yWeights: Int32Array,
  upper: Int32Array,
  lower: Int32Array,
  out: Uint8Array,
  outOffset: number,
  outStride: number,
): void {
  const n = outWidth * channels
  let upperRow = -1
  let lowerRow = -1
  let a = upper
  let b = lower
  for (let y = 0; y < outHeight; y++) {
    const y0 = yStarts[y]!
    const y1 = y0 < inHeight - 1 ? y0 + 1 : y0
    if (y0 === lowerRow) {
      const swap = a
      a = b
      b = swap
      upperRow = y0
      lowerRow = -1
    }
    if (y0 !== upperRow) {
      blendRow(src, y0 * inWidth * channels, inWidth, channels, outWidth, xStarts, xWeights, a)
      upperRow = y0
    }
    if (y1 !== lowerRow) {
      blendRow(src, y1 * inWidth * channels, inWidth, channels, outWidth, xStarts, xWeights, b)
      lowerRow = y1
    }
    const w1 = yWeights[y]!
    const w0 = (1 << BITS) - w1
    const to = outOffset + y * outStride
    for (let i = 0; i < n; i++)
      out[to + i] = (((w0 * (a[i]! >> 4)) >> 16) + ((w1 * (b[i]! >> 4)) >> 16) + 2) >> 2
  }
}

function blendRow(
  src: Uint8Array,
  rowStart: number,
  inWidth: number,
  channels: number,
  outWidth: number,
  starts: Int32Array,
  weights: Int32Array,
  out: Int32Array,
): void {
  let to = 0
  for (let x = 0; x < outWidth; x++) {
    const left = rowStart + starts[x]! * channels
    const right = starts[x]! < inWidth - 1 ? left + channels : left
    const w1 = weights[x]!
    const w0 = (1 << BITS) - w1
    for (let c = 0; c < channels; c++) out[to++] = src[left + c]! * w0 + src[right + c]! * w1
  }
}
