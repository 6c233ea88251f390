import type { Box } from '../../contracts/index.ts'
import type { Pixels } from '../pixels.ts'

/** One labelled region of an image, px of the image. */
export interface LabelledRegion {
  class: string
  /** A box counts as a region as a whole, though much of it may be background. */
  shape: { box: Box } | { polygons: readonly (readonly number[])[] } | { mask: Pixels }
}

/** Rows of points in a cell at which an outline is looked up, at least; one for each pixel there. */
const ROWS = 4

interface Grid {
  width: number
  height: number
}

/**
 * Share of each cell of a grid over an image that a region covers. Cells may be many pixels wide, and a crack one: every
 * pixel of a mask counts, and an outline that encloses none covers what its line crosses.
 *
 * @returns [height × width], 0..1
 */
export function coverage(
  { shape }: LabelledRegion,
  image: { widthPx: number; heightPx: number },
  grid: Grid,
): Float32Array {
  if ('mask' in shape) return Float32Array.from(ofMask(shape.mask, grid))
  const cellX = image.widthPx / grid.width
  const cellY = image.heightPx / grid.height
  if ('box' in shape) {
    const [x1, y1, x2, y2] = shape.box
    const out = new Float32Array(grid.width * grid.height)
    for (let r = 0; r < grid.height; r++)
      for (let c = 0; c < grid.width; c++)
        out[r * grid.width + c] = overlap(x1, x2, c * cellX, cellX) * overlap(y1, y2, r * cellY, cellY)
    return out
  }
  // Of several outlines of one region those that enclose nothing count as well.
  const { filled, thin } = ofPolygons(shape.polygons, grid, cellX, cellY)
  const lines = ofOutlines(thin, grid, cellX, cellY)
  return Float32Array.from(filled, (v, i) => Math.min(1, v + (lines[i] ?? 0)))
}

const overlap = (from: number, to: number, start: number, size: number): number =>
  Math.max(0, Math.min(to, start + size) - Math.max(from, start)) / size

/** Adds the share of each cell of a row that lies from `x1` to `x2`, times `height`. */
function addSpan(
  out: Float64Array,
  row: number,
  x1: number,
  x2: number,
  cellX: number,
  { width }: Grid,
  height: number,
): void {
  const last = Math.min(width - 1, Math.floor(x2 / cellX))
  for (let c = Math.max(0, Math.floor(x1 / cellX)); c <= last; c++)
    out[row * width + c] = (out[row * width + c] ?? 0) + height * overlap(x1, x2, c * cellX, cellX)
}

function ofMask({ data, widthPx, heightPx, channels }: Pixels, grid: Grid): Float64Array {
  const out = new Float64Array(grid.width * grid.height)
  // Both lie over the whole image, which the mask may be smaller or larger than.
  const cellX = widthPx / grid.width
  const cellY = heightPx / grid.height
  for (let y = 0; y < heightPx; y++)
    for (let x = 0, from = -1; x <= widthPx; x++) {
      const marked = x < widthPx && (data[(y * widthPx + x) * channels] ?? 0) > 0
      if (marked && from < 0) from = x
      if (marked || from < 0) continue
      for (let r = Math.floor(y / cellY); r < grid.height && r * cellY < y + 1; r++)
        addSpan(out, r, from, x, cellX, grid, overlap(y, y + 1, r * cellY, cellY))
      from = -1
    }
  return out
}

type Polygons = readonly (readonly number[])[]

/**
 * Even-odd rule: a point is inside when a ray from it crosses the outline an odd number of times.
 *
 * @returns `thin`: those that enclose nothing
 */
function ofPolygons(
  polygons: Polygons,
  grid: Grid,
  cellX: number,
  cellY: number,
): { filled: Float64Array; thin: Polygons } {
  const filled = new Float64Array(grid.width * grid.height)
  const enclosing = new Set<readonly number[]>()
  const rows = Math.max(ROWS, Math.ceil(cellY))
  for (let n = 0; n < rows * grid.height; n++) {
    const y = ((n + 0.5) / rows) * cellY
    const spans = polygons.flatMap((p) => {
      const at = crossings(p, y)
      const own = at.flatMap((x, i): [number, number][] => (i % 2 === 1 ? [[at[i - 1] ?? x, x]] : []))
      if (own.some(([x1, x2]) => x2 > x1)) enclosing.add(p)
      return own
    })
    let reached = -Infinity
    for (const [x1, x2] of spans.sort((a, b) => a[0] - b[0])) {
      if (x2 > reached)
        addSpan(filled, Math.floor(n / rows), Math.max(x1, reached), x2, cellX, grid, 1 / rows)
      reached = Math.max(reached, x2)
    }
  }
  return { filled, thin: polygons.filter((p) => !enclosing.has(p)) }
}

/** Where the outline crosses the height `y`, rising. */
function crossings(p: readonly number[], y: number): number[] {
  const found: number[] = []
  for (let i = 0, j = p.length - 2; i < p.length; j = i, i += 2) {
    const [xi = 0, yi = 0, xj = 0, yj = 0] = [p[i], p[i + 1], p[j], p[j + 1]]
    if (yi > y !== yj > y) found.push(((xj - xi) * (y - yi)) / (yj - yi) + xi)
  }
  return found.sort((a, b) => a - b)
}

/** The lines themselves, 1 px wide: a crack may be drawn there and back, or between two pixels. */
function ofOutlines(polygons: Polygons, grid: Grid, cellX: number, cellY: number): Float64Array {
  const out = new Float64Array(grid.width * grid.height)
  for (const p of polygons)
    for (let i = 0, j = p.length - 2; i < p.length; j = i, i += 2) {
      const [xi = 0, yi = 0, xj = 0, yj = 0] = [p[i], p[i + 1], p[j], p[j + 1]]
      const steps = Math.max(1, Math.ceil(Math.hypot(xi - xj, yi - yj)))
      for (let s = 0; s < steps; s++) {
        const c = (xj + ((s + 0.5) / steps) * (xi - xj)) / cellX
        const r = (yj + ((s + 0.5) / steps) * (yi - yj)) / cellY
        if (c < 0 || r < 0 || c > grid.width || r > grid.height) continue
        // On the lower or right border of the image.
        const row = Math.min(grid.height - 1, Math.floor(r))
        const cell = row * grid.width + Math.min(grid.width - 1, Math.floor(c))
        out[cell] = Math.min(1, (out[cell] ?? 0) + 1 / (cellX * cellY))
      }
    }
  return out
}

/** The box around a region, px of the image, which a mask may be smaller or larger than. */
export function boundsOf(
  { shape }: LabelledRegion,
  image: { widthPx: number; heightPx: number },
): [number, number, number, number] {
  if ('box' in shape) return [...shape.box]
  if ('polygons' in shape) {
    const xs = shape.polygons.flatMap((p) => p.filter((_, i) => i % 2 === 0))
    const ys = shape.polygons.flatMap((p) => p.filter((_, i) => i % 2 === 1))
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
  }
  const { data, widthPx, heightPx, channels } = shape.mask
  let [x1, y1, x2, y2] = [Infinity, Infinity, 0, 0]
  for (let i = 0; i < data.length; i += channels) {
    if (data[i] === 0) continue
    const [x, y] = [(i / channels) % widthPx, Math.floor(i / channels / widthPx)]
    ;[x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)]
  }
  const [sx, sy] = [image.widthPx / widthPx, image.heightPx / heightPx]
  return x1 === Infinity ? [0, 0, 0, 0] : [x1 * sx, y1 * sy, x2 * sx, y2 * sy]
}
