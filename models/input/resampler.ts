import { resampleColumns, resampleRows, tapsFor, triangleWeights } from '../kernels/resample.kernel.ts'

/** Writes the resized image into `out`, row r at `offset + r * stride`. */
export type Resample = (src: Uint8Array, out: Uint8Array, offset: number, stride: number) => void

/** Resizer for one pair of sizes; all memory is allocated here, none per call. */
export function createResampler(
  from: { widthPx: number; heightPx: number },
  to: { widthPx: number; heightPx: number },
  channels: number,
): Resample {
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
