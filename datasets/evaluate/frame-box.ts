import type { Box, Registration } from '../../contracts/index.ts'

/**
 * A box of the part frame as it lies on the tested image: bounds of its four corners after the registration, which
 * turns about the image centre and then shifts.
 */
export function intoFrame(box: Box, r: Registration | null, widthPx: number, heightPx: number): Box {
  if (!r) return box
  const cos = Math.cos(r.angleRad)
  const sin = Math.sin(r.angleRad)
  const cx = widthPx / 2
  const cy = heightPx / 2
  const corners = [
    [box[0], box[1]],
    [box[2], box[1]],
    [box[0], box[3]],
    [box[2], box[3]],
  ].map(([x = 0, y = 0]) => [
    cos * (x - cx) - sin * (y - cy) + cx + r.dxPx,
    sin * (x - cx) + cos * (y - cy) + cy + r.dyPx,
  ])
  const xs = corners.map((c) => c[0] ?? 0)
  const ys = corners.map((c) => c[1] ?? 0)
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
}
