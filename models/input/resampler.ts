import { linearWeights, resizeLinear } from '../kernels/linear.kernel.ts'
import { filterWeights, resampleColumns, resampleRows, tapsFor } from '../kernels/resample.kernel.ts'
import type { Filter } from '../kernels/resample.kernel.ts'

/** Writes the resized image into `out`, row r at `offset + r * stride`. */
export type Resample = (src: Uint8Array, out: Uint8Array, offset: number, stride: number) => void

interface Size {
  widthPx: number
  heightPx: number
}

/** Resizer for one pair of sizes; all memory is allocated here, none per call. */
export function createResampler(
  from: Size,
  to: Size,
  channels: number,
  method: 'pillow' | 'pillow-bicubic' | 'opencv',
): Resample {
  if (method !== 'opencv')
    return antialiased(from, to, channels, method === 'pillow' ? 'triangle' : 'bicubic')
  const axis = (inSize: number, outSize: number) => {
    const starts = new Int32Array(outSize)
    const weights = new Int32Array(outSize)
    linearWeights(inSize, outSize, starts, weights)
    return { starts, weights }
  }
  const x = axis(from.widthPx, to.widthPx)
  const y = axis(from.heightPx, to.heightPx)
  const upper = new Int32Array(to.widthPx * channels)
  const lower = new Int32Array(upper.length)
  return (src, out, offset, stride) =>
    resizeLinear(
      src,
      from.widthPx,
      from.heightPx,
      channels,
      to.widthPx,
      to.heightPx,
      x.starts,
      x.weights,
      y.starts,
      y.weights,
      upper,
      lower,
      out,
      offset,
      stride,
    )
}

/**
 * Rows first, then columns, as Pillow up to 12. Pillow 13 begins with the columns where the height shrinks more than the
 * width: by the rounding between, pixels differ by 1 there, and by more where a cubic is cut off at black and white.
 */
function antialiased(from: Size, to: Size, channels: number, filter: Filter): Resample {
  const columns = weightsFor(filter, from.widthPx, to.widthPx)
  const rows = weightsFor(filter, from.heightPx, to.heightPx)
  const rowBytes = to.widthPx * channels
  const narrow = new Uint8Array(rowBytes * from.heightPx)
  const sums = new Int32Array(rowBytes)
  return (src, out, offset, stride) => {
    let middle = src
    if (from.widthPx !== to.widthPx) {
      const { taps, starts, counts, weights } = columns
      resampleRows(
        src,
        from.widthPx,
        from.heightPx,
        channels,
        to.widthPx,
        taps,
        starts,
        counts,
        weights,
        narrow,
      )
      middle = narrow
    }
    const { taps, starts, counts, weights } = rows
    resampleColumns(middle, rowBytes, to.heightPx, taps, starts, counts, weights, sums, out, offset, stride)
  }
}

function weightsFor(filter: Filter, inSize: number, outSize: number) {
  const taps = tapsFor(filter, inSize, outSize)
  const starts = new Int32Array(outSize)
  const counts = new Int32Array(outSize)
  const weights = new Int32Array(outSize * taps)
  filterWeights(filter, inSize, outSize, taps, starts, counts, weights)
  return { taps, starts, counts, weights }
}
