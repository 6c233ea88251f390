import { coverage, type LabelledRegion } from './region-labels.ts'

/** Per cell: 0 = background, n = class n - 1, -1 = on an edge, neither one nor the other. */
export type CellLabels = Int16Array

/** Covered by at least this much, a cell belongs to the region; by less than `FREE`, it does not. */
const OWNED = 0.5
const FREE = 0.1
/**
 * A region narrower than a cell owns the cells it covers nearly as well as its best one, or as the best one around where a
 * line of half a cell crosses it: a mask may mark a hairline and, elsewhere, a large spot, and a stray pixel is neither.
 */
const NEARLY = 0.7
const CROSSED = 0.5

/** What each cell of a grid over an image is, by the regions labelled in it; the smaller region lies on top. */
export function cellLabels(
  regions: readonly LabelledRegion[],
  classes: readonly string[],
  image: { widthPx: number; heightPx: number },
  grid: { width: number; height: number },
): CellLabels {
  const cells = grid.width * grid.height
  const labels = new Int16Array(cells)
  // Share of a cell that a line of one pixel covers on half of its longer side.
  const [cellX, cellY] = [image.widthPx / grid.width, image.heightPx / grid.height]
  const line = (CROSSED * Math.max(cellX, cellY)) / (cellX * cellY)
  const shares = regions.map((region) => {
    const share = coverage(region, image, grid)
    return { region, share, total: share.reduce((a, b) => a + b, 0) }
  })
  for (const { region, share, total } of shares.toSorted((a, b) => b.total - a.total)) {
    if (total === 0) continue
    const label = 1 + classes.indexOf(region.class)
    const top = share.reduce((a, b) => Math.max(a, b), 0)
    for (let i = 0; i < cells; i++) {
      const v = share[i] ?? 0
      if (v === 0) continue
      const best = v >= line ? mostAround(share, grid.width, i) : top
      if (v >= Math.min(OWNED, NEARLY * best)) labels[i] = label
      else if (v >= FREE && labels[i] === 0) labels[i] = -1
    }
  }
  return labels
}

/** Greatest share of a cell and its eight neighbours. */
function mostAround(share: Float32Array, width: number, cell: number): number {
  const column = cell % width
  let most = 0
  for (let c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c++)
    for (const row of [cell - width, cell, cell + width]) most = Math.max(most, share[row - column + c] ?? 0)
  return most
}
