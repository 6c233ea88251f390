import { normalQuantile } from './dist.ts'
import { outside } from './domain.ts'
import { gammaPQ, lnGamma } from './special.ts'

/** Two rows, two columns: [[a, b], [c, d]], whole counts. */
export type Table2 = readonly [readonly [number, number], readonly [number, number]]

const lnChoose = (n: number, k: number): number => lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1)

/** Relative slack for tables as improbable as the one seen, against rounding; as R's fisher.test has it. */
const SLACK = 1 + 1e-7

/**
 * Exact test of independence with both margins fixed. `greater`: a is larger than chance; `two`: all tables that are at
 * most as probable. Fisher, The Design of Experiments (1935).
 */
export function fisherExact([[a, b], [c, d]]: Table2): { greater: number; two: number } {
  check('fisherExact', [a, b, c, d])
  const [row, col, n] = [a + b, a + c, a + b + c + d]
  const base = lnChoose(n, col)
  const p = (k: number): number => Math.exp(lnChoose(row, k) + lnChoose(n - row, col - k) - base)
  const seen = p(a) * SLACK
  let [greater, two] = [0, 0]
  for (let k = Math.max(0, row + col - n); k <= Math.min(row, col); k++) {
    const pk = p(k)
    if (k >= a) greater += pk
    if (pk <= seen) two += pk
  }
  return { greater: Math.min(1, greater), two: Math.min(1, two) }
}

/** Pearson's test of independence of an r × c table, without continuity correction; empty rows and columns are left out. */
export function chiSquare(table: readonly (readonly number[])[]): {
  statistic: number
  df: number
  p: number
} {
  check('chiSquare', table.flat())
  const rows = table.map((r) => r.reduce((s, v) => s + v, 0))
  const cols = (table[0] ?? []).map((_, j) => table.reduce((s, r) => s + (r[j] ?? 0), 0))
  const n = rows.reduce((s, v) => s + v, 0)
  let statistic = 0
  for (const [i, r] of table.entries())
    for (const [j, seen] of r.entries()) {
      const expected = ((rows[i] ?? 0) * (cols[j] ?? 0)) / n
      if (expected > 0) statistic += (seen - expected) ** 2 / expected
    }
  const df = (rows.filter((v) => v > 0).length - 1) * (cols.filter((v) => v > 0).length - 1)
  return { statistic, df, p: df > 0 ? gammaPQ(df / 2, statistic / 2).q : 1 }
}

/**
 * Adjusted p-values that keep the false discovery rate, in the order given. Benjamini & Hochberg, JRSS B 57 (1995).
 */
export function benjaminiHochberg(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((i, j) => (p[j] ?? 0) - (p[i] ?? 0))
  const q: number[] = Array.from({ length: p.length }, () => 1)
  let least = 1
  for (const [n, i] of order.entries()) {
    least = Math.min(least, ((p[i] ?? 1) * p.length) / (p.length - n))
    q[i] = least
  }
  return q
}

/**
 * Share of bad ones of a group over that of the rest, with the log interval of Katz et al., Biometrics 34 (1978); null
 * where a share is 0. Row 1: group bad, good; row 2: rest bad, good.
 */
export function riskRatio(
  [[a, b], [c, d]]: Table2,
  confidence = 0.95,
): { ratio: number; low: number; high: number } | null {
  check('riskRatio', [a, b, c, d])
  if (a === 0 || c === 0) return null
  const ratio = a / (a + b) / (c / (c + d))
  const half = normalQuantile(1 - (1 - confidence) / 2) * Math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
  return { ratio, low: ratio * Math.exp(-half), high: ratio * Math.exp(half) }
}

/**
 * Odds of being bad in a group over those of the rest, with the log interval of Woolf, Annals of Human Genetics 19 (1955);
 * null where one of the four counts is 0. Rows as in `riskRatio`.
 */
export function oddsRatio(
  [[a, b], [c, d]]: Table2,
  confidence = 0.95,
): { ratio: number; low: number; high: number } | null {
  check('oddsRatio', [a, b, c, d])
  if (a === 0 || b === 0 || c === 0 || d === 0) return null
  const ratio = (a * d) / (b * c)
  const half = normalQuantile(1 - (1 - confidence) / 2) * Math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
  return { ratio, low: ratio * Math.exp(-half), high: ratio * Math.exp(half) }
}

/**
 * How closely two classifications go together, 0 (independent) to 1 (one tells the other). Cramér, Mathematical Methods of
 * Statistics (1946), 21.9, without correction. 0 where one of them has one value only.
 */
export function cramersV(table: readonly (readonly number[])[]): number {
  const { statistic } = chiSquare(table)
  const n = table.flat().reduce((s, v) => s + v, 0)
  const rows = table.filter((r) => r.some((v) => v > 0)).length
  const cols = (table[0] ?? []).filter((_, j) => table.some((r) => (r[j] ?? 0) > 0)).length
  const least = Math.min(rows, cols) - 1
  return least > 0 ? Math.sqrt(statistic / n / least) : 0
}

function check(kernel: string, counts: readonly number[]): void {
  if (!counts.every((v) => Number.isSafeInteger(v) && v >= 0) || counts.every((v) => v === 0))
    throw outside(kernel, 'whole counts, not all 0', counts.join(' '))
}
