import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compareScores } from '../../models/life/drift.ts'
import {
  clopperPearson,
  ksTwoSample,
  mulberry32,
  populationStability,
  stabilityLimit,
  stratifiedShare,
} from '../../scenarios/kernels/index.ts'

interface Golden {
  ks: { a: number[]; b: number[]; d: number; p: number }[]
  chi2: { alpha: number; df: number; x: number }[]
}
// Made by tests/golden/two-samples.py with scipy 1.17.1.
const golden = JSON.parse(
  readFileSync(new URL('../golden/two-samples.json', import.meta.url), 'utf8'),
) as Golden

describe('two samples', () => {
  it.each(golden.ks.map((c, i) => [i, c] as const))('case %i equals scipy.stats.ks_2samp', (_, c) => {
    const { d, p } = ksTwoSample(c.a, c.b)
    expect(d).toBeCloseTo(c.d, 12)
    expect(p / c.p).toBeCloseTo(1, 8)
  })

  it('has the asymptotic p where the samples are large', () => {
    // scipy.stats.kstwobign.sf(d * sqrt(n m / (n + m))) at d = 0.02, n = m = 5000: 0.2699996716735893
    const a = Array.from({ length: 5_000 }, (_, i) => i)
    const b = a.map((v) => v + 100 - 0.5)
    expect(ksTwoSample(a, b).p).toBeCloseTo(0.2699996716735893, 10)
  })

  it('refuses an empty sample', () => {
    expect(() => ksTwoSample([], [1])).toThrow(/not empty/)
  })

  it('gives the published index: income 40/30/30 % against 35/25/40 %', () => {
    // geeksforgeeks.org/data-science/population-stability-index-psi: 0.0067 + 0.0091 + 0.0288
    expect(populationStability([400, 300, 300], [350, 250, 400])).toBeCloseTo(0.0446, 4)
    expect(populationStability([10, 20], [1, 2])).toBe(0)
    expect(populationStability([10, 0], [0, 10])).toBeGreaterThan(2)
    expect(() => populationStability([0, 0], [1, 2])).toThrow()
  })

  it.each(golden.chi2)('limits the index by chi-square: %o', ({ alpha, df, x }) => {
    expect(stabilityLimit(2, 2, df + 1, alpha) / x).toBeCloseTo(1, 6)
  })

  it('crosses its limit as often as it says on data that do not change, seed 7', () => {
    const rng = mulberry32(7)
    const [runs, n, m, bins] = [2_000, 1_000, 500, 10]
    let [stability, distance] = [0, 0]
    for (let run = 0; run < runs; run++) {
      const draw = (size: number): number[] => {
        const c = Array<number>(bins).fill(0)
        for (let i = 0; i < size; i++) {
          const at = rng.int(bins)
          c[at] = (c[at] ?? 0) + 1
        }
        return c
      }
      if (populationStability(draw(n), draw(m)) > stabilityLimit(n, m, bins, 0.05)) stability += 1
      if (run < 600) {
        const sample = (size: number): number[] => Array.from({ length: size }, () => rng.normal())
        if (ksTwoSample(sample(100), sample(60)).p < 0.05) distance += 1
      }
    }
    // Binomial, four standard deviations either way.
    expect(Math.abs(stability / runs - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / runs))
    expect(distance / 600).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / 600))
    expect(distance).toBeGreaterThan(0)
  })
})

it.each([
  [1_000, 100],
  [200, 100],
  [100, 50],
  [50, 200],
])('scores that do not change alarm by their index no more often than promised, %i and %i parts', (n, m) => {
  const rng = mulberry32(5)
  const [runs, alpha] = [4_000, 0.02]
  const index = { ksTwoSample: () => ({ d: 0, p: 1 }), populationStability, stabilityLimit }
  const draw = (size: number): number[] => Array.from({ length: size }, () => rng.next())
  let alarms = 0
  for (let run = 0; run < runs; run++) if (compareScores(draw(n), draw(m), alpha, index).drift) alarms += 1
  // Half of it each for index and distance; binomial, three standard deviations.
  expect(alarms / runs).toBeLessThan(alpha / 2 + 3 * Math.sqrt(alpha / 2 / runs))
})

describe('a share from strata', () => {
  it('is Clopper and Pearson for one stratum, and for equal rates with nothing found', () => {
    expect(stratifiedShare([{ size: 1_000, n: 100, k: 3 }]).interval).toEqual(clopperPearson(3, 100))
    const { interval, effectiveN } = stratifiedShare([
      { size: 9_000, n: 90, k: 0 },
      { size: 1_000, n: 10, k: 0 },
    ])
    expect(effectiveN).toBeCloseTo(100, 9)
    expect(interval?.high).toBeCloseTo(clopperPearson(0, 100).high, 9)
  })

  it('weighs by the size of the strata, and says what it has not seen', () => {
    const s = stratifiedShare([
      { size: 900, n: 10, k: 0 },
      { size: 100, n: 50, k: 10 },
      { size: 1_000, n: 0, k: 0 },
    ])
    expect(s.estimate).toBeCloseTo(0.1 * 0.2, 12)
    expect(s.uncovered).toBeCloseTo(0.5, 12)
    expect(stratifiedShare([]).estimate).toBeNull()
    expect(() => stratifiedShare([{ size: 5, n: 6, k: 0 }])).toThrow()
  })

  it.each([
    ['rare and even', [0.002, 0.002], [0.02, 0.02]],
    ['in the small stratum', [0.001, 0.05], [0.02, 0.2]],
    ['oversampled where nothing is', [0.01, 0], [0.02, 0.2]],
  ] as const)('is unbiased and covers the truth, %s, seed 11', (_, p, rate) => {
    const rng = mulberry32(11)
    const sizes = [9_500, 500]
    const truth = (9_500 * p[0] + 500 * p[1]) / 10_000
    let [covered, sum] = [0, 0]
    const runs = 1_000
    for (let run = 0; run < runs; run++) {
      const strata = sizes.map((size, h) => {
        let [n, k] = [0, 0]
        for (let i = 0; i < size; i++)
          if (rng.next() < (rate[h] ?? 0)) {
            n += 1
            if (rng.next() < (p[h] ?? 0)) k += 1
          }
        return { size, n, k }
      })
      const { estimate, interval } = stratifiedShare(strata)
      sum += estimate ?? 0
      if (interval && interval.low <= truth && truth <= interval.high) covered += 1
    }
    expect(covered / runs).toBeGreaterThanOrEqual(0.95 - 4 * Math.sqrt((0.95 * 0.05) / runs))
    expect(Math.abs(sum / runs - truth)).toBeLessThan(0.0005)
  })
})
