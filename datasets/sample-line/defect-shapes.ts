import { BOARD_PX } from './design.ts'
import type { Ink, Point } from './raster.kernel.ts'
import type { SampleProduct } from './product.ts'
import type { Rng } from './rng.ts'

/** The six types of the DeepPCB data set, in the order of its type numbers 1..6. */
export const DEFECT_CLASSES = ['open', 'short', 'mousebite', 'spur', 'copper', 'pinhole'] as const
export type DefectClass = (typeof DEFECT_CLASSES)[number]

/** A line drawn with a round pen in or out of the copper; one point = a dot. Golden-template px. */
export interface Stroke {
  points: readonly Point[]
  widthPx: number
  ink: Ink
}

/** Plans one attempt; null when the random place does not suit. Whether it is a true defect is checked after. */
export type PlanDefect = (product: SampleProduct, rng: Rng) => Stroke[] | null

const dot = (x: number, y: number, radius: number, ink: Ink): Stroke => ({
  points: [[x, y]],
  widthPx: 2 * radius,
  ink,
})

const at = (map: Float32Array, x: number, y: number): number =>
  map[Math.round(y) * BOARD_PX + Math.round(x)] ?? 0

const inImage = (x: number, y: number, margin: number): boolean =>
  x >= margin && y >= margin && x < BOARD_PX - margin && y < BOARD_PX - margin

/** A hand-drawn looking line: the middle points wander off the straight way by `wander` px. */
function scratch(rng: Rng, a: Point, b: Point, wander: number): Point[] {
  const points: Point[] = [a]
  const middle = rng.int(1, 3)
  for (let n = 1; n <= middle; n++) {
    const t = n / (middle + 1)
    points.push([
      a[0] + (b[0] - a[0]) * t + rng.range(-wander, wander),
      a[1] + (b[1] - a[1]) * t + rng.range(-wander, wander),
    ])
  }
  points.push(b)
  return points
}

/** Unit vector from copper to substrate at an edge pixel, by the gradient of the signed distance; null on ridges. */
function outward(p: SampleProduct, x: number, y: number): Point | null {
  const s = (u: number, v: number): number => at(p.clearance, u, v) - at(p.depth, u, v)
  const gx = s(x + 2, y) - s(x - 2, y)
  const gy = s(x, y + 2) - s(x, y - 2)
  const len = Math.sqrt(gx * gx + gy * gy)
  return len < 1.5 ? null : [gx / len, gy / len]
}

/** A random copper pixel at the border of copper. */
function edge(p: SampleProduct, rng: Rng): { x: number; y: number; n: Point } | null {
  for (let attempt = 0; attempt < 400; attempt++) {
    const x = rng.int(24, BOARD_PX - 25)
    const y = rng.int(24, BOARD_PX - 25)
    const away = at(p.clearance, x, y)
    const inside = at(p.depth, x, y)
    if (away > 14 || inside > 14) continue
    const dir = outward(p, x, y)
    if (!dir) continue
    // Walk to the outline along the gradient.
    const step = away > 0 ? -away : inside - 1
    const ex = Math.round(x + dir[0] * step)
    const ey = Math.round(y + dir[1] * step)
    if (!inImage(ex, ey, 20)) continue
    if (at(p.depth, ex, ey) === 0 || at(p.depth, ex, ey) > 2) continue
    const n = outward(p, ex, ey)
    if (n) return { x: ex, y: ey, n }
  }
  return null
}

/** Steps along (dx, dy) while `map` stays above `floor`; at most `limit` px. */
function reach(map: Float32Array, x: number, y: number, d: Point, limit: number): number {
  let n = 1
  while (n < limit) {
    const px = x + d[0] * n
    const py = y + d[1] * n
    if (!inImage(px, py, 2) || at(map, px, py) <= 0) break
    n++
  }
  return n
}

/** Cuts an exposed trace from side to side, somewhere away from its ends. */
const open: PlanDefect = (p, rng) => {
  const trace = rng.pick(p.design.traces)
  const k = rng.int(1, trace.points.length - 1)
  const a = trace.points[k - 1]
  const b = trace.points[k]
  if (!a || !b) return null
  const dx = b[0] - a[0]
  const dy = b[1] - a[1]
  const len = Math.sqrt(dx * dx + dy * dy)
  const half = trace.widthPx / 2
  if (len < 2 * half + 12) return null
  const t = rng.range(half + 6, len - half - 6) / len
  const x = a[0] + dx * t
  const y = a[1] + dy * t
  if (!inImage(x, y, 24 + half)) return null
  // Inside a pour or pad the trace has no sides to cut.
  if (Math.abs(at(p.depth, x, y) - half) > 1.6) return null
  const slant = rng.range(-0.5, 0.5)
  const ux = -dy / len + (dx / len) * slant
  const uy = dx / len + (dy / len) * slant
  const over = half + rng.range(1.5, 3)
  const from: Point = [x - ux * over, y - uy * over]
  const to: Point = [x + ux * over, y + uy * over]
  const points = scratch(rng, from, to, Math.min(4, half / 2))
  return [{ points, widthPx: rng.range(4.5, 11 + half / 2), ink: 'cut' }]
}

