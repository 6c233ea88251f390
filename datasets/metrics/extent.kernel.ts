/**
 * Least and greatest of any number of values; `Math.min(...values)` ends at some 120,000.
 *
 * @returns [Infinity, -Infinity] of none
 */
export function extent(values: Iterable<number>): [least: number, most: number] {
  let least = Infinity
  let most = -Infinity
  for (const v of values) {
    if (v < least) least = v
    if (v > most) most = v
  }
  return [least, most]
}
