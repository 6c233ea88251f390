import type { Box } from '../../contracts/index.ts'
import type { Pixels } from '../pixels.ts'

/** One labelled region of an image, px of the image. */
export interface LabelledRegion {
  class: string
  /** A box counts as a region as a whole, though much of it may be background. */
  shape: { box: Box } | { polygons: readonly (readonly number[])[] } | { mask: Pixels }
}

/** Points along each side of a cell at which a region is looked up; of a mask as many as it has pixels there. */
const POINTS = 4
const MOST_POINTS = 16

/**
 * Share of each cell of a grid over an image that a region covers.
 *
 * @returns [height × width], 0..1
 */
export function coverage(
  { shape }: LabelledRegion,
  image: { widthPx: number; heightPx: number },
  grid: { width: number; height: number },
): Float32Array {
  const cellX = image.widthPx / grid.width
  const cellY = image.heightPx / grid.height
  const out = new Float32Array(grid.width * grid.height)
  if ('box' in shape) {
    const [x1, y1, x2, y2] = shape.box
    for (let r = 0; r < grid.height; r++)
      for (let c = 0; c < grid.width; c++)
        out[r * grid.width + c] = overlap(x1, x2, c * cellX, cellX) * overlap(y1, y2, r * cellY, cellY)
    return out
  }
  const inside = 'mask' in shape ? ofMask(shape.mask, image) : ofPolygons(shape.polygons)
  const across = Math.min(MOST_POINTS, Math.max(POINTS, Math.ceil(cellX)))
  const down = Math.min(MOST_POINTS, Math.max(POINTS, Math.ceil(cellY)))
  for (let r = 0; r < grid.height; r++)
    for (let c = 0; c < grid.width; c++) {
      let hits = 0
      for (let j = 0; j < down; j++)
        for (let i = 0; i < across; i++)
          if (inside((c + (i + 0.5) / across) * cellX, (r + (j + 0.5) / down) * cellY)) hits++
      out[r * grid.width + c] = hits / (across * down)
    }
  return out
}

const overlap = (from: number, to: number, start: number, size: number): number =>
  Math.max(0, Math.min(to, start + size) - Math.max(from, start)) / size

function ofMask(mask: Pixels, image: { widthPx: number; heightPx: number }) {
  const { data, widthPx, heightPx, channels } = mask
  return (x: number, y: number): boolean => {
    const px = Math.min(widthPx - 1, Math.floor((x * widthPx) / image.widthPx))
    const py = Math.min(heightPx - 1, Math.floor((y * heightPx) / image.heightPx))
    return (data[(py * widthPx + px) * channels] ?? 0) > 0
  }
}

/** Even-odd rule: a point is inside when a ray from it crosses the outline an odd number of times. */
const ofPolygons =
  (polygons: readonly (readonly number[])[]) =>
  (x: number, y: number): boolean =>
    polygons.some((p) => {
      let odd = false
      for (let i = 0, j = p.length - 2; i < p.length; j = i, i += 2) {
        const [xi = 0, yi = 0, xj = 0, yj = 0] = [p[i], p[i + 1], p[j], p[j + 1]]
        if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd
      }
      return odd
    })

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