/** Bridges the gap between two conductors. */
const short: PlanDefect = (p, rng) => {
  const e = edge(p, rng)
  if (!e) return null
  const gap = reach(p.clearance, e.x + e.n[0], e.y + e.n[1], e.n, 58) + 1
  const tx = e.x + e.n[0] * (gap + 1.5)
  const ty = e.y + e.n[1] * (gap + 1.5)
  if (gap > 55 || !inImage(tx, ty, 16)) return null
  const other = p.nets[Math.round(ty) * BOARD_PX + Math.round(tx)] ?? 0
  const own = p.nets[e.y * BOARD_PX + e.x] ?? 0
  if (other === 0 || own === 0 || other === own) return null
  const points = scratch(rng, [e.x - e.n[0] * 2, e.y - e.n[1] * 2], [tx, ty], Math.min(3, gap / 6))
  return [{ points, widthPx: rng.range(4, 11), ink: 'add' }]
}

/** Eats into the edge of a conductor without cutting it. */
const mousebite: PlanDefect = (p, rng) => {
  const e = edge(p, rng)
  if (!e) return null
  const width = reach(p.depth, e.x, e.y, [-e.n[0], -e.n[1]], 60)
  if (width < 7) return null
  const deep = Math.min(rng.range(5, 16), width * rng.range(0.42, 0.66))
  if (deep < 3) return null
  const bites = rng.int(2, 4)
  let along = -rng.range(0, 3)
  const strokes: Stroke[] = []
  for (let n = 0; n < bites; n++) {
    const r = rng.range(0.3, 0.5) * deep + 0.8
    const inward = Math.max(0, deep - r) * rng.range(0.75, 1)
    strokes.push(
      dot(e.x - e.n[0] * inward - e.n[1] * along, e.y - e.n[1] * inward + e.n[0] * along, r, 'cut'),
      // A second dot at the outline keeps the bite open to the substrate.
      dot(e.x - e.n[1] * along, e.y + e.n[0] * along, r, 'cut'),
    )
    along += r * rng.range(0.8, 1.4)
  }
  return strokes
}

/** A thorn of copper that reaches into the substrate and touches nothing else. */
const spur: PlanDefect = (p, rng) => {
  const e = edge(p, rng)
  if (!e) return null
  const gap = reach(p.clearance, e.x + e.n[0], e.y + e.n[1], e.n, 60)
  const longest = Math.min(26, gap - 4)
  if (longest < 5) return null
  const long = rng.range(5, longest)
  const side = rng.range(-0.5, 0.5) * long
  const tip: Point = [e.x + e.n[0] * long - e.n[1] * side, e.y + e.n[1] * long + e.n[0] * side]
  const thick = rng.range(4.5, 10)
  const points = scratch(rng, [e.x - e.n[0], e.y - e.n[1]], tip, long / 8)
  return [{ points, widthPx: thick * 0.7, ink: 'add' }, dot(e.x, e.y, thick / 2, 'add')]
}

/** A blot along a short crooked line, wholly inside `room` with `slack` px to spare. */
function blot(room: Float32Array, rng: Rng, ink: Ink, slack: number): Stroke[] | null {
  const x = rng.int(26, BOARD_PX - 27)
  const y = rng.int(26, BOARD_PX - 27)
  const free = at(room, x, y) - slack
  if (free < 2) return null
  const thick = Math.min(rng.range(4, 11), 2 * free)
  const long = Math.min(rng.range(3, 26), 2 * (free - thick / 2) + 2)
  const ux = rng.range(-1, 1)
  const uy = rng.range(-1, 1)
  const norm = Math.max(0.3, Math.sqrt(ux * ux + uy * uy))
  const a: Point = [x - (ux / norm) * (long / 2), y - (uy / norm) * (long / 2)]
  const b: Point = [x + (ux / norm) * (long / 2), y + (uy / norm) * (long / 2)]
  const line = scratch(rng, a, b, Math.min(3, long / 3))
  for (const [px, py] of line) if (at(room, px, py) < thick / 2 + slack) return null
  const strokes: Stroke[] = [{ points: line, widthPx: thick, ink }]
  const r = thick * 0.6
  if (rng.chance(0.5) && at(room, b[0], b[1]) > r + slack) strokes.push(dot(b[0], b[1], r, ink))
  return strokes
}

const copper: PlanDefect = (p, rng) => blot(p.clearance, rng, 'add', 3)
const pinhole: PlanDefect = (p, rng) => blot(p.depth, rng, 'cut', 2.5)

export const PLAN: Record<DefectClass, PlanDefect> = { open, short, mousebite, spur, copper, pinhole }
