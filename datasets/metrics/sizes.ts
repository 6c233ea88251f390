import { extent } from './extent.kernel.ts'
import { rate, type Rate } from './rate.ts'

/** One true defect: its longer side, and whether it was called. */
export interface SizedDefect {
  size: number
  found: boolean
}

export interface SizeBin {
  from: number
  /** Not included. */
  to: number
  recall: Rate
}

/** 1, 2, 5 per decade, so that the edges stay whole whatever the unit. */
const EDGES = [-3, -2, -1, 0, 1, 2, 3, 4].flatMap((e) => [1, 2, 5].map((m) => Number(`${m}e${e}`)))

/** Recall by the longer side of the defect, in bins of the series 1, 2, 5; empty bins are left out. */
export function recallBySize(defects: readonly SizedDefect[]): SizeBin[] {
  const bins: SizeBin[] = []
  for (const [n, from] of [0, ...EDGES].entries()) {
    const to = EDGES[n] ?? Infinity
    const inside = defects.filter((d) => d.size >= from && d.size < to)
    if (inside.length > 0)
      bins.push({
        from,
        to: Number.isFinite(to) ? to : extent(inside.map((d) => d.size))[1] + 1,
        recall: rate(inside.filter((d) => d.found).length, inside.length),
      })
  }
  return bins
}
