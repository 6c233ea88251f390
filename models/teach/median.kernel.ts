/** Median absolute deviation of a normal distribution to its standard deviation (Hampel 1974). */
export const MAD_TO_SD = 1.4826

/**
 * Median over some arrays at each index: of an even number the mean of the middle two.
 *
 * @param arrays one or more, of one length; read only
 * @param sized  takes the values without their sign
 */
export function medians(arrays: readonly Float32Array[], sized: boolean): Float32Array<ArrayBuffer> {
  const count = arrays.length
  const out = new Float32Array(arrays[0]?.length ?? 0)
  const column = new Float32Array(count)
  const half = count >> 1
  for (let i = 0; i < out.length; i++) {
    for (let n = 0; n < count; n++) column[n] = sized ? Math.abs(arrays[n]![i]!) : arrays[n]![i]!
    const upper = selected(column, half)
    if (count % 2 === 1) {
      out[i] = upper
      continue
    }
    let lower = column[0]!
    for (let n = 1; n < half; n++) if (column[n]! > lower) lower = column[n]!
    out[i] = (lower + upper) / 2
  }
  return out
}

/** The value of a rank, by Hoare's selection: smaller ones come to lie before it. */
function selected(values: Float32Array, rank: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const pivot = values[(low + high) >> 1]!
    let i = low
    let j = high
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i > j) break
      const v = values[i]!
      values[i++] = values[j]!
      values[j--] = v
    }
    if (rank <= j) high = j
    else if (rank >= i) low = i
    else break
  }
  return values[rank]!
}
