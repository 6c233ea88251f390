import { describe, expect, it } from 'vitest'
import { benjaminiHochberg, chiSquare, fisherExact, riskRatio } from '../../scenarios/kernels/index.ts'

describe('tests of association', () => {
  it("Fisher's tea tasting, 3 of 4: one-sided 17/70", () => {
    const { greater, two } = fisherExact([
      [3, 1],
      [1, 3],
    ])
    expect(greater).toBeCloseTo(0.242857, 6)
    expect(two).toBeCloseTo(34 / 70, 10)
  })

  it('agree with the examples in the SciPy reference (fisher_exact, chi2_contingency, relative_risk)', () => {
    expect(
      fisherExact([
        [6, 2],
        [1, 4],
      ]).two,
    ).toBeCloseTo(0.10256410256410256, 10)
    const { statistic, df, p } = chiSquare([
      [10, 10, 20],
      [20, 20, 20],
    ])
    expect([statistic, df]).toEqual([expect.closeTo(2.7777777777777777, 10), 2])
    expect(p).toBeCloseTo(0.24935220877729622, 10)
    const rr = riskRatio([
      [27, 122 - 27],
      [44, 487 - 44],
    ])
    expect(rr?.ratio).toBeCloseTo(2.4495156482861398, 10)
    expect(rr?.low).toBeCloseTo(1.5836990926700116, 6)
    expect(rr?.high).toBeCloseTo(3.7886786315466354, 6)
  })

  it('Benjamini and Hochberg 1995: of 15 p-values 4 are rejected at 0.05, by Bonferroni 3', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ]
    const q = benjaminiHochberg(p)
    expect(q.filter((v) => v <= 0.05)).toHaveLength(4)
    expect(p.filter((v) => v <= 0.05 / 15)).toHaveLength(3)
    // Adjusted values never fall as p grows, and the order given is kept.
    expect(benjaminiHochberg(p.toReversed())).toEqual(q.toReversed())
    for (const [i, v] of q.entries()) expect(v).toBeGreaterThanOrEqual(q[i - 1] ?? 0)
  })

  it('refuse what is no table, and give no ratio to a share of 0', () => {
    expect(() =>
      fisherExact([
        [-1, 2],
        [3, 4],
      ]),
    ).toThrow('EVT_MODULE')
    expect(() => chiSquare([[0, 0]])).toThrow('EVT_MODULE')
    expect(
      riskRatio([
        [0, 5],
        [1, 5],
      ]),
    ).toBeNull()
  })
})
