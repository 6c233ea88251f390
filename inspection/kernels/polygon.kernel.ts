/**
 * Adds a polygon to a mask: pixels whose centre lies inside, even-odd rule.
 *
 * @param points x, y, x, y …; px, pixel (0, 0) covers [0, 1)
 * @param value  written inside
 * @param out    HW, overwritten only inside the polygon
 */
export function fillPolygon(
  points: Float64Array,
  width: number,
  height: number,
  value: number,
  out: Uint8Array,
): void {
  const n = points.length
  for (let y = 0; y < height; y++) {
    const cy = y + 0.5
    for (let x = 0; x < width; x++) {
      if (insidePolygon(points, n, x + 0.5, cy)) out[y * width + x] = value
    }
  }
}

/** Even-odd rule; `n` numbers of `points` are used. */
export function insidePolygon(points: Float64Array, n: number, x: number, y: number): boolean {
  let inside = false
  for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
    const yi = points[i + 1]!
    const yj = points[j + 1]!
    if (yi > y !== yj > y && x < ((points[j]! - points[i]!) * (y - yi)) / (yj - yi) + points[i]!) {
      inside = !inside
    }
  }
  return inside
}
