import { setImmediate } from 'node:timers/promises'
import { CAUSE_FACTOR_NAMES, CAUSE_FACTORS, NCR_CATEGORIES } from '../../contracts/index.ts'
import {
  benjaminiHochberg,
  chiSquare,
  clopperPearson,
  cramersV,
  fisherExact,
  oddsRatio,
  riskRatio,
  type Table2,
} from '../../scenarios/index.ts'
import type { CauseTable, LevelCount, LevelPair } from '../../traceability/query/index.ts'
import type { Analysis } from './ports.ts'

export type Cause = Analysis['causes'][number]
export type Together = Analysis['together'][number]
type Comparison = Pick<Cause, 'ratio' | 'low' | 'high' | 'method' | 'p'>

const Q = 0.05
const LEAST_RATIO = 1.5
/** Cochran (1954): below this expected count the exact test. */
const LEAST_EXPECTED = 5
/** A large association of two by two (Cohen, Statistical Power Analysis, 1988, 7.2.3). */
const LEAST_V = 0.5
/** Comparisons in one go, some milliseconds. */
const SLICE = 50

/** Each level against the rest it is compared with, most telling first; `shown` of them, and what goes with those. */
export async function rankCauses(
  { n, counts, pairs }: Pick<CauseTable, 'n' | 'counts' | 'pairs'>,
  shown: number,
): Promise<{ compared: number; causes: Cause[]; together: Together[] }> {
  // One level only: there is nothing to compare with.
  const tested = await inSlices(
    counts.filter((c) => c.restN > 0),
    (c) => ({ ...c, ...compare(c.n, c.bad, c.restN, c.restBad) }),
  )
  const q = benjaminiHochberg(tested.map((t) => t.p))
  const ranked = tested
    .map((t, i) => ({ ...t, q: q[i] ?? 1, named: isNamed(t, q[i] ?? 1) }))
    .sort((a, b) => Number(b.named) - Number(a.named) || a.p - b.p || (b.ratio ?? 0) - (a.ratio ?? 0))
  const named = new Set(ranked.filter((c) => c.named).map(keyOf))
  const together = pairs
    .map((pair) => ({ ...pair, v: associationOf(pair, n) }))
    .filter((p) => p.v >= LEAST_V && (named.has(keyOf(p.a)) || named.has(keyOf(p.b))))
    .sort((x, y) => y.v - x.v)
  const causes = await inSlices(ranked.slice(0, shown), (c) => full(c, together))
  return { compared: tested.length, together, causes }
}

/** The thread that does this has gate commands to send meanwhile. */
async function inSlices<T, R>(items: readonly T[], make: (item: T) => R): Promise<R[]> {
  const made: R[] = []
  for (let i = 0; i < items.length; i += SLICE) {
    if (i > 0) await setImmediate()
    made.push(...items.slice(i, i + SLICE).map(make))
  }
  return made
}

const keyOf = (l: { factor: string; value: string }): string => `${l.factor} ${l.value}`

/** q below 0.05 and the interval of the ratio above 1.5: what is small is no cause to act on. */
const isNamed = ({ low, bad, restBad }: LevelCount & Comparison, q: number): boolean =>
  q < Q && (low ?? (restBad === 0 && bad > 0 ? Infinity : 0)) > LEAST_RATIO

function full(c: LevelCount & Comparison & Pick<Cause, 'q' | 'named'>, pairs: readonly Together[]): Cause {
  const { low: shareLow, high: shareHigh } = clopperPearson(c.bad, c.n)
  const own = keyOf(c)
  return {
    ...c,
    category: CAUSE_FACTORS[c.factor],
    shareLow,
    shareHigh,
    odds: oddsRatio(tableOf(c.n, c.bad, c.restN, c.restBad)),
    together: pairs.flatMap(({ a, b, v }) => {
      const other = keyOf(a) === own ? b : keyOf(b) === own ? a : null
      return other === null ? [] : [{ factor: other.factor, value: other.value, v }]
    }),
  }
}

/** Cramér's V of having one and having the other, among `n` parts; 0 where they rather keep apart. */
function associationOf({ a, b, both }: LevelPair, n: number): number {
  if (both.n * n <= a.n * b.n) return 0
  return cramersV([
    [both.n, a.n - both.n],
    [b.n - both.n, n - a.n - b.n + both.n],
  ])
}

const tableOf = (n: number, bad: number, restN: number, restBad: number): Table2 => [
  [bad, n - bad],
  [restBad, restN - restBad],
]

/** Two shares of bad parts, two-sided. */
export function compare(n: number, bad: number, restN: number, restBad: number): Comparison {
  const table = tableOf(n, bad, restN, restBad)
  const total = n + restN
  const allBad = bad + restBad
  const least = (Math.min(n, restN) * Math.min(allBad, total - allBad)) / total
  const method = least < LEAST_EXPECTED ? 'fisher' : 'chi-square'
  const p = method === 'fisher' ? fisherExact(table).two : chiSquare(table).p
  const { ratio = null, low = null, high = null } = riskRatio(table) ?? {}
  return { ratio, low, high, method, p }
}

/**
 * Each factor and, where every part has one level of it, chi-square over all of them; levels that were cut are one. A
 * component is compared within its material, so that what was cut of all materials is not known.
 */
export const factorsOf = ({ factors, counts }: CauseTable): Analysis['factors'] =>
  factors.map(({ factor, n, levels, cut, single }) => {
    const own = counts.filter((c) => c.factor === factor && c.class === undefined)
    const [first] = own
    const table = own.map((c) => [c.bad, c.n - c.bad])
    const known = cut === 0 || factor !== 'component'
    if (cut > 0 && known && first !== undefined) {
      const [allN, allBad] = [first.n + first.restN, first.bad + first.restBad]
      const [n2, bad2] = own.reduce(([m, b], c) => [m - c.n, b - c.bad], [allN, allBad])
      table.push([bad2, n2 - bad2])
    }
    const whole = single && known && table.length > 1 ? chiSquare(table) : null
    return { factor, category: CAUSE_FACTORS[factor], n, levels, cut, whole }
  })

/** How the branches of the Ishikawa diagram bear: what was found on each, and what could not be looked at. */
export const ishikawaOf = (counts: readonly LevelCount[], causes: readonly Cause[]): Analysis['ishikawa'] => {
  const compared = new Set(counts.filter((c) => c.restN > 0).map((c) => c.factor))
  return NCR_CATEGORIES.map((category) => {
    const own = CAUSE_FACTOR_NAMES.filter((f) => CAUSE_FACTORS[f] === category)
    return {
      category,
      named: new Set(causes.filter((c) => c.named && c.category === category).map(keyOf)).size,
      compared: own.filter((f) => compared.has(f)),
      silent: own.filter((f) => !compared.has(f)),
    }
  })
}
