import { describe, expect, it } from 'vitest'
import {
  beyond,
  cLimits,
  iMrLimits,
  laneySigmaZ,
  normalCdf,
  npLimits,
  pFalseAlarm,
  pLimits,
  pooled,
  revisePhaseOne,
  sigmaFromRange,
  uLimits,
  westernElectricAtLast,
  xbarRLimits,
} from '../../scenarios/kernels/index.ts'
import { CIRCUIT_BOARDS, ORANGE_JUICE } from './samples/published-charts.ts'

const round = (v: number, digits: number): number => Number(v.toFixed(digits))

describe('p chart, frozen orange juice cans (Montgomery, Introduction to SQC, example 7.1)', () => {
  const samples = ORANGE_JUICE.map((k) => ({ k, n: 50 }))

  it('is the published list', () => {
    expect(ORANGE_JUICE.length).toBe(30)
    expect(ORANGE_JUICE.reduce((a, b) => a + b, 0)).toBe(347)
  })

  it('trial limits: 0.2313, 0.4102, 0.0524', () => {
    const l = pLimits(pooled(samples), 50)
    expect([round(l.centre, 4), round(l.ucl, 4), round(l.lcl, 4)]).toEqual([0.2313, 0.4102, 0.0524])
  })

  it('samples 15 and 23 are out; revised limits 0.2150, 0.3893, 0.0407', () => {
    const r = revisePhaseOne(samples)
    expect(r.out.map((i) => i + 1)).toEqual([15, 23])
    const l = pLimits(r.revised, 50)
    expect([round(l.centre, 4), round(l.ucl, 4), round(l.lcl, 4)]).toEqual([0.215, 0.3893, 0.0407])
    // Montgomery: sample 21 falls above the revised limit and is kept, no cause having been found.
    expect(samples.flatMap((s, i) => (beyond(s, l) ? [i + 1] : []))).toEqual([15, 21, 23])
  })

  it('np limits are the p limits in counts', () => {
    const l = npLimits(pooled(samples), 50)
    expect([round(l.centre, 2), round(l.ucl, 2), round(l.lcl, 2)]).toEqual([11.57, 20.51, 2.62])
  })
})

describe('c and u charts', () => {
  it('printed circuit boards (Montgomery, example 7.3): 19.85, 33.21, 6.48; samples 6 and 20 out', () => {
    expect(CIRCUIT_BOARDS.reduce((a, b) => a + b, 0)).toBe(516)
    const l = cLimits(516 / 26)
    expect([round(l.centre, 2), round(l.ucl, 2), round(l.lcl, 2)]).toEqual([19.85, 33.21, 6.48])
    expect(CIRCUIT_BOARDS.flatMap((c, i) => (c > l.ucl || c < l.lcl ? [i + 1] : []))).toEqual([6, 20])
  })

  it('u limits of one unit are the c limits', () => expect(uLimits(516 / 26, 1)).toEqual(cLimits(516 / 26)))

  it('u limits narrow with the root of n', () => {
    const l = uLimits(4, 9) // half width 3 * sqrt(4/9) = 2, by hand
    expect([l.ucl, l.lcl]).toEqual([6, 2])
  })
})

describe('over-dispersion and false alarms', () => {
  it('Laney sigma z', () => {
    const s = [5, 8, 3, 9, 6].map((k, i) => ({ k, n: [100, 120, 90, 110, 100][i] ?? 0 }))
    // numpy: p̄ = 31/520, mean |Δz| / 1.128
    expect(pooled(s)).toBeCloseTo(0.05961538461538462, 15)
    expect(laneySigmaZ(s, pooled(s))).toBeCloseTo(1.1337344066675719, 12)
    expect(() => laneySigmaZ(s.slice(0, 1), 0.05)).toThrow(/EVT_MODULE/)
  })

  it('exact false-alarm rate per point', () => {
    // scipy 1.17.1: binom.sf(19, 50, .215) + binom.cdf(2, 50, .215)
    expect(pFalseAlarm(0.215, 50)).toBeCloseTo(0.0029465092789075723, 12)
  })

  it('a point on the limit is not beyond it', () => {
    const limits = { centre: 0.1, ucl: 0.3, lcl: 0 }
    expect(beyond({ k: 15, n: 50 }, limits)).toBeNull()
    expect(beyond({ k: 16, n: 50 }, limits)).toBe('above')
    expect(beyond({ k: 0, n: 50 }, limits)).toBeNull()
  })
})

describe('charts of measurements', () => {
  it('x̄ and R, hard-bake flow width (Montgomery, example 6.1): 1.69325, 1.31795; R 0.68749', () => {
    const l = xbarRLimits(1.5056, 0.32521, 5)
    expect([round(l.mean.ucl, 5), round(l.mean.lcl, 5)]).toEqual([1.69325, 1.31795])
    expect([round(l.range.ucl, 5), l.range.lcl]).toEqual([0.68749, 0])
    expect(round(sigmaFromRange(0.32521, 5), 4)).toBe(0.1398)
    expect(() => xbarRLimits(1, 1, 11)).toThrow(/2 to 10/)
  })

  it('d2 is the expected range of n normal deviates', () => {
    for (let n = 2; n <= 10; n++) {
      // ∫ 1 − Φ(x)^n − (1 − Φ(x))^n dx, trapezoids of 0.01 from −8 to 8
      let d2 = 0
      for (let i = 0; i < 1600; i++) {
        const p = normalCdf(-8 + i / 100)
        d2 += (1 - p ** n - (1 - p) ** n) / 100
      }
      expect(Math.abs(1 / sigmaFromRange(1, n) - d2)).toBeLessThan(0.001)
    }
  })

  it('individuals and moving range, by hand', () => {
    // 10 12 9 13: mean 11, moving ranges 2 3 4, mean 3
    const l = iMrLimits([10, 12, 9, 13])
    expect(l.individuals.centre).toBe(11)
    expect(l.individuals.ucl).toBeCloseTo(11 + 9 / 1.128, 12)
    expect(l.range.ucl).toBeCloseTo(9.801, 12)
  })
})

describe('Western Electric rules', () => {
  const rules = (z: number[]): string[] => westernElectricAtLast(z).map((s) => `${s.rule}${s.side}`)

  it('names each zone test', () => {
    expect(rules([3.1])).toEqual(['1above'])
    expect(rules([2.5, 0, 2.5])).toEqual(['2above'])
    expect(rules([-1.5, -1.5, 0, -1.5, -1.5])).toEqual(['3below'])
    expect(rules([0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1, 0.2])).toEqual(['4above'])
  })

  it('stays quiet inside, on the other side, and after the run is over', () => {
    expect(rules([])).toEqual([])
    expect(rules([2.5, -2.5])).toEqual([])
    expect(rules([2.5, 2.5, 0.5])).toEqual([])
    expect(rules([0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1])).toEqual([])
  })

  it('reports two rules at once', () => expect(rules([2.2, 3.5])).toEqual(['1above', '2above']))
})
