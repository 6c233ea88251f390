import { cellLabels, type CellLabels } from './cell-labels.ts'
import type { PatchSet } from './patch-set.ts'
import type { Pictures } from './pictures.ts'
import { boundsOf, type LabelledRegion } from './region-labels.ts'

/**
 * Share of a box, about its middle, whose patches speak for it; those nearer to its border see too little of the other
 * side (Tian et al. 2019, "FCOS", centre sampling).
 */
const MIDDLE = 0.6

/** Patches in the middle of a box have its class, the rest of the box says nothing, what is outside is background. */
export function boxCellLabels(
  regions: readonly LabelledRegion[],
  classes: readonly string[],
  image: { widthPx: number; heightPx: number },
  grid: { width: number; height: number },
): CellLabels {
  const whole = cellLabels(asBoxes(regions, image, 1), classes, image, grid)
  const middle = cellLabels(asBoxes(regions, image, MIDDLE), classes, image, grid)
  return whole.map((label, i) => {
    const inner = middle[i] ?? 0
    return inner > 0 ? inner : label === 0 ? 0 : -1
  })
}

function asBoxes(
  regions: readonly LabelledRegion[],
  image: { widthPx: number; heightPx: number },
  share: number,
): LabelledRegion[] {
  return regions.map((region) => {
    const [x1, y1, x2, y2] = boundsOf(region, image)
    const [cx, cy, w, h] = [(x1 + x2) / 2, (y1 + y2) / 2, ((x2 - x1) * share) / 2, ((y2 - y1) * share) / 2]
    return { class: region.class, shape: { box: [cx - w, cy - h, cx + w, cy + h] } }
  })
}

/**
 * Distances from the middle of each patch to the four sides of its box: the smallest box of its class around it.
 *
 * @returns [rows][left, top, right, bottom], px of the working size; NaN for patches of the background
 */
export function sideDistances(
  set: PatchSet,
  { size, items }: Pictures,
  classes: readonly string[],
): Float32Array {
  const out = new Float32Array(set.count * 4).fill(NaN)
  const { stridePx, grid } = size
  for (let row = 0; row < set.count; row++) {
    const picture = items[set.image[row] ?? 0]
    const label = set.labels[row] ?? 0
    if (!picture || label <= 0) continue
    const cell = set.cell[row] ?? 0
    const x = ((cell % grid.width) + 0.5) * stridePx
    const y = (Math.floor(cell / grid.width) + 0.5) * stridePx
    const view = set.view[row] ?? 0
    const toX = size.widthPx / picture.source.widthPx
    const toY = size.heightPx / picture.source.heightPx
    let least = Infinity
    for (const region of picture.regions) {
      if (region.class !== classes[label - 1]) continue
      let [x1, y1, x2, y2] = boundsOf(region, picture.source)
      ;[x1, y1, x2, y2] = [x1 * toX, y1 * toY, x2 * toX, y2 * toY]
      // Views 1 and 3 are mirrored left to right, 2 and 3 top to bottom.
      if (view % 2 === 1) [x1, x2] = [size.widthPx - x2, size.widthPx - x1]
      if (view >= 2) [y1, y2] = [size.heightPx - y2, size.heightPx - y1]
      const near = x > x1 - stridePx && x < x2 + stridePx && y > y1 - stridePx && y < y2 + stridePx
      const area = (x2 - x1) * (y2 - y1)
      if (!near || area >= least) continue
      least = area
      // A box narrower than a patch may pass beside its middle.
      out.set(
        [x - x1, y - y1, x2 - x, y2 - y].map((d) => Math.max(0.5, d)),
        row * 4,
      )
    }
  }
  return out
}
