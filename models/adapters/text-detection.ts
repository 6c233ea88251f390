import type { Box, FamilySpec } from '../../contracts/index.ts'
import type { Geometry } from '../input/geometry.ts'
import { convexHull, meanInRect, minAreaRect } from '../kernels/min-area-rect.kernel.ts'
import type { Adapter, ModelFinding, TextRectangle } from './adapter.ts'
import { byScore, readMap } from './anomaly-map.ts'
import { cellsOverImage, cutPlane, mapRegions } from './cells.ts'
import type { Cells, MapRegion } from './cells.ts'
import { elementwiseDifference } from './elementwise.ts'

type Spec = Extract<FamilySpec, { family: 'text-detection' }>

/**
 * Lines of text from the probability map of differentiable binarisation (Liao et al. 2020; PaddleOCR
 * `DBPostProcess.boxes_from_bitmap`): regions above the map threshold, smallest turned rectangle, mean probability
 * inside it as the score, and the rectangle grown by area x unclip / perimeter on every side, which is what
 * PaddleOCR's polygon offset gives for a rectangle.
 */
export function textDetection(spec: Spec): Adapter {
  return {
    outputs: { [spec.map]: 'float32' },
    difference: elementwiseDifference,
    decode(raw, { labels, thresholds, maxFindings, geometry }) {
      const { plane, width, height } = readMap(spec.map, raw)
      const cells = cellsOverImage(geometry, width, height)
      const values = cutPlane(plane, width, cells)
      const { regions, labels: numbers } = mapRegions(values, cells, spec.mapThreshold, geometry)
      const rect = new Float64Array(5)
      const findings: ModelFinding[] = []
      for (const region of regions) {
        rectangleAround(numbers, cells.width, region, rect)
        const [, , w = 0, h = 0] = rect
        if (Math.min(w, h) < spec.minSidePx) continue
        const score = meanInRect(values, cells.width, cells.height, rect)
        if (score < (thresholds[0] ?? Infinity)) continue
        const grow = (w * h * spec.unclip) / (2 * (w + h))
        rect[2] = w + 2 * grow
        rect[3] = h + 2 * grow
        const rectangle = toImage(rect, cells, geometry)
        const box = boxAround(rectangle, geometry)
        findings.push({
          class: labels[0] ?? '',
          score,
          box,
          areaPx: rectangle.widthPx * rectangle.heightPx,
          rectangle,
        })
      }
      findings.sort(byScore)
      return { findings: findings.slice(0, maxFindings), scores: { count: findings.length } }
    },
  }
}

/** Smallest turned rectangle around the cell centres of a region. */
function rectangleAround(numbers: Uint32Array, width: number, region: MapRegion, rect: Float64Array): void {
  const [x1, y1, x2, y2] = region.cells
  const points = new Float64Array(4 * (x2 - x1))
  let count = 0
  for (let x = x1; x < x2; x++) {
    let top = -1
    let bottom = -1
    for (let y = y1; y < y2; y++) {
      if (numbers[y * width + x] !== region.number) continue
      if (top < 0) top = y
      bottom = y
    }
    if (top < 0) continue
    points.set([x, top], 2 * count++)
    if (bottom > top) points.set([x, bottom], 2 * count++)
  }
  const hull = new Float64Array(4 * count + 4)
  minAreaRect(hull, convexHull(points, count, hull), rect)
}

/** From cells over the image to px of the image; the scales of x and y differ by rounding only. */
function toImage(
  rect: Float64Array,
  cells: Cells,
  { image, content, leftPx, topPx }: Geometry,
): TextRectangle {
  const [cx = 0, cy = 0, w = 0, h = 0, angleRad = 0] = rect
  const sx = (cells.cellWidthPx * image.widthPx) / content.widthPx
  const sy = (cells.cellHeightPx * image.heightPx) / content.heightPx
  const scale = Math.sqrt(sx * sy)
  return {
    cx: (cells.x + cx + 0.5 - leftPx / cells.cellWidthPx) * sx,
    cy: (cells.y + cy + 0.5 - topPx / cells.cellHeightPx) * sy,
    widthPx: w * scale,
    heightPx: h * scale,
    angleRad,
  }
}

function boxAround({ cx, cy, widthPx, heightPx, angleRad }: TextRectangle, { image }: Geometry): Box {
  const dx = (Math.abs(widthPx * Math.cos(angleRad)) + Math.abs(heightPx * Math.sin(angleRad))) / 2
  const dy = (Math.abs(widthPx * Math.sin(angleRad)) + Math.abs(heightPx * Math.cos(angleRad))) / 2
  const inside = (v: number, size: number): number => Math.min(Math.max(v, 0), size)
  return [
    inside(cx - dx, image.widthPx),
    inside(cy - dy, image.heightPx),
    inside(cx + dx, image.widthPx),
    inside(cy + dy, image.heightPx),
  ]
}
