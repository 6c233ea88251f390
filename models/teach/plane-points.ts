import type { Grid } from './embedding.ts'

/** Points to each side of a cell at which an image is compared with its template; halved where they take more bytes. */
const POINTS = 4
const MOST_BYTES = 524_288
/** Side of a point, px. */
export function pointPx({ width, height, stridePx }: Grid): number {
  let points = Math.min(POINTS, stridePx)
  while (points > 1 && width * height * 12 * points ** 2 > MOST_BYTES) points /= 2
  return stridePx / points
}

/** Numbers of a cell: each point of it in three colours. */
export const planeNumbers = (grid: Grid): number => 3 * (grid.stridePx / pointPx(grid)) ** 2
