import { benjaminiHochberg, chiSquare, fisherExact, riskRatio, type Table2 } from '../../scenarios/index.ts'
import type { CauseCount } from './ports.ts'

export interface Cause extends CauseCount {
  /** All other values of the factor together. */
  restN: number
  restBad: number
  ratio: number | null
  low: number | null
  high: number | null
  method: 'fisher' | 'chi-square'
  p: number
  /** Benjamini–Hochberg over all values of all factors. */
  q: number
  /** q below 0.05 and the interval of the ratio above 1.5: what is small is no cause to act on. */
  named: boolean
}

const Q = 0.05
const LEAST_RATIO = 1.5
/** Cochran (1954): below this expected count the exact test. */
const LEAST_EXPECTED = 5

/** Each value of each factor against the rest of its factor, most telling first. */
export function rankCauses(counts: readonly CauseCount[]): Cause[] {
  const tested = counts.flatMap((c) => {
    const rest = counts.filter((o) => o.factor === c.factor && o.value !== c.value)
    const restN = rest.reduce((s, o) => s + o.n, 0)
    const restBad = rest.reduce((s, o) => s + o.bad, 0)
    // One value only: there is nothing to compare with.
    if (restN === 0) return []
    return [{ ...c, restN, restBad, ...compare(c.n, c.bad, restN, restBad) }]
  })
  const q = benjaminiHochberg(tested.map((t) => t.p))
  return tested
    .map((t, i) => ({
      ...t,
      q: q[i] ?? 1,
      named: (q[i] ?? 1) < Q && (t.low ?? (t.restBad === 0 && t.bad > 0 ? Infinity : 0)) > LEAST_RATIO,
    }))
    .sort((a, b) => Number(b.named) - Number(a.named) || a.p - b.p || (b.ratio ?? 0) - (a.ratio ?? 0))
}

/** Two shares of bad parts, two-sided. */
export function compare(
  n: number,
  bad: number,
  restN: number,
  restBad: number,
): Pick<Cause, 'ratio' | 'low' | 'high' | 'method' | 'p'> {
  const table: Table2 = [
    [bad, n - bad],
    [restBad, restN - restBad],
  ]
  const total = n + restN
  const allBad = bad + restBad
  const least = (Math.min(n, restN) * Math.min(allBad, total - allBad)) / total
  const method = least < LEAST_EXPECTED ? 'fisher' : 'chi-square'
  const p = method === 'fisher' ? fisherExact(table).two : chiSquare(table).p
  const { ratio = null, low = null, high = null } = riskRatio(table) ?? {}
  return { ratio, low, high, method, p }
}
