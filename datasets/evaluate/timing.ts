import type { StageTiming } from '../../contracts/index.ts'
import { quantileOf } from '../metrics/index.ts'

export interface Quantiles {
  n: number
  mean: number
  p50: number
  p95: number
  p99: number
}

/** Quantiles by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996, as in numpy). */
export function quantiles(values: readonly number[]): Quantiles {
  const sorted = Float64Array.from(values).sort()
  const q = (p: number): number => quantileOf(sorted, p)
  return {
    n: sorted.length,
    mean: sorted.reduce((a, b) => a + b, 0) / sorted.length,
    p50: q(0.5),
    p95: q(0.95),
    p99: q(0.99),
  }
}

/** ms per stage: decode, gate, each tool, inference inside the tools, rules, and the whole without the queue. */
export function stageTimes(timings: readonly StageTiming[]): Record<string, Quantiles> {
  const rows: Record<string, number[]> = {}
  const add = (name: string, ms: number): void => {
    ;(rows[name] ??= []).push(ms)
  }
  for (const t of timings) {
    add('decode', t.decodeMs)
    add('gate', t.gateMs)
    for (const [tool, ms] of Object.entries(t.toolsMs)) add(`tool ${tool}`, ms)
    add('inference', t.inferMs)
    add('rules', t.ruleMs)
    add('total', t.totalMs - t.queueMs)
  }
  return Object.fromEntries(Object.entries(rows).map(([name, values]) => [name, quantiles(values)]))
}
