/**
 * An image in its own light: less its mean patch, and scaled to a mean square of 1.
 *
 * @param embedding [cells][dims]; read only
 * @param out       the same, overwritten
 */
export function inOwnLight(embedding: Float32Array, dims: number, out: Float32Array): void {
  const size = embedding.length
  const mean = new Float64Array(dims)
  for (let at = 0; at < size; at += dims) for (let d = 0; d < dims; d++) mean[d]! += embedding[at + d]!
  for (let d = 0; d < dims; d++) mean[d]! /= size / dims
  let squares = 0
  for (let at = 0; at < size; at += dims)
    for (let d = 0; d < dims; d++) {
      const v = embedding[at + d]! - mean[d]!
      out[at + d] = v
      squares += v * v
    }
  // an image of one patch repeated has nothing of its own
  const scale = squares > 0 ? Math.sqrt(size / squares) : 0
  for (let at = 0; at < size; at++) out[at]! *= scale
}
