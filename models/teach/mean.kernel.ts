/** `sum` gets `factor` times `values` more. */
export function addScaled(sum: Float64Array, values: Float32Array, factor: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += factor * values[i]!
}

/** Each value less its sum over `count`. */
export function lessMean(values: Float32Array, sum: Float64Array, count: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = values[i]! - sum[i]! / count
  return out
}
