import { countRuns, linkRuns, RUN_INTS } from '../../inspection/index.ts'

/** Connected defect regions of one mask. */
export interface TruthRegions {
  /** HW, 0 = good, else 1 + place in `regions`. */
  labels: Int32Array
  /** By label, 1 / area; shares[0] = 0. */
  shares: Float64Array
  /** `sizePx` is the longer side of the bounds. */
  regions: { areaPx: number; sizePx: number }[]
}

/** @param mask HW, 0 or 1; regions are 8-connected, as in the evaluation code of MVTec AD */
export function truthRegions(mask: Uint8Array, widthPx: number): TruthRegions {
  const labels = new Int32Array(mask.length)
  const runs = new Int32Array(RUN_INTS * countRuns(mask, widthPx))
  const count = linkRuns(mask, widthPx, runs)
  const bounds = Array.from({ length: count }, () => ({
    areaPx: 0,
    x1: Infinity,
    y1: Infinity,
    x2: 0,
    y2: 0,
  }))
  for (let r = 0; r < runs.length; r += RUN_INTS) {
    const [y = 0, x1 = 0, x2 = 0, c = 0] = runs.subarray(r, r + RUN_INTS)
    labels.fill(c + 1, y * widthPx + x1, y * widthPx + x2)
    const b = bounds[c]
    if (!b) continue
    b.areaPx += x2 - x1
    b.x1 = Math.min(b.x1, x1)
    b.y1 = Math.min(b.y1, y)
    b.x2 = Math.max(b.x2, x2)
    b.y2 = Math.max(b.y2, y + 1)
  }
  return {
    labels,
    shares: Float64Array.from([0, ...bounds.map((b) => 1 / b.areaPx)]),
    regions: bounds.map((b) => ({ areaPx: b.areaPx, sizePx: Math.max(b.x2 - b.x1, b.y2 - b.y1) })),
  }
}

/** A good part: no region anywhere. */
export const noRegions = (pixels: number): TruthRegions => ({
  labels: new Int32Array(pixels),
  shares: Float64Array.of(0),
  regions: [],
})
