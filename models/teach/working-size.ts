import type { Grid } from './embedding.ts'

/** How a working area is cut: columns x rows of equal tiles that overlap, px of the working area. */
export interface Tiles {
  columns: number
  rows: number
  widthPx: number
  heightPx: number
  /** Neighbours share so much; the last of a row or column more. */
  overlapPx: number
}

/** Working size of the images and the grid of patches over them. */
export interface WorkingSize {
  widthPx: number
  heightPx: number
  grid: Grid
  /** Absent: the backbone sees the image in one piece. */
  tiles?: Tiles | undefined
}
