/**
 * Index of the first NaN or infinity, or -1. Float32 values below 3.5e38 cannot overflow a double sum, so the sum
 * is finite exactly when all of them are, and the search runs only on failure.
 */
export function firstNonFinite(values: Float32Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  if (Number.isFinite(sum)) return -1
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return i
  return -1
}
