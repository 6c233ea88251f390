import type { Box } from '../../contracts/index.ts'
import { countRuns, linkRuns, measureRuns, REGION_NUMBERS, RUN_INTS } from '../kernels/index.ts'

/** A connected region of a mask. */
export interface Region {
  areaPx: number
  box: Box
  /** Mean and maximum of the weights inside. */
  mean: number
  max: number
}

/** Finds connected regions; keeps its work memory, which grows to the busiest image seen. */
export class RegionFinder {
  #runs = new Int32Array(RUN_INTS * 1024)
  #table = new Float64Array(REGION_NUMBERS * 256)

  /** Regions of at least `minAreaPx` ones of `mask` (HW, 0 or 1), 8-connected, in raster order of their first pixel. */
  find(mask: Uint8Array, weights: Uint8Array, widthPx: number, minAreaPx: number): Region[] {
    const runs = countRuns(mask, widthPx)
    if (runs === 0) return []
    if (this.#runs.length < runs * RUN_INTS) this.#runs = new Int32Array(runs * RUN_INTS)
    const count = linkRuns(mask, widthPx, this.#runs)
    if (this.#table.length < count * REGION_NUMBERS) this.#table = new Float64Array(count * REGION_NUMBERS)
    measureRuns(this.#runs, runs, count, weights, widthPx, this.#table)
    const regions: Region[] = []
    for (let at = 0; at < count * REGION_NUMBERS; at += REGION_NUMBERS) {
      if ((this.#table[at] ?? 0) >= minAreaPx) regions.push(this.#region(at))
    }
    return regions
  }

  #region(at: number): Region {
    const n = (k: number): number => this.#table[at + k] ?? 0
    return {
      areaPx: n(0),
      box: [n(1), n(2), n(3), n(4)],
      mean: n(7) / n(0),
      max: n(8),
    }
  }
}

/** The strongest `max` regions first: by area, then raster order. Ties keep their order, so the result is stable. */
export const largestFirst = (regions: readonly Region[], max: number): Region[] =>
  regions.toSorted((a, b) => b.areaPx - a.areaPx).slice(0, max)
