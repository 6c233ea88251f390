/**
 * How far each grey level lies outside the band [low, high]; with `low` and `high` the local minimum and maximum
 * of the golden template, an edge may move by their radius without counting.
 *
 * @param part HW, registered to the template; read only
 * @param low  HW
 * @param high HW
 * @param out  HW, overwritten: 0 inside the band
 */
export function bandDifference(part: Uint8Array, low: Uint8Array, high: Uint8Array, out: Uint8Array): void {
  for (let i = 0; i < out.length; i++) {
    const v = part[i]!
    const over = v - high[i]!
    const under = low[i]! - v
    out[i] = over > 0 ? over : under > 0 ? under : 0
  }
}
