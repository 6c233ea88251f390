/** Squared distances become the smaller of the two, element by element; where that is the other, `from` becomes `mark`. */
export function keepNearer(
  distance: Float32Array,
  other: Float32Array,
  from: Uint16Array,
  mark: number,
): void {
  for (let i = 0; i < distance.length; i++)
    if (other[i]! < distance[i]!) {
      distance[i] = other[i]!
      from[i] = mark
    }
}

/** Where the values are `wanted`. */
export function indicesOf(values: Uint16Array, wanted: number): number[] {
  const at: number[] = []
  for (let i = 0; i < values.length; i++) if (values[i] === wanted) at.push(i)
  return at
}

/** Indices of the `count` largest values, by falling value, ties by index. */
export function largestIndices(values: Float32Array, count: number): Uint32Array {
  // a histogram of the value's own bits finds the limit in one pass: floats >= 0 order like their bits
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const bins = new Uint32Array(65_536)
  for (let i = 0; i < bits.length; i++) bins[bits[i]! >>> 16]!++
  let limit = 65_535
  for (let above = 0; limit > 0; limit--) {
    above += bins[limit]!
    if (above >= count) break
  }
  const near: number[] = []
  for (let i = 0; i < bits.length; i++) if (bits[i]! >>> 16 >= limit) near.push(i)
  near.sort((a, b) => values[b]! - values[a]! || a - b)
  return Uint32Array.from(near.slice(0, count))
}

/** Coordinates that are compared before it is asked whether the rest can matter. */
const STRETCH = 16

/**
 * Farthest-first choice among the rows of `list`, stopped when the farthest is nearer than a bound.
 *
 * @param distance squared distance of every row to the members so far
 * @param most     at most so many
 * @param bound    squared distance below which no row is chosen; copies of a member never are
 * @returns indices of the chosen rows
 */
export function farthestFirst(
  rows: Float32Array,
  dims: number,
  distance: Float32Array,
  list: Uint32Array,
  most: number,
  bound: number,
): number[] {
  if (list.length === 0) return []
  const own = new Float64Array(list.length)
  for (let i = 0; i < list.length; i++) own[i] = distance[list[i]!]!
  const chosen: number[] = []
  while (chosen.length < most) {
    let best = 0
    for (let i = 1; i < own.length; i++) if (own[i]! > own[best]!) best = i
    const far = own[best]!
    if (far <= 0 || far < bound) break
    const at = list[best]! * dims
    chosen.push(list[best]!)
    for (let i = 0; i < own.length; i++) {
      if (own[i]! === 0) continue
      const from = list[i]! * dims
      const limit = own[i]!
      let sum = 0
      // most rows are seen to be too far by the first directions, the ones of largest variance
      for (let d = 0; d < dims && sum < limit;) {
        const end = Math.min(dims, d + STRETCH)
        for (; d < end; d++) {
          const difference = rows[from + d]! - rows[at + d]!
          sum += difference * difference
        }
      }
      if (sum < limit) own[i] = sum
    }
    own[best] = 0
  }
  return chosen
}
