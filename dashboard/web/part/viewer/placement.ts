import type { Registration } from '../../api/types.ts'

/** Affine map as canvas wants it: x' = a·x + c·y + e, y' = b·x + d·y + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

/** Part frame → image frame: rotate by angleRad about the image centre, then shift (contracts `Registration`). */
export function partToImage(r: Registration | null, widthPx: number, heightPx: number): Affine {
  if (!r) return [1, 0, 0, 1, 0, 0]
  const cos = Math.cos(r.angleRad)
  const sin = Math.sin(r.angleRad)
  const cx = widthPx / 2
  const cy = heightPx / 2
  return [cos, sin, -sin, cos, cx - cos * cx + sin * cy + r.dxPx, cy - sin * cx - cos * cy + r.dyPx]
}

/** Inverse of a rigid map: how the image must be laid so that its content lies in the part frame. */
export function inverse([a, b, c, d, e, f]: Affine): Affine {
  return [a, c, b, d, -(a * e + b * f), -(c * e + d * f)]
}

export const apply = ([a, b, c, d, e, f]: Affine, x: number, y: number): { x: number; y: number } => ({
  x: a * x + c * y + e,
  y: b * x + d * y + f,
})
