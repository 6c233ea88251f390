/** Side of the thumbnails that are compared. */
export const THUMB = 32

/** Bits in the 64-bit hashes, as two halves. */
export function hammingDistance(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  let n = 0
  for (let k = 0; k < 2; k++) {
    let x = (a[i * 2 + k]! ^ b[j * 2 + k]!) >>> 0
    x -= (x >>> 1) & 0x55555555
    x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
    n += Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return n
}

/**
 * Difference hash (N. Krawetz 2013): 8 × 8 signs of the grey step to the right, of means over the thumbnail.
 *
 * @param thumb THUMB × THUMB grey
 * @param out   two numbers at `at`
 */
export function differenceHash(thumb: Uint8Array, out: Uint32Array, at: number): void {
  let bits = 0
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      let left = 0
      let right = 0
      // Columns of a 9-wide grid over 32 px start at 0, 3.5, 7 …; whole px are near enough for a first sieve.
      const l = Math.round((x * (THUMB - 4)) / 8)
      const r = Math.round(((x + 1) * (THUMB - 4)) / 8)
      for (let dy = 0; dy < 4; dy++) {
        for (let dx = 0; dx < 4; dx++) {
          left += thumb[(y * 4 + dy) * THUMB + l + dx]!
          right += thumb[(y * 4 + dy) * THUMB + r + dx]!
        }
      }
      if (right > left) bits = (bits | (1 << ((y * 8 + x) & 31))) >>> 0
      if ((y * 8 + x) % 32 === 31) {
        out[at + (y >> 2)] = bits
        bits = 0
      }
    }
  }
}

/**
 * What is particular to each image: the thumbnail less the mean thumbnail of the set, less its own mean, scaled to
 * length 1. Parts of one kind look alike; what they share must not count as likeness.
 *
 * @param thumbs n × THUMB², grey; @param out n × THUMB²
 */
export function particulars(thumbs: Uint8Array, n: number, out: Float32Array): void {
  const size = THUMB * THUMB
  const mean = new Float64Array(size)
  for (let i = 0; i < n; i++) for (let k = 0; k < size; k++) mean[k]! += thumbs[i * size + k]! / n
  for (let i = 0; i < n; i++) {
    let own = 0
    for (let k = 0; k < size; k++) own += (thumbs[i * size + k]! - mean[k]!) / size
    let length = 0
    for (let k = 0; k < size; k++) {
      const v = thumbs[i * size + k]! - mean[k]! - own
      out[i * size + k] = v
      length += v * v
    }
    // A thumbnail that is the mean itself (a set of one image) has nothing particular.
    const scale = length > 0 ? 1 / Math.sqrt(length) : 0
    for (let k = 0; k < size; k++) out[i * size + k]! *= scale
  }
}

/** Correlation of two particulars, -1..1. */
export function likeness(all: Float32Array, i: number, j: number): number {
  const size = THUMB * THUMB
  let dot = 0
  for (let k = 0; k < size; k++) dot += all[i * size + k]! * all[j * size + k]!
  return dot
}
