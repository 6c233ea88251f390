/**
 * Convex hull by Andrew's monotone chain, counter-clockwise in x right, y up.
 *
 * @param points x, y pairs ordered by x, then y; `count` of them
 * @param hull   overwritten with x, y pairs; at least 4 · count + 4 numbers
 * @returns number of hull points
 */
export function convexHull(points: Float64Array, count: number, hull: Float64Array): number {
  let n = 0
  const add = (x: number, y: number, least: number): void => {
    while (n >= least) {
      const ax = hull[2 * n - 4]!
      const ay = hull[2 * n - 3]!
      const bx = hull[2 * n - 2]!
      const by = hull[2 * n - 1]!
      if ((bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0) break
      n--
    }
    hull[2 * n] = x
    hull[2 * n + 1] = y
    n++
  }
  for (let i = 0; i < count; i++) add(points[2 * i]!, points[2 * i + 1]!, 2)
  const lower = n + 1
  for (let i = count - 2; i >= 0; i--) add(points[2 * i]!, points[2 * i + 1]!, lower)
  return Math.max(1, n - 1)
}

/**
 * Smallest turned rectangle around a convex polygon: one side lies on an edge of the hull (Freeman, Shapira 1975).
 *
 * @param rect overwritten: centre x, y, width along the angle, height, angle in radians in (-π/4, π/4]
 */
export function minAreaRect(hull: Float64Array, count: number, rect: Float64Array): void {
  let least = Infinity
  for (let i = 0; i < count; i++) {
    const j = (i + 1) % count
    const ex = hull[2 * j]! - hull[2 * i]!
    const ey = hull[2 * j + 1]! - hull[2 * i + 1]!
    let angle = count > 1 ? Math.atan2(ey, ex) : 0
    while (angle > Math.PI / 4) angle -= Math.PI / 2
    while (angle <= -Math.PI / 4) angle += Math.PI / 2
    const cos = Math.cos(angle)
    const sin = Math.sin(angle)
    let u1 = Infinity
    let u2 = -Infinity
    let v1 = Infinity
    let v2 = -Infinity
    for (let k = 0; k < count; k++) {
      const u = hull[2 * k]! * cos + hull[2 * k + 1]! * sin
      const v = hull[2 * k + 1]! * cos - hull[2 * k]! * sin
      if (u < u1) u1 = u
      if (u > u2) u2 = u
      if (v < v1) v1 = v
      if (v > v2) v2 = v
    }
    const area = (u2 - u1) * (v2 - v1)
    if (area >= least) continue
    least = area
    const u = (u1 + u2) / 2
    const v = (v1 + v2) / 2
    rect[0] = u * cos - v * sin
    rect[1] = u * sin + v * cos
    rect[2] = u2 - u1
    rect[3] = v2 - v1
    rect[4] = angle
  }
}

/**
 * Mean of a map over the cells whose centre lies in a turned rectangle; 0 when there is none.
 *
 * @param map HW; cell (x, y) has its centre at (x, y)
 */
export function meanInRect(map: Float32Array, width: number, height: number, rect: Float64Array): number {
  const cos = Math.cos(rect[4]!)
  const sin = Math.sin(rect[4]!)
  const halfW = rect[2]! / 2
  const halfH = rect[3]! / 2
  const reachX = Math.abs(halfW * cos) + Math.abs(halfH * sin)
  const reachY = Math.abs(halfW * sin) + Math.abs(halfH * cos)
  let sum = 0
  let n = 0
  for (let y = Math.max(0, Math.ceil(rect[1]! - reachY)); y <= Math.min(height - 1, rect[1]! + reachY); y++) {
    for (
      let x = Math.max(0, Math.ceil(rect[0]! - reachX));
      x <= Math.min(width - 1, rect[0]! + reachX);
      x++
    ) {
      const dx = x - rect[0]!
      const dy = y - rect[1]!
      if (Math.abs(dx * cos + dy * sin) > halfW + 1e-9 || Math.abs(dy * cos - dx * sin) > halfH + 1e-9)
        continue
      sum += map[y * width + x]!
      n++
    }
  }
  return n === 0 ? 0 : sum / n
}
