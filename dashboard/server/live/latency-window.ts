import type { PartRow } from '../ports.ts'
import type { z } from 'zod'
import type { latencySchema } from '../schemas/live.schema.ts'

const WINDOW = 500
const SPARK = 80

/** Trigger-to-verdict times of the newest parts per station. */
export class LatencyWindow {
  readonly #values = new Map<string, number[]>()

  add(station: string, totalMs: number): void {
    const values = this.#values.get(station) ?? []
    values.push(totalMs)
    if (values.length > WINDOW) values.shift()
    this.#values.set(station, values)
  }

  /** Fills the window from stored parts, newest first as the store gives them. */
  prime(rows: readonly PartRow[]): void {
    for (const row of rows.toReversed()) this.add(row.station, row.totalMs)
  }

  all(): z.infer<typeof latencySchema>[] {
    return [...this.#values].map(([station, values]) => {
      const sorted = values.toSorted((a, b) => a - b)
      return {
        station,
        n: sorted.length,
        p50Ms: nearestRank(sorted, 0.5),
        p99Ms: nearestRank(sorted, 0.99),
        recentMs: values.slice(-SPARK),
      }
    })
  }
}

/** Nearest-rank quantile of sorted values (Hyndman and Fan 1996, definition 1), so that it is a time that occurred. */
export function nearestRank(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0
}
