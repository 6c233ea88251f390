/** Rotate by `angle` about the image centre, then shift: template to frame. */
export interface RigidFit {
  dx: number
  dy: number
  angle: number
}

interface Point {
  x: number
  y: number
}

interface Size {
  widthPx: number
  heightPx: number
}

/** Where the motion takes a template point; index coordinates (the centre of pixel 0 is 0). */
export function moved(fit: RigidFit, p: Point, size: Size): Point {
  const cx = (size.widthPx - 1) / 2
  const cy = (size.heightPx - 1) / 2
  const cos = Math.cos(fit.angle)
  const sin = Math.sin(fit.angle)
  const x = p.x - cx
  const y = p.y - cy
  return { x: cos * x - sin * y + cx + fit.dx, y: sin * x + cos * y + cy + fit.dy }
}

/**
 * Least-squares rigid motion between matched points (Umeyama 1991 without scale; in the plane the angle is
 * atan2 of the summed cross and dot products about the centroids).
 *
 * @param from template points, at least one
 * @param to   frame points, as many
 * @param turns false fits the translation alone
 */
export function fitRigid(from: readonly Point[], to: readonly Point[], size: Size, turns: boolean): RigidFit {
  const n = from.length
  const mean = (points: readonly Point[]): Point => ({
    x: points.reduce((s, p) => s + p.x, 0) / n,
    y: points.reduce((s, p) => s + p.y, 0) / n,
  })
  const a = mean(from)
  const b = mean(to)
  let dot = 0
  let cross = 0
  from.forEach((p, i) => {
    const q = to[i] ?? b
    dot += (p.x - a.x) * (q.x - b.x) + (p.y - a.y) * (q.y - b.y)
    cross += (p.x - a.x) * (q.y - b.y) - (p.y - a.y) * (q.x - b.x)
  })
  const angle = turns && n > 1 ? Math.atan2(cross, dot) : 0
  const turned = moved({ dx: 0, dy: 0, angle }, a, size)
  return { dx: b.x - turned.x, dy: b.y - turned.y, angle }
}

/** Root mean square distance of the matched points from the fit, px. */
export function residualPx(fit: RigidFit, from: readonly Point[], to: readonly Point[], size: Size): number {
  const squares = from.map((p, i) => {
    const q = moved(fit, p, size)
    const t = to[i] ?? q
    return (q.x - t.x) ** 2 + (q.y - t.y) ** 2
  })
  return Math.sqrt(squares.reduce((s, v) => s + v, 0) / from.length)
}
