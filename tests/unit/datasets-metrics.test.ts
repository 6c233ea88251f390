import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  auroc,
  clopperPearson,
  type Confidence,
  incompleteBeta,
  iou,
  matchImage,
  precisionRecall,
  type ScoredImage,
  scoreDetections,
  scoreJudgements,
  wilson,
} from '../../datasets/index.ts'

interface Reference {
  classes: string[]
  images: ScoredImage[]
  ap: Record<string, { ap: number; apPlain: number; truths: number }>
  ap50: Record<string, number>
  operating: { threshold: number; precision: number; recall: number; f1: number }
  best: { threshold: number; precision: number; recall: number; f1: number }
  confusion: number[][]
  auroc: { scores: number[]; bad: boolean[]; value: number }
  intervals: {
    k: number
    n: number
    level: Confidence
    wilson: [number, number]
    exact: [number, number]
  }[]
  betainc: { x: number; a: number; b: number; value: number }[]
}

// Reference values: tests/golden/datasets-metrics.py (numpy, scipy 1.17).
const reference = JSON.parse(
  readFileSync(new URL('../golden/datasets-metrics.json', import.meta.url), 'utf8'),
) as Reference

describe('matching', () => {
  it('measures overlap of half-open boxes', () => {
    // 10 × 10 boxes shifted by 5: 50 shared of 150.
    expect(iou([0, 0, 10, 10], [5, 0, 15, 10])).toBeCloseTo(1 / 3, 15)
    expect(iou([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0)
  })

  it('takes each truth once, highest score first, and demands more than the limit', () => {
    const truth = { class: 'open', box: [0, 0, 10, 10] } as const
    const call = (score: number, box: readonly [number, number, number, number], cls = 'open') => ({
      class: cls,
      score,
      box,
    })
    const calls = [call(0.5, [0, 0, 10, 10]), call(0.9, [1, 0, 11, 10]), call(0.8, [0, 0, 10, 10], 'short')]
    expect([...matchImage([truth], calls, 0.33, true)]).toEqual([-1, 0, -1])
    expect([...matchImage([truth], [call(1, [0, 0, 5, 10])], 0.5, true)]).toEqual([-1])
    expect([...matchImage([truth], [call(1, [0, 0, 5, 10])], 0.499, true)]).toEqual([0])
  })
})

describe('average precision', () => {
  // By hand: hits at ranks 1 and 3 of 4 truths. Precisions 1 and 2/3; envelope (1 + 2/3) / 4.
  it('agrees with a worked example', () => {
    const pr = precisionRecall(
      [
        { score: 0.9, hit: true },
        { score: 0.8, hit: false },
        { score: 0.7, hit: true },
      ],
      4,
    )
    expect(pr.ap).toBeCloseTo((1 + 2 / 3) / 4, 15)
    expect(pr.apPlain).toBeCloseTo((1 + 2 / 3) / 4, 15)
    expect(pr.curve.map((p) => [p.score, p.precision, p.recall])).toEqual([
      [0.9, 1, 0.25],
      [0.8, 0.5, 0.25],
      [0.7, 2 / 3, 0.5],
    ])
  })

  it('lifts a dip by the envelope, unlike the plain sum', () => {
    // Miss first, then three hits: precisions 1/2, 2/3, 3/4; all are lifted to 3/4.
    const hits = [false, true, true, true].map((hit, n) => ({ score: 1 - n / 10, hit }))
    expect(precisionRecall(hits, 3).ap).toBeCloseTo(0.75, 15)
    expect(precisionRecall(hits, 3).apPlain).toBeCloseTo((1 / 2 + 2 / 3 + 3 / 4) / 3, 15)
  })
})

describe('detection score against the reference program', () => {
  const score = scoreDetections(reference.images, reference.classes, 0.5)

  it('gives the same average precisions', () => {
    for (const c of score.classes) {
      expect(c.ap).toBeCloseTo(reference.ap[c.class]?.ap ?? NaN, 12)
      expect(c.apPlain).toBeCloseTo(reference.ap[c.class]?.apPlain ?? NaN, 12)
      expect(c.ap50).toBeCloseTo(reference.ap50[c.class] ?? NaN, 12)
      expect(c.truths).toBe(reference.ap[c.class]?.truths)
    }
    const aps = Object.values(reference.ap).map((a) => a.ap)
    expect(score.map).toBeCloseTo(aps.reduce((a, b) => a + b, 0) / 3, 12)
  })

  it('gives the same precision, recall and F, at a threshold and at the best one', () => {
    for (const key of ['threshold', 'precision', 'recall', 'f1'] as const) {
      expect(score.operating[key]).toBeCloseTo(reference.operating[key], 12)
      expect(score.best?.[key]).toBeCloseTo(reference.best[key], 12)
    }
  })

  it('gives the same confusion, and rates that follow from it', () => {
    expect(score.confusion.labels).toEqual([...reference.classes, '-'])
    expect(score.confusion.counts).toEqual(reference.confusion)
    const truths = reference.confusion.slice(0, 3).flat()
    expect(score.missed.of).toBe(truths.reduce((a, b) => a + b, 0))
    expect(score.missed.count).toBe(reference.confusion.slice(0, 3).reduce((n, r) => n + (r[3] ?? 0), 0))
    expect(score.falseCalls.count).toBe(reference.confusion[3]?.reduce((a, b) => a + b, 0))
    expect(score.missed.of - score.missed.count).toBe(score.misnamed.of)
  })

  it('leaves a class without truths out of the mean', () => {
    const more = scoreDetections(reference.images, [...reference.classes, 'spur'], 0.5)
    expect(more.classes.at(-1)).toMatchObject({ class: 'spur', ap: null, truths: 0 })
    expect(more.map).toBeCloseTo(score.map ?? NaN, 15)
  })
})

describe('intervals', () => {
  it('agrees with scipy', () => {
    for (const r of reference.intervals) {
      const name = `${r.k}/${r.n} at ${r.level}`
      for (const side of [0, 1] as const) {
        expect(wilson(r.k, r.n, r.level)[side], `wilson ${name}`).toBeCloseTo(r.wilson[side], 12)
        expect(clopperPearson(r.k, r.n, r.level)[side], `exact ${name}`).toBeCloseTo(r.exact[side], 11)
      }
    }
    for (const r of reference.betainc) expect(incompleteBeta(r.x, r.a, r.b)).toBeCloseTo(r.value, 12)
  })

  // "Rule of three", exact form: no event in n gives 1 - 0.025^(1/n). One event: 1 - 0.975^(1/n) below.
  it('agrees with the closed forms, also at parts per million', () => {
    const n = 1_000_000
    expect(clopperPearson(0, n)[1] / -Math.expm1(Math.log(0.025) / n)).toBeCloseTo(1, 9)
    expect(clopperPearson(1, n)[0] / -Math.expm1(Math.log1p(-0.025) / n)).toBeCloseTo(1, 9)
  })

  it('says nothing about nothing', () => {
    expect(wilson(0, 0)).toEqual([0, 1])
    expect(clopperPearson(0, 0)).toEqual([0, 1])
  })
})

describe('parts', () => {
  it('counts escapes and overkill over their own kind and keeps the unjudged', () => {
    const part = (defective: boolean, verdict: 'pass' | 'fail' | 'inconclusive') => ({ defective, verdict })
    const s = scoreJudgements([
      part(true, 'fail'),
      part(true, 'pass'),
      part(true, 'inconclusive'),
      part(true, 'fail'),
      part(false, 'pass'),
      part(false, 'fail'),
    ])
    expect([s.escape.count, s.escape.of, s.escape.rate]).toEqual([1, 4, 0.25])
    expect([s.overkill.count, s.overkill.of, s.overkill.rate]).toEqual([1, 2, 0.5])
    expect([s.inconclusive.count, s.inconclusive.of]).toEqual([1, 6])
    expect(scoreJudgements([]).escape.rate).toBeNull()
  })

  it('ranks scores as the Mann-Whitney statistic does', () => {
    const { scores, bad, value } = reference.auroc
    expect(auroc(scores, bad)).toBeCloseTo(value, 12)
    expect(auroc([1, 2], [false, true])).toBe(1)
    expect(auroc([1, 1], [false, true])).toBe(0.5)
  })
})
