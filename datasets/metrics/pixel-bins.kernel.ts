/** Bits of a key that number its bin: sign, exponent and 13 bits of mantissa. */
export const BIN_BITS = 22
const SHIFT = 32 - BIN_BITS

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** Order-preserving whole number of a float, 0..2^32 - 1: negative floats are turned round, positive ones lifted. */
export function orderedKey(value: number): number {
  // The sum turns -0 into 0, which is equal to it.
  float[0] = value + 0
  const b = bits[0]!
  return (b & 0x80000000) !== 0 ? ~b >>> 0 : (b | 0x80000000) >>> 0
}

/**
 * Order of values by rising score: value keys and places packed into one double (32 + 21 bits of its 53), because
 * sorting numbers is many times faster than sorting places by a comparison.
 *
 * @param count at most 2^21
 */
export function orderOf(values: Float32Array, count: number): Uint32Array {
  const packed = new Float64Array(count)
  for (let i = 0; i < count; i++) packed[i] = orderedKey(values[i]!) * 2097152 + i
  packed.sort()
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = packed[i]! % 2097152
  return order
}

/** Counters per bin, all 2^BIN_BITS long. */
export interface Bins {
  good: Float64Array
  bad: Float64Array
  share: Float64Array
  /** First value seen in the bin. */
  first: Float32Array
  /** 0 empty, 1 one value, 2 several values. */
  state: Uint8Array
}

/**
 * Adds pixels to their bins. The bin is taken from the distance to `centre`, so that bins are finest where most
 * scores lie, whatever offset and scale the scores have.
 *
 * @param values scores
 * @param region per pixel 0 = good, else the number of its defect region
 * @param shares per region number 1 / (size of the region); shares[0] = 0
 */
export function addToBins(
  values: Float32Array,
  region: Int32Array,
  shares: Float64Array,
  count: number,
  centre: number,
  bins: Bins,
): void {
  const { good, bad, share, first, state } = bins
  for (let i = 0; i < count; i++) {
    const v = values[i]!
    float[0] = v - centre + 0
    const b = bits[0]!
    const bin = ((b & 0x80000000) !== 0 ? ~b >>> 0 : (b | 0x80000000) >>> 0) >>> SHIFT
    const r = region[i]!
    if (r === 0) good[bin]!++
    else {
      bad[bin]!++
      share[bin]! += shares[r]!
    }
    if (state[bin] === 0) {
      state[bin] = 1
      first[bin] = v
    } else if (first[bin] !== v) state[bin] = 2
  }
}

/** Pixels at or above `threshold`: [on defects, elsewhere], added to `out`. */
export function countAbove(
  values: Float32Array,
  region: Int32Array,
  count: number,
  threshold: number,
  out: Float64Array,
): void {
  let hits = 0
  let false_ = 0
  for (let i = 0; i < count; i++) {
    if (!(values[i]! >= threshold)) continue
    if (region[i] === 0) false_++
    else hits++
  }
  out[0]! += hits
  out[1]! += false_
}

/** Highest value inside each region, by region number; `peaks[0]` is left alone. */
export function regionPeaks(
  values: Float32Array,
  region: Int32Array,
  count: number,
  peaks: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const r = region[i]!
    if (r !== 0 && values[i]! > peaks[r]!) peaks[r] = values[i]!
  }
}

/**
 * A score map stretched over an image, bilinear between cell centres, border cells repeated (as
 * `interpolate(align_corners=False)` of PyTorch). The pixel (x, y) reads the map at
 * (m[0]·x + m[1]·y + m[2], m[3]·x + m[4]·y + m[5]), in index coordinates of the map.
 */
export function stretchMap(
  map: Float32Array,
  mapWidth: number,
  mapHeight: number,
  m: readonly number[],
  width: number,
  height: number,
  out: Float32Array,
): void {
  const maxU = mapWidth - 1
  const maxV = mapHeight - 1
  const stepU = m[0]!
  const stepV = m[3]!
  for (let y = 0, o = 0; y < height; y++) {
    const fromU = m[1]! * y + m[2]!
    const fromV = m[4]! * y + m[5]!
    for (let x = 0; x < width; x++, o++) {
      // Not summed up step by step: the same pixel of any image reads exactly the same place.
      const u0 = fromU + stepU * x
      const v0 = fromV + stepV * x
      const u = u0 < 0 ? 0 : u0 > maxU ? maxU : u0
      const v = v0 < 0 ? 0 : v0 > maxV ? maxV : v0
      const x0 = u | 0
      const y0 = v | 0
      const i = y0 * mapWidth + x0
      const right = x0 < maxU ? 1 : 0
      const down = y0 < maxV ? mapWidth : 0
      const fx = u - x0
      const top = map[i]! + fx * (map[i + right]! - map[i]!)
      const bottom = map[i + down]! + fx * (map[i + down + right]! - map[i + down]!)
      out[o] = top + (v - y0) * (bottom - top)
    }
  }
}
