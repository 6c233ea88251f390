export interface ParetoBar {
  label: string
  value: number
  /** Share of the total, 0..1. */
  share: number
  /** Share of this bar and all before it, 0..1. */
  cumulative: number
}

/** Bars in falling order (equal values by label, so that the order is always the same); zero bars are left out. */
export function pareto(counts: Iterable<readonly [label: string, value: number]>): ParetoBar[] {
  const sorted = [...counts]
    .filter(([, value]) => value > 0)
    .sort(([la, a], [lb, b]) => b - a || (la < lb ? -1 : la > lb ? 1 : 0))
  const total = sorted.reduce((sum, [, value]) => sum + value, 0)
  let running = 0
  return sorted.map(([label, value]) => {
    running += value
    return { label, value, share: value / total, cumulative: running / total }
  })
}
