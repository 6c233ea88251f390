/**
 * 1 where `src` ≥ `level` and inside `roi`, else 0.
 *
 * @param roi HW, non-zero = inside; null = everywhere
 * @param out HW, overwritten
 */
export function maskAtLeast(src: Uint8Array, level: number, roi: Uint8Array | null, out: Uint8Array): void {
  if (roi) for (let i = 0; i < out.length; i++) out[i] = src[i]! >= level && roi[i] !== 0 ? 1 : 0
  else for (let i = 0; i < out.length; i++) out[i] = src[i]! >= level ? 1 : 0
}

/** 1 where `src` ≤ `level` and inside `roi`, else 0; see maskAtLeast. */
export function maskAtMost(src: Uint8Array, level: number, roi: Uint8Array | null, out: Uint8Array): void {
  if (roi) for (let i = 0; i < out.length; i++) out[i] = src[i]! <= level && roi[i] !== 0 ? 1 : 0
  else for (let i = 0; i < out.length; i++) out[i] = src[i]! <= level ? 1 : 0
}

/**
 * Threshold that separates two classes best: the largest between-class variance (Otsu 1979, eq. 18). Class 0 is
 * every level ≤ the result. The lowest level wins a tie.
 *
 * @param histogram 256 counts
 * @returns 0..254, or -1 when there is only one grey level and nothing to separate
 */
export function otsuLevel(histogram: Int32Array): number {
  let total = 0
  let sum = 0
  for (let g = 0; g < 256; g++) {
    total += histogram[g]!
    sum += g * histogram[g]!
  }
  let best = -1
  let bestVariance = 0
  let n0 = 0
  let sum0 = 0
  for (let g = 0; g < 255; g++) {
    n0 += histogram[g]!
    sum0 += g * histogram[g]!
    const n1 = total - n0
    if (n0 === 0 || n1 === 0) continue
    const d = sum0 / n0 - (sum - sum0) / n1
    const variance = n0 * n1 * d * d
    if (variance > bestVariance) {
      bestVariance = variance
      best = g
    }
  }
  return best
}
