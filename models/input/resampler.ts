import { linearWeights, resizeLinear } from '../kernels/linear.kernel.ts'
import { resampleColumns, resampleRows, tapsFor, triangleWeights } from '../kernels/resample.kernel.ts'

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
  method: 'pillow' | 'opencv',
): Resample {
  if (method === 'pillow') return antialiased(from, to, channels)
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

function antialiased(from: Size, to: Size, channels: number): Resample {
  const columns = weightsFor(from.widthPx, to.widthPx)
  const rows = weightsFor(from.heightPx, to.heightPx)
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

function weightsFor(inSize: number, outSize: number) {
  const taps = tapsFor(inSize, outSize)
  const starts = new Int32Array(outSize)
  const counts = new Int32Array(outSize)
  const weights = new Int32Array(outSize * taps)
  triangleWeights(inSize, outSize, taps, starts, counts, weights)
  return { taps, starts, counts, weights }
}
