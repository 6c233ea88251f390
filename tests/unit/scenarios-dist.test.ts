import { describe, expect, it } from 'vitest'
import {
  addValue,
  betaQuantile,
  binomialCdf,
  binomialSf,
  chi2Cdf,
  clopperPearson,
  fCdf,
  lnGamma,
  mergeMoments,
  mulberry32,
  noMoments,
  normalCdf,
  normalQuantile,
  pareto,
  poissonCdf,
  tCdf,
  variance,
  wilson,
} from '../../scenarios/kernels/index.ts'

/** Relative agreement to 11 digits. */
const close = (got: number, want: number): void =>
  expect(Math.abs(got - want) / Math.abs(want)).toBeLessThan(1e-11)

// Reference values of this file: scipy 1.17.1 (scipy.stats, scipy.special).
describe('distributions', () => {
  it('normal, also far in the tail', () => {
    close(normalCdf(-6), 9.865876450376946e-10)
    close(normalCdf(1.3), 0.9031995154143897)
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 9)
    expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 9)
  })

  it('chi-square, t and F', () => {
    close(chi2Cdf(3.2, 4), 0.47506905321389586)
    close(chi2Cdf(40, 10), 0.9999830552560699)
    close(tCdf(2.1, 7), 0.9630644018935387)
    close(tCdf(-0.4, 3), 0.35796757698718507)
    close(fCdf(3.5, 2, 10), 0.9295703722276257)
    close(fCdf(0.7, 5, 3), 0.3385965248169848)
  })

  it('binomial and Poisson', () => {
    close(binomialCdf(3, 20, 0.13), 0.7426843303947145)
    close(binomialSf(13, 50, 0.1), 0.0010046198617863324)
    close(binomialCdf(200, 1500, 0.1), 0.9999845726819111)
    close(poissonCdf(4, 2.5), 0.8911780189141513)
    close(poissonCdf(120, 100), 0.9773306709216473)
    // SciPy 1.17.1; ten thousand terms of the series end before it.
    expect(poissonCdf(300_027_091, 3e8)).toBeCloseTo(0.9411046667958144, 5)
    expect([binomialCdf(-1, 5, 0.5), binomialCdf(5, 5, 0.5), binomialSf(0, 5, 0.5)]).toEqual([0, 1, 1])
  })

  it('gamma function and beta quantile', () => {
    close(lnGamma(0.1), 2.252712651734206)
    close(lnGamma(123.4), 469.3360974421906)
    close(betaQuantile(0.025, 3, 17), 0.03382624900176467)
    close(betaQuantile(0.975, 1, 200), 0.01827534035513624)
  })

  it('refuses arguments outside the domain', () => {
    expect(() => normalQuantile(1)).toThrow(/EVT_MODULE.*0 < p < 1/)
    expect(() => binomialCdf(1, 2, 1.5)).toThrow(/EVT_MODULE/)
    expect(() => lnGamma(0)).toThrow(/EVT_MODULE/)
  })
})

describe('intervals of a proportion', () => {
  const cases = [
    [0, 50, 0, 0.07134759913335872, 0, 0.07112173646420458],
    [3, 50, 0.020614970348973957, 0.1621709168883817, 0.01254858783533406, 0.1654819466037729],
    [81, 263, 0.2552885198782742, 0.36620957698280004, 0.25273674558504267, 0.36762192260134746],
    [50, 50, 0.9286524008666412, 1, 0.9288782635357954, 1],
  ] as const
  it.each(cases)('%i of %i', (k, n, wLow, wHigh, cLow, cHigh) => {
    expect(wilson(k, n).low).toBeCloseTo(wLow, 9)
    expect(wilson(k, n).high).toBeCloseTo(wHigh, 9)
    expect(clopperPearson(k, n).low).toBeCloseTo(cLow, 10)
    expect(clopperPearson(k, n).high).toBeCloseTo(cHigh, 10)
  })
  it('needs at least one unit', () => expect(() => wilson(0, 0)).toThrow(/EVT_MODULE/))
})

describe('moments', () => {
  // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squared deviations 32, sample variance 32/7; by hand
  const values = [2, 4, 4, 4, 5, 5, 7, 9]
  it('Welford, whole and merged', () => {
    const all = noMoments()
    for (const v of values) addValue(all, v)
    const [a, b] = [noMoments(), noMoments()]
    values.forEach((v, i) => addValue(i < 3 ? a : b, v))
    for (const m of [all, mergeMoments(a, b)]) {
      expect(m.n).toBe(8)
      expect(m.mean).toBeCloseTo(5, 12)
      expect(variance(m)).toBeCloseTo(32 / 7, 12)
    }
    expect(variance(noMoments())).toBeNull()
  })

  it('does not lose the digits of a small spread at a large mean', () => {
    const m = noMoments()
    for (const d of [4, 7, 13, 16]) addValue(m, 1e9 + d)
    expect(variance(m)).toBeCloseTo(30, 6) // 4, 7, 13, 16: mean 10, sample variance 90/3
  })
})

describe('random numbers', () => {
  it('mulberry32 gives its published sequence', () => {
    const rng = mulberry32(1)
    const again = mulberry32(1)
    const got = Array.from({ length: 5 }, () => rng.next())
    expect(Array.from({ length: 5 }, () => again.next())).toEqual(got)
    expect(got.map((v) => v * 2 ** 32)).toEqual(MULBERRY_SEED_1)
  })

  it('normal deviates have mean 0 and variance 1, streams differ', () => {
    const rng = mulberry32(7)
    const m = noMoments()
    for (let i = 0; i < 20_000; i++) addValue(m, rng.normal())
    expect(Math.abs(m.mean)).toBeLessThan(4 / Math.sqrt(20_000))
    expect(Math.abs((variance(m) ?? 0) - 1)).toBeLessThan(4 * Math.sqrt(2 / 20_000))
    expect(mulberry32(7).split('a').next()).not.toBe(mulberry32(7).split('b').next())
  })
})

/** Outputs of the author's C code, built with gcc. */
const MULBERRY_SEED_1 = [2693262067, 11749833, 2265367787, 4213581821, 4159151403]

describe('pareto', () => {
  it('sorts, leaves out empty bars, cumulates to 1', () => {
    // 6 + 3 + 1 = 10, by hand
    expect(
      pareto([
        ['spur', 1],
        ['open', 6],
        ['none', 0],
        ['short', 3],
      ]),
    ).toEqual([
      { label: 'open', value: 6, share: 0.6, cumulative: 0.6 },
      { label: 'short', value: 3, share: 0.3, cumulative: 0.9 },
      { label: 'spur', value: 1, share: 0.1, cumulative: 1 },
    ])
    expect(pareto([])).toEqual([])
  })
  it('orders equal bars by label', () =>
    expect(
      pareto([
        ['b', 2],
        ['a', 2],
      ]).map((b) => b.label),
    ).toEqual(['a', 'b']))
})
