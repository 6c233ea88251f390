import { describe, expect, it } from 'vitest'
import {
  binomialAtMost,
  falseCallPromise,
  partsNeeded,
  thresholdFromDefects,
  thresholdFromGood,
} from '../../models/teach/threshold.ts'

const falling = (n: number): number[] => Array.from({ length: n }, (_, i) => n - i)

describe('what good parts can promise', () => {
  it('agrees with the published Clopper-Pearson interval', () => {
    // R documentation, ?binom.test: binom.test(682, 925), 95 % interval 0.7076683 0.7654066
    const { interval } = falseCallPromise(682, 925, 0.95)
    expect(interval[0]).toBeCloseTo(0.7076683, 6)
    expect(interval[1]).toBeCloseTo(0.7654066, 6)
  })

  it('sums the binomial distribution', () => {
    // 10 throws of a fair coin, at most 2 heads: (1 + 10 + 45) / 1024
    expect(binomialAtMost(2, 10, 0.5)).toBeCloseTo(56 / 1024, 12)
  })

  it('needs 59 parts for 5 % and 299 for 1 % at 95 % confidence (Wilks 1941)', () => {
    expect(partsNeeded(0.05, 0.95)).toBe(59)
    expect(partsNeeded(0.01, 0.95)).toBe(299)
  })

  it('refuses to promise more than n allows, and says what n supports', () => {
    const few = thresholdFromGood(falling(57), 0.01, 0.95)
    expect(few.kept).toBe(false)
    expect(few.promise.exceeding).toBe(0)
    expect(few.promise.promised).toBeCloseTo(1 - 0.05 ** (1 / 57), 9)
    expect(few.neededParts).toBe(299)
    expect(few.threshold).toBeGreaterThan(57)
  })

  it('lets as many good parts exceed the threshold as the rate allows with confidence', () => {
    // P(Binomial(93, 0.05) <= 1) = 0.05 first at n = 93: the two-sided table of Wilks, second extreme value
    expect(thresholdFromGood(falling(93), 0.05, 0.95).promise.exceeding).toBe(1)
    expect(thresholdFromGood(falling(92), 0.05, 0.95).promise.exceeding).toBe(0)
    const t = thresholdFromGood(falling(93), 0.05, 0.95).threshold
    expect(falling(93).filter((s) => s >= t)).toEqual([93])
  })
})

describe('threshold from defects', () => {
  const scores = [
    ...[1, 2, 3, 4].map((score) => ({ score, bad: false })),
    ...[3.5, 5, 6, 7].map((score) => ({ score, bad: true })),
  ]

  it('finds the share of defects asked for at the highest threshold', () => {
    expect(thresholdFromDefects(scores, { goal: 'recall', recall: 1 })).toBe(3.25)
    expect(thresholdFromDefects(scores, { goal: 'recall', recall: 0.75 })).toBe(4.5)
  })

  it('weighs escapes against overkill', () => {
    const costs = { goal: 'cost', defectShare: 0.5 } as const
    expect(thresholdFromDefects(scores, { ...costs, escapeCost: 10, overkillCost: 1 })).toBe(3.25)
    expect(thresholdFromDefects(scores, { ...costs, escapeCost: 1, overkillCost: 10 })).toBe(4.5)
  })
})
