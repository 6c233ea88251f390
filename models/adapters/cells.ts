import type { Box } from '../../contracts/index.ts'
import { boxToImage } from '../input/geometry.ts'
import type { Geometry } from '../input/geometry.ts'
import { regionsAbove } from '../kernels/regions.kernel.ts'

/** The part of a map over the model input that lies over the image, not over its margin; in cells of the whole map. */
export interface Cells {
  x: number
  y: number
  width: number
  height: number
  cellWidthPx: number
  cellHeightPx: number
  /** Area of a cell in px² of the image. */
  areaPx: number
}

export function cellsOverImage(
  { model, image, content, leftPx, topPx }: Geometry,
  width: number,
  height: number,
): Cells {
  const cellWidthPx = model.widthPx / width
  const cellHeightPx = model.heightPx / height
  const x = Math.max(0, Math.floor(leftPx / cellWidthPx))
  const y = Math.max(0, Math.floor(topPx / cellHeightPx))
  const right = Math.min(width, Math.ceil((leftPx + content.widthPx) / cellWidthPx))
  const bottom = Math.min(height, Math.ceil((topPx + content.heightPx) / cellHeightPx))
  return {
    x,
    y,
    width: right - x,
    height: bottom - y,
    cellWidthPx,
    cellHeightPx,
    areaPx:
      (cellWidthPx * cellHeightPx * image.widthPx * image.heightPx) / (content.widthPx * content.heightPx),
  }
}

/** The cells over the image of one plane `width` cells wide; the plane itself when that is all of it. */
export function cutPlane(plane: Float32Array, width: number, cells: Cells): Float32Array {
  if (cells.width * cells.height === plane.length) return plane
  const out = new Float32Array(cells.width * cells.height)
  for (let row = 0; row < cells.height; row++) {
    const from = (cells.y + row) * width + cells.x
    out.set(plane.subarray(from, from + cells.width), row * cells.width)
  }
  return out
}

export interface MapRegion {
  /** Highest value inside. */
  peak: number
  /** px of the image. */
  box: Box
  areaPx: number
  /** Number of the region in `labels`, from 1. */
  number: number
  /** x1, y1, x2, y2 in cells over the image, half-open. */
  cells: readonly [number, number, number, number]
}

/** Connected regions of values at or above `low`; `labels` says for each cell which region it belongs to, 0 = none. */
export function mapRegions(
  values: Float32Array,
  cells: Cells,
  low: number,
  geometry: Geometry,
): { regions: MapRegion[]; labels: Uint32Array } {
  const { width, height } = cells
  // regions touch neither by side nor by corner, so at most every second cell of every second row starts one
  const found = new Float64Array(6 * Math.ceil(width / 2) * Math.ceil(height / 2))
  const labels = new Uint32Array(width * height)
  const count = regionsAbove(values, width, height, low, found, labels, new Uint32Array(width * height))
  const regions: MapRegion[] = []
  for (let r = 0; r < count; r++) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, size = 0, peak = 0] = found.subarray(r * 6, r * 6 + 6)
    const box = boxToImage(
      geometry,
      (cells.x + x1) * cells.cellWidthPx,
      (cells.y + y1) * cells.cellHeightPx,
      (cells.x + x2) * cells.cellWidthPx,
      (cells.y + y2) * cells.cellHeightPx,
    )
    regions.push({ peak, box, areaPx: size * cells.areaPx, number: r + 1, cells: [x1, y1, x2, y2] })
  }
  return { regions, labels }
}
