/**
 * Connected regions (8-neighbourhood) of cells with value >= `low`, by flood fill with an explicit stack.
 *
 * @param map     HW, raw scores; read only
 * @param regions overwritten, 6 numbers per region: x1, y1, x2, y2 (cells, half-open), cell count, peak value
 * @param labels  HW, zeroed by the caller, overwritten: number of the region from 1, 0 = none
 * @param stack   HW, scratch
 * @returns number of regions found; those beyond the capacity of `regions` are counted but not written
 */
export function regionsAbove(
  map: Float32Array,
  width: number,
  height: number,
  low: number,
  regions: Float64Array,
  labels: Uint32Array,
  stack: Uint32Array,
): number {
  let count = 0
  for (let start = 0; start < width * height; start++) {
    if (labels[start] !== 0 || !(map[start]! >= low)) continue
    let x1 = width
    let y1 = height
    let x2 = 0
    let y2 = 0
    let cells = 0
    let peak = -Infinity
    let top = 0
    stack[top++] = start
    labels[start] = count + 1
    while (top > 0) {
      const at = stack[--top]!
      const y = Math.floor(at / width)
      const x = at - y * width
      cells++
      if (map[at]! > peak) peak = map[at]!
      if (x < x1) x1 = x
      if (x + 1 > x2) x2 = x + 1
      if (y < y1) y1 = y
      if (y + 1 > y2) y2 = y + 1
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx
          if (labels[next] === 0 && map[next]! >= low) {
            labels[next] = count + 1
            stack[top++] = next
          }
        }
      }
    }
    const r = count * 6
    if (r + 6 <= regions.length) {
      regions[r] = x1
      regions[r + 1] = y1
      regions[r + 2] = x2
      regions[r + 3] = y2
      regions[r + 4] = cells
      regions[r + 5] = peak
    }
    count++
  }
  return count
}
