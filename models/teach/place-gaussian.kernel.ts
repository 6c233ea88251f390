import { whitening } from './linear.kernel.ts'

/** Share of the mean variance added to each direction, so that one that never varies is not divided by 0. */
const FLOOR = 0.01

/**
 * Inverse factor of the covariance of the residuals at each place, shrunk towards that of all places: as if those had
 * been seen `prior` times more, (sum of r rᵀ + prior T) / (n + prior), T the mean over all places.
 *
 * @param images residuals of each image, [cells][dims]; read only
 * @param kept   the first so many coordinates count
 * @returns [cells][kept][kept]: the squared length of r W is the squared distance of Mahalanobis
 */
export function placeFactors(
  images: readonly Float32Array[],
  dims: number,
  kept: number,
  prior: number,
): Float32Array<ArrayBuffer> {
  const cells = (images[0]?.length ?? 0) / dims
  const square = kept * kept
  const out = new Float32Array(cells * square)
  const pooled = new Float64Array(square)
  const gram = new Float64Array(square)
  const row = (): Float64Array => new Float64Array(kept)
  const rows = [row(), row(), row(), row()] as const
  for (let cell = 0; cell < cells; cell++) {
    gram.fill(0)
    addProducts(gram, images, cell * dims, kept, rows)
    out.set(gram, cell * square)
    for (let i = 0; i < square; i++) pooled[i]! += gram[i]!
  }
  const seen = images.length * cells
  let trace = 0
  for (let i = 0; i < kept; i++) trace += pooled[i * kept + i]! / seen
  for (let i = 0; i < square; i++) pooled[i]! /= seen
  for (let i = 0; i < kept; i++) pooled[i * kept + i]! += (FLOOR * trace) / kept + 1e-12
  const total = images.length + prior
  for (let cell = 0; cell < cells; cell++) {
    const at = cell * square
    // the lower triangle is all that the factor looks at
    for (let i = 0; i < square; i++) gram[i] = (out[at + i]! + prior * pooled[i]!) / total
    const white = whitening(gram, kept)
    for (let i = 0; i < kept; i++)
      for (let j = 0; j < kept; j++) out[at + j * kept + i] = white[i * kept + j]!
  }
  return out
}

/**
 * Adds x xᵀ of each image, x its coordinates from `from` on: the lower triangle, four images at once, which takes half of
 * the time of one by one.
 *
 * @param rows four of `kept` numbers, overwritten
 */
function addProducts(
  gram: Float64Array,
  images: readonly Float32Array[],
  from: number,
  kept: number,
  rows: readonly [Float64Array, Float64Array, Float64Array, Float64Array],
): void {
  const [a, b, c, d] = rows
  for (let n = 0; n < images.length; n += 4) {
    for (let k = 0; k < 4; k++) {
      const image = images[n + k]
      const row = rows[k]!
      for (let i = 0; i < kept; i++) row[i] = image === undefined ? 0 : image[from + i]!
    }
    for (let i = 0; i < kept; i++) {
      const [ai, bi, ci, di] = [a[i]!, b[i]!, c[i]!, d[i]!]
      const row = i * kept
      for (let j = 0; j <= i; j++) gram[row + j]! += ai * a[j]! + bi * b[j]! + ci * c[j]! + di * d[j]!
    }
  }
}

/**
 * Distances as they would be had the image not been among those the covariance is made of (Sherman and Morrison 1950):
 * d² / (1 - share d²), the sum less its r rᵀ.
 *
 * @param share of the covariance that the image is, 1 / (n + prior); of photographs of one workpiece, of all of them
 */
export function leftOut(distances: Float32Array, share: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(distances.length)
  for (let i = 0; i < out.length; i++) {
    const square = distances[i]! * distances[i]!
    // several photographs are not quite the same, and could come to more than there is
    out[i] = Math.sqrt(square / Math.max(0.05, 1 - share * square))
  }
  return out
}
