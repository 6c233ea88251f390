import type { Tap } from './backbone.ts'
import { channelsOf } from './feature-nodes.ts'
import type { Projection } from './feature-nodes.ts'
import type { Matrix } from './matrix-sessions.ts'
import { leadingSubspace } from './subspace.kernel.ts'

/** Share of the mean deviation of a tap that is added to each: silent channels must not be blown up. */
const SD_FLOOR = 0.05
const ROUNDS = 8

/** Sums over patches of the raw descriptors: enough for means, deviations and every projection. */
export interface Moments {
  count: number
  /** [channels] */
  sum: Float64Array
  /** [channels][channels], sum of x xᵀ */
  gram: Float64Array
}

export const emptyMoments = (channels: number): Moments => ({
  count: 0,
  sum: new Float64Array(channels),
  gram: new Float64Array(channels * channels),
})

/** Adds the rows of one image; `gram` is the sum of x xᵀ over them. */
export function addMoments(m: Moments, rows: Matrix, gram: Matrix): void {
  const channels = m.sum.length
  for (let at = 0; at < rows.length; at += channels)
    for (let c = 0; c < channels; c++) m.sum[c] = (m.sum[c] ?? 0) + (rows[at + c] ?? 0)
  for (let i = 0; i < gram.length; i++) m.gram[i] = (m.gram[i] ?? 0) + (gram[i] ?? 0)
  m.count += rows.length / channels
}

/**
 * The linear map to patch embeddings: every channel less its mean, over its deviation, over the square root of the
 * number of channels of its tap (so that each tap weighs the same), then onto the `dims` directions of largest
 * variance (PCA without whitening; distances between patches hardly change).
 */
export function fitProjection(m: Moments, taps: readonly Tap[], dims: number): Projection {
  const channels = channelsOf(taps)
  const mean = m.sum.map((s) => s / m.count)
  const scale = new Float64Array(channels)
  let first = 0
  for (const tap of taps) {
    const sd = Array.from({ length: tap.channels }, (_, i) => {
      const c = first + i
      return Math.sqrt(Math.max(0, (m.gram[c * channels + c] ?? 0) / m.count - (mean[c] ?? 0) ** 2))
    })
    const floor = (SD_FLOOR * sd.reduce((a, b) => a + b, 0)) / tap.channels
    // a tap without any variation says nothing: weight 0 instead of a division by 0
    for (const [i, s] of sd.entries())
      scale[first + i] = floor === 0 ? 0 : 1 / ((s + floor) * Math.sqrt(tap.channels))
    first += tap.channels
  }
  const covariance = new Float64Array(channels * channels)
  for (let i = 0; i < channels; i++)
    for (let j = 0; j < channels; j++)
      covariance[i * channels + j] =
        ((m.gram[i * channels + j] ?? 0) / m.count - (mean[i] ?? 0) * (mean[j] ?? 0)) *
        (scale[i] ?? 0) *
        (scale[j] ?? 0)
  const width = Math.min(dims, channels)
  const basis = leadingSubspace(covariance, channels, width, ROUNDS)
  const weights = new Float32Array(channels * width)
  const bias = new Float64Array(width)
  for (let c = 0; c < channels; c++)
    for (let d = 0; d < width; d++) {
      const w = (basis[d * channels + c] ?? 0) * (scale[c] ?? 0)
      weights[c * width + d] = w
      bias[d] = (bias[d] ?? 0) - w * (mean[c] ?? 0)
    }
  return { dims: width, weights, bias: Float32Array.from(bias) }
}
