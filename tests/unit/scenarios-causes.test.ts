import { describe, expect, it } from 'vitest'
import {
  benjaminiHochberg,
  clopperPearson,
  cramersV,
  dbscan,
  oddsRatio,
} from '../../scenarios/kernels/index.ts'

// Numbers of SciPy 1.17.1, statsmodels 0.15.0 and scikit-learn 1.9.1; the calls stand beside them.
describe('measures of the ranking of causes', () => {
  it('Cramér’s V as scipy.stats.contingency.association(table, method="cramer")', () => {
    // The example of its reference.
    expect(
      cramersV([
        [100, 150],
        [203, 322],
        [420, 700],
        [320, 210],
      ]),
    ).toBeCloseTo(0.18617813077483678, 12)
    expect(
      cramersV([
        [30, 10],
        [5, 55],
      ]),
    ).toBeCloseTo(0.6847367880174606, 12)
    expect([
      cramersV([
        [7, 0],
        [0, 4],
      ]),
      cramersV([
        [5, 5],
        [0, 0],
      ]),
    ]).toEqual([1, 0])
  })

  it('odds ratio as statsmodels Table2x2.oddsratio and oddsratio_confint()', () => {
    const or = oddsRatio([
      [27, 95],
      [44, 443],
    ])
    expect(or?.ratio).toBeCloseTo(2.8614832535885166, 10)
    expect(or?.low).toBeCloseTo(1.6878054342589266, 6)
    expect(or?.high).toBeCloseTo(4.851321274577315, 6)
    expect(
      oddsRatio([
        [0, 9],
        [1, 8],
      ]),
    ).toBeNull()
  })

  it('exact interval as scipy.stats.binomtest(12, 100).proportion_ci(method="exact")', () => {
    const { low, high } = clopperPearson(12, 100)
    expect(low).toBeCloseTo(0.06356890256102586, 8)
    expect(high).toBeCloseTo(0.20023568362003882, 8)
  })

  it('q as statsmodels multipletests(p, method="fdr_bh"), on the p-values of Benjamini and Hochberg 1995', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ]
    const q = [
      0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06385714285714286, 0.06385714285714286, 0.0645, 0.0765,
      0.486, 0.5811818181818182, 0.714875, 0.7532307692307693, 0.8132142857142857, 1,
    ]
    for (const [i, v] of benjaminiHochberg(p).entries()) expect(v).toBeCloseTo(q[i] ?? NaN, 12)
  })
})

/** Three heaps of 30 points and 30 anywhere, by the generator of ISO C's `rand` example. */
function heaps(): [number, number][] {
  let s = 12_345
  const random = (): number =>
    (s = Number((1_103_515_245n * BigInt(s) + 12_345n) % 2_147_483_648n)) / 2_147_483_648
  const near = (c: number): number => c + 10 * (random() - 0.5) * (random() + 0.5)
  const points: [number, number][] = []
  for (const [x, y] of [
    [20, 20],
    [60, 30],
    [40, 80],
  ] as const)
    for (let i = 0; i < 30; i++) points.push([near(x), near(y)])
  for (let i = 0; i < 30; i++) points.push([100 * random(), 100 * random()])
  return points
}

describe('DBSCAN as sklearn.cluster.DBSCAN(eps, min_samples).fit(X).labels_', () => {
  it('on the example of its reference', () => {
    const x: [number, number][] = [
      [1, 2],
      [2, 2],
      [2, 3],
      [8, 7],
      [8, 8],
      [25, 80],
    ]
    expect(dbscan(x, 3, 2)).toEqual([0, 0, 0, 1, 1, -1])
  })

  it.each([
    [
      2,
      5,
      '000000000000009900990099000000112212921229229191921991299992933393333333393939933333393933999999999999999909999999999999',
    ],
    [
      4,
      4,
      '000000000000000000090000000000111111111111111111111111111111222222222222222222222222222222999999999999999909999999999999',
    ],
  ])('on three heaps, eps %d, least %d', (eps, least, labels) => {
    const found = dbscan(heaps(), eps, least).map((l) => (l < 0 ? 9 : l))
    // 9 stands for -1.
    expect(found.join('')).toBe(labels)
  })

  it('refuses a radius of 0, and takes no points', () => {
    expect(() => dbscan([[1, 1]], 0, 2)).toThrow('EVT_MODULE')
    expect(dbscan([], 1, 2)).toEqual([])
  })
})
