/** Weights are fixed-point with this many fractional bits: 255 · 2^22 plus rounding stays below 2^31. */
const WEIGHT_BITS = 22

/** A filter is 0 from this distance on, in input pixels where nothing is shrunk. */
const SUPPORT = { triangle: 1, bicubic: 2 }
export type Filter = keyof typeof SUPPORT

/** The cubic is that of Keys (1981) with a = -0.5, as in Pillow. */
function filterAt(filter: Filter, distance: number): number {
  const x = Math.abs(distance)
  if (filter === 'triangle') return Math.max(0, 1 - x)
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
}

/**
 * Weights of an antialiased filter, the method of Pillow's `Image.resize` with BILINEAR (triangle) or BICUBIC and
 * torchvision's `antialias=True` (Pillow, src/libImaging/Resample.c): the filter widens with the shrink factor,
 * so that every input pixel counts.
 *
 * @param starts  overwritten: first input index per output index; `outSize` long
 * @param counts  overwritten: number of inputs per output index; `outSize` long
 * @param weights overwritten: `taps` fixed-point weights per output index
 * @param taps    weights per output, from `tapsFor`
 */
export function filterWeights(
  filter: Filter,
  inSize: number,
  outSize: number,
  taps: number,
  starts: Int32Array,
  counts: Int32Array,
  weights: Int32Array,
): void {
  const scale = inSize / outSize
  const widened = Math.max(1, scale)
  const support = SUPPORT[filter] * widened
  for (let o = 0; o < outSize; o++) {
    const center = (o + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support + 0.5))
    const count = Math.min(inSize, Math.trunc(center + support + 0.5)) - first
    let total = 0
    for (let t = 0; t < count; t++) total += filterAt(filter, (t + first - center + 0.5) * (1 / widened))
    for (let t = 0; t < count; t++) {
      const w = filterAt(filter, (t + first - center + 0.5) * (1 / widened)) / total
      weights[o * taps + t] = Math.trunc(Math.sign(w) * 0.5 + w * (1 << WEIGHT_BITS))
    }
    starts[o] = first
    counts[o] = count
  }
}

export const tapsFor = (filter: Filter, inSize: number, outSize: number): number =>
  Math.ceil(SUPPORT[filter] * Math.max(1, inSize / outSize)) * 2 + 1

/** Negative weights of the cubic reach beyond both ends. */
const level = (sum: number): number => Math.max(0, Math.min(255, sum >> WEIGHT_BITS))

/**
 * Resamples each row: H x inWidth x C → H x outWidth x C, with C 1 or 3. `out` is overwritten.
 */
export function resampleRows(
  src: Uint8Array,
  inWidth: number,
  height: number,
  channels: number,
  outWidth: number,
  taps: number,
  starts: Int32Array,
  counts: Int32Array,
  weights: Int32Array,
  out: Uint8Array,
): void {
  const round = 1 << (WEIGHT_BITS - 1)
  let to = 0
  for (let y = 0; y < height; y++) {
    const row = y * inWidth * channels
    for (let x = 0; x < outWidth; x++) {
      const end = x * taps + counts[x]!
      let from = row + starts[x]! * channels
      if (channels === 3) {
        // one weight for three sums: half the time of three passes
        let a = round
        let b = round
        let c = round
        for (let w = x * taps; w < end; w++) {
          const weight = weights[w]!
          a = (a + src[from]! * weight) | 0
          b = (b + src[from + 1]! * weight) | 0
          c = (c + src[from + 2]! * weight) | 0
          from += 3
        }
        out[to++] = level(a)
        out[to++] = level(b)
        out[to++] = level(c)
      } else {
        let sum = round
        for (let w = x * taps; w < end; w++) sum = (sum + src[from++]! * weights[w]!) | 0
        out[to++] = level(sum)
      }
    }
  }
}

/**
 * Resamples each column: inHeight x rowBytes → outHeight x rowBytes.
 *
 * @param sums scratch, `rowBytes` long
 * @param out  overwritten where the rows lie: row r begins at `outOffset + r * outStride`
 */
export function resampleColumns(
  src: Uint8Array,
  rowBytes: number,
  outHeight: number,
  taps: number,
  starts: Int32Array,
  counts: Int32Array,
  weights: Int32Array,
  sums: Int32Array,
  out: Uint8Array,
  outOffset: number,
  outStride: number,
): void {
  for (let y = 0; y < outHeight; y++) {
    sums.fill(1 << (WEIGHT_BITS - 1))
    for (let t = 0; t < counts[y]!; t++) {
      const weight = weights[y * taps + t]!
      const row = (starts[y]! + t) * rowBytes
      for (let i = 0; i < rowBytes; i++) sums[i] = (sums[i]! + src[row + i]! * weight) | 0
    }
    const to = outOffset + y * outStride
    for (let i = 0; i < rowBytes; i++) out[to + i] = level(sums[i]!)
  }
}
