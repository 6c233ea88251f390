/** One layer of ink, coverage 0..255 per pixel, HW. */
export interface Layer {
  data: Uint8Array
  widthPx: number
  heightPx: number
}

export type Point = readonly [number, number]

/** `add` puts ink on, `cut` takes it away. */
export type Ink = 'add' | 'cut'

export const layer = (widthPx: number, heightPx: number): Layer => ({
  data: new Uint8Array(widthPx * heightPx),
  widthPx,
  heightPx,
})

/** Coverage from signed distance (positive inside): a one pixel wide ramp centred on the outline. */
function put(out: Layer, index: number, inside: number, ink: Ink): void {
  if (inside <= -0.5) return
  const cover = inside >= 0.5 ? 255 : Math.round((inside + 0.5) * 255)
  const now = out.data[index]!
  if (ink === 'add') {
    if (cover > now) out.data[index] = cover
  } else if (255 - cover < now) out.data[index] = 255 - cover
}

/** Pixel centres lie at integer coordinates. */
export function fillDisc(out: Layer, cx: number, cy: number, radius: number, ink: Ink = 'add'): void {
  const x0 = Math.max(0, Math.floor(cx - radius - 1))
  const x1 = Math.min(out.widthPx - 1, Math.ceil(cx + radius + 1))
  const y0 = Math.max(0, Math.floor(cy - radius - 1))
  const y1 = Math.min(out.heightPx - 1, Math.ceil(cy + radius + 1))
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const d = Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy))
      put(out, y * out.widthPx + x, radius - d, ink)
    }
  }
}

/** Axis-parallel rectangle around (cx, cy) with rounded corners. */
export function fillRect(
  out: Layer,
  cx: number,
  cy: number,
  width: number,
  height: number,
  corner: number,
  ink: Ink = 'add',
): void {
  const hw = width / 2
  const hh = height / 2
  const r = Math.min(corner, hw, hh)
  const x0 = Math.max(0, Math.floor(cx - hw - 1))
  const x1 = Math.min(out.widthPx - 1, Math.ceil(cx + hw + 1))
  const y0 = Math.max(0, Math.floor(cy - hh - 1))
  const y1 = Math.min(out.heightPx - 1, Math.ceil(cy + hh + 1))
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const qx = Math.abs(x - cx) - hw + r
      const qy = Math.abs(y - cy) - hh + r
      const ox = Math.max(qx, 0)
      const oy = Math.max(qy, 0)
      const d = Math.sqrt(ox * ox + oy * oy) + Math.min(Math.max(qx, qy), 0) - r
      put(out, y * out.widthPx + x, -d, ink)
    }
  }
}

/** Straight line of the given width with round ends. */
function fillSegment(out: Layer, a: Point, b: Point, width: number, ink: Ink = 'add'): void {
  const half = width / 2
  const dx = b[0] - a[0]
  const dy = b[1] - a[1]
  const len2 = dx * dx + dy * dy
  if (len2 === 0) return fillDisc(out, a[0], a[1], half, ink)
  const len = Math.sqrt(len2)
  const reach = half + 1
  const y0 = Math.max(0, Math.floor(Math.min(a[1], b[1]) - reach))
  const y1 = Math.min(out.heightPx - 1, Math.ceil(Math.max(a[1], b[1]) + reach))
  const xMin = Math.max(0, Math.floor(Math.min(a[0], b[0]) - reach))
  const xMax = Math.min(out.widthPx - 1, Math.ceil(Math.max(a[0], b[0]) + reach))
  for (let y = y0; y <= y1; y++) {
    let x0 = xMin
    let x1 = xMax
    if (Math.abs(dy) > 0.5) {
      // The band |cross| ≤ reach·len limits x on this row: keeps long diagonals from costing their whole box.
      const mid = a[0] + ((y - a[1]) * dx) / dy
      const spread = (reach * len) / Math.abs(dy)
      x0 = Math.max(x0, Math.floor(mid - spread))
      x1 = Math.min(x1, Math.ceil(mid + spread))
    }
    for (let x = x0; x <= x1; x++) {
      const px = x - a[0]
      const py = y - a[1]
      const t = Math.min(1, Math.max(0, (px * dx + py * dy) / len2))
      const ex = px - t * dx
      const ey = py - t * dy
      put(out, y * out.widthPx + x, half - Math.sqrt(ex * ex + ey * ey), ink)
    }
  }
}

export function fillPolyline(out: Layer, points: readonly Point[], width: number, ink: Ink = 'add'): void {
  for (let n = 1; n < points.length; n++) fillSegment(out, points[n - 1]!, points[n]!, width, ink)
}
