import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type ImageRanking,
  mcnemarExact,
  noRegions,
  orderedKey,
  orderOf,
  PixelRanking,
  type PixelScore,
  PixelScorer,
  rankImages,
  recallBySize,
  rocArea,
  averagePrecision,
  areaUpTo,
  bestF1Point,
  proCurve,
  scoreClasses,
  scoreCoco,
  type ScoredImage,
  stepsOf,
  stretchMap,
  truthRegions,
} from '../../datasets/index.ts'
import { createRng } from '../../datasets/sample-line/rng.ts'

interface PixelCase {
  widthPx: number
  heightPx: number
  maps: number[][]
  masks: string[]
  auroc: number
  ap: number
  f1: number
  aupro: number
  threshold: number
  iou: number
  dice: number
  pimo: { thresholds: number; bounds: [number, number]; points: number; perImage: (number | null)[] }
}

interface Reference {
  image: {
    scores: number[]
    bad: boolean[]
    auroc: number
    ap: number
    f1: number
    f1Threshold: number
    far: number
    detection: Record<string, number>
  }[]
  pixel: PixelCase[]
  coco: {
    images: ScoredImage[]
    stats: Record<string, number>
    perClass: Record<string, { ap: number; ap50: number }>
  }
  classes: {
    labels: string[]
    truth: string[]
    called: string[]
    accuracy: number
    balanced: number
    precision: (number | null)[]
    recall: (number | null)[]
    f1: (number | null)[]
    support: number[]
    confusion: number[][]
  }
  mcnemar: { onlyFirst: number; onlySecond: number; p: number }[]
}

// Reference values: tests/golden/evaluation-metrics.py (scikit-learn, anomalib, pycocotools, scipy; versions inside).
const reference = JSON.parse(
  readFileSync(new URL('../golden/evaluation-metrics.json', import.meta.url), 'utf8'),
) as Reference

describe('image ranking against scikit-learn', () => {
  it.each(reference.image.map((r, n) => [n, r] as const))('case %i', (_, r) => {
    const got = rankImages(r.scores, r.bad) as ImageRanking
    expect(got.auroc).toBeCloseTo(r.auroc, 12)
    expect(got.aupr).toBeCloseTo(r.ap, 12)
    expect(got.f1Max.value).toBeCloseTo(r.f1, 12)
    expect(got.f1Max.threshold).toBeCloseTo(r.f1Threshold, 12)
    expect(got.falseCallsAtFullRecall.falseCalls.rate).toBeCloseTo(r.far, 12)
    for (const d of got.detectionAt)
      expect(d.detected.rate, `at ${d.falseCallRate}`).toBeCloseTo(
        r.detection[String(d.falseCallRate)] ?? NaN,
        12,
      )
  })

  // All scores equal: nothing can be told apart, whatever the order of the list.
  it('gives ties no advantage', () => {
    const bad = [true, false, true, false, false]
    for (const order of [bad, bad.toReversed()]) {
      const got = rankImages([3, 3, 3, 3, 3], order)
      expect(got?.auroc).toBe(0.5)
      expect(got?.aupr).toBeCloseTo(0.4, 15)
      expect(got?.detectionAt[0]).toMatchObject({ threshold: null, detected: { count: 0, of: 2 } })
      expect(got?.falseCallsAtFullRecall.falseCalls).toMatchObject({ count: 3, of: 3 })
    }
  })

  it('says nothing about one kind alone', () => {
    expect(rankImages([1, 2], [true, true])).toBeNull()
    expect(rankImages([1, 2], [false, false])).toBeNull()
    expect(rankImages([], [])).toBeNull()
  })
})

function scorePixels(c: PixelCase, exactPixels?: number): PixelScore {
  const scorer = new PixelScorer({
    mapThreshold: c.threshold,
    findingThreshold: 1,
    ...(exactPixels === undefined ? {} : { exactPixels }),
    overlap: { low: c.pimo.bounds[0], high: c.pimo.bounds[1], thresholds: c.pimo.thresholds },
  })
  c.maps.forEach((map, n) => {
    const mask = Uint8Array.from(c.masks[n] ?? '', Number)
    scorer.add(`${n}`, Float32Array.from(map), truthRegions(mask, c.widthPx))
  })
  return scorer.score() as PixelScore
}

describe('pixel scores against scikit-learn and anomalib', () => {
  it.each(reference.pixel.map((r, n) => [n, r] as const))('case %i', (_, r) => {
    const got = scorePixels(r)
    expect(got.exact).toBe(true)
    expect(got.auroc).toBeCloseTo(r.auroc, 12)
    expect(got.aupr).toBeCloseTo(r.ap, 12)
    expect(got.f1Max?.value).toBeCloseTo(r.f1, 12)
    // anomalib keeps the limit 0.3 itself as a float, which is 1.2e-8 off.
    expect(got.aupro?.value).toBeCloseTo(r.aupro, 7)
    expect(got.at.iou).toBeCloseTo(r.iou, 12)
    expect(got.at.dice).toBeCloseTo(r.dice, 12)
    expect(got.aupimo?.points).toBe(r.pimo.points)
    const wanted = r.pimo.perImage.flatMap((v, n) => (v === null ? [] : [{ id: `${n}`, value: v }]))
    expect(got.aupimo?.perImage.map((p) => p.id)).toEqual(wanted.map((p) => p.id))
    got.aupimo?.perImage.forEach((p, n) => expect(p.value).toBeCloseTo(wanted[n]?.value ?? NaN, 9))
  })

  it('gives no AUPIMO where one good pixel is more than its lowest rate, as anomalib 2.7 refuses it', () => {
    const overlapOf = (goodPx: number): PixelScore['aupimo'] => {
      const scorer = new PixelScorer({ mapThreshold: 1, findingThreshold: 1 })
      const rng = createRng(3)
      const values = Float32Array.from({ length: goodPx }, () => -Math.log(1 - rng.next()))
      scorer.add('good', values, noRegions(goodPx))
      const side = 40
      const mask = new Uint8Array(side * side).fill(1, 0, 200)
      scorer.add(
        'bad',
        Float32Array.from(mask, (v) => 30 * v),
        truthRegions(mask, side),
      )
      return scorer.score()?.aupimo ?? null
    }
    expect(overlapOf(90_000)).toBeNull()
    expect(overlapOf(110_000)?.mean).toBeGreaterThan(0.9)
  })

  it('stays within 1e-6 when pixels are counted in bins', () => {
    // Inputs large enough that bins hold several scores; offset and scale must not matter.
    const rng = createRng(7)
    const pixels = 100 * 100
    for (const [scale, offset] of [
      [1, 0],
      [0.001, 1000],
      [500, -3],
    ] as const) {
      const exact = new PixelRanking()
      const binned = new PixelRanking(50_000)
      let regions = 0
      for (let n = 0; n < 200; n++) {
        const mask = new Uint8Array(pixels)
        if (n % 3 === 0) for (let y = 40; y < 60; y++) mask.fill(1, y * 100 + 30, y * 100 + 55)
        const truth = truthRegions(mask, 100)
        regions += truth.regions.length
        const values = Float32Array.from(mask, (m) =>
          // A third of the scores is exactly the offset, as maps with a floor have them.
          rng.chance(0.33) ? offset : offset + scale * (rng.normal() + 1.5 * m),
        )
        exact.add(values, truth.labels, truth.shares)
        binned.add(values, truth.labels, truth.shares)
      }
      expect([exact.exact, binned.exact]).toEqual([true, false])
      const [a, b] = [exact.steps(), binned.steps()]
      expect(b.score.length).toBeLessThanOrEqual(a.score.length)
      const differs = (f: (s: typeof a) => number): number => Math.abs(f(b) - f(a))
      expect(differs(rocArea)).toBeLessThan(1e-6)
      expect(differs(averagePrecision)).toBeLessThan(1e-6)
      const pro = (s: typeof a): number => areaUpTo(proCurve(s.good, s.share, regions), 0.3)
      expect(differs(pro)).toBeLessThan(1e-6)
      expect(bestF1Point(b)?.f1).toBeCloseTo(bestF1Point(a)?.f1 ?? NaN, 4)
    }
  })

  it('keeps the order of floats, negative ones and zeros too', () => {
    const values = [-Infinity, -3e10, -1.5, -1e-40, 0, 1e-40, 2, 2.0000002, 1e30]
    const keys = values.map(orderedKey)
    expect(keys).toEqual(keys.toSorted((a, b) => a - b))
    expect(new Set(keys).size).toBe(values.length)
    expect(orderedKey(-0)).toBe(orderedKey(0))
    expect([...orderOf(Float32Array.of(2, -1, 0.5, -1), 4)]).toEqual([1, 3, 2, 0])
  })

  // torch.nn.functional.interpolate([[0, 1], [2, 3]], size=4, mode="bilinear", align_corners=False)
  it('stretches maps as torch does', () => {
    const out = new Float32Array(16)
    stretchMap(Float32Array.of(0, 1, 2, 3), 2, 2, [0.5, 0, -0.25, 0, 0.5, -0.25], 4, 4, out)
    expect([...out]).toEqual([0, 0.25, 0.75, 1, 0.5, 0.75, 1.25, 1.5, 1.5, 1.75, 2.25, 2.5, 2, 2.25, 2.75, 3])
  })

  it('labels touching pixels as one region and measures it', () => {
    const rows = ['1..1', '.1..', '...1', '...1']
    const mask = Uint8Array.from(rows.join(''), (c) => (c === '1' ? 1 : 0))
    const t = truthRegions(mask, 4)
    expect(t.regions).toEqual([
      { areaPx: 2, sizePx: 2 },
      { areaPx: 1, sizePx: 1 },
      { areaPx: 2, sizePx: 2 },
    ])
    expect([...t.shares]).toEqual([0, 0.5, 1, 0.5])
    expect([...t.labels]).toEqual([1, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3])
  })
})

it('scores detections as pycocotools does', () => {
  const got = scoreCoco(reference.coco.images, ['open', 'short', 'spur'])
  for (const [name, value] of Object.entries(reference.coco.stats))
    expect(got[name as 'ap'], name).toBeCloseTo(value, 9)
  for (const c of got.perClass) {
    expect(c.ap).toBeCloseTo(reference.coco.perClass[c.class]?.ap ?? NaN, 9)
    expect(c.ap50).toBeCloseTo(reference.coco.perClass[c.class]?.ap50 ?? NaN, 9)
  }
  const more = scoreCoco(reference.coco.images, ['open', 'short', 'spur', 'absent'])
  expect(more.ap).toBeCloseTo(got.ap ?? NaN, 15)
})

it('scores classes as scikit-learn does', () => {
  const r = reference.classes
  const got = scoreClasses(
    r.truth.map((truth, n) => ({ truth, called: r.called[n] ?? '' })),
    r.labels,
  )
  expect(got.accuracy.rate).toBeCloseTo(r.accuracy, 12)
  expect(got.balancedAccuracy).toBeCloseTo(r.balanced, 12)
  expect(got.confusion).toEqual({ labels: r.labels, counts: r.confusion })
  got.classes.forEach((c, n) => {
    expect(c.truths).toBe(r.support[n])
    for (const k of ['precision', 'recall', 'f1'] as const) {
      const want = r[k][n]
      if (typeof want === 'number') expect(c[k], `${k} of ${c.class}`).toBeCloseTo(want, 12)
      else expect(c[k] ?? 0, `${k} of ${c.class}`).toBe(0)
    }
  })
})

it('tests flips of verdicts as the binomial test of scipy does', () => {
  for (const { onlyFirst, onlySecond, p } of reference.mcnemar)
    expect(mcnemarExact(onlyFirst, onlySecond), `${onlyFirst} against ${onlySecond}`).toBeCloseTo(p, 12)
})

it('counts recall by size in half-open bins', () => {
  const bins = recallBySize([
    { size: 1.9, found: true },
    { size: 2, found: false },
    { size: 4.99, found: true },
    { size: 50, found: true },
  ])
  expect(bins.map((b) => [b.from, b.to, b.recall.count, b.recall.of])).toEqual([
    [1, 2, 1, 1],
    [2, 5, 1, 2],
    [50, 100, 1, 1],
  ])
})

it('sees steps of equal scores as one', () => {
  const s = stepsOf([1, 2, 1, 2], [true, false, false, false])
  expect([[...s.score], [...s.good], [...s.bad]]).toEqual([
    [2, 1],
    [2, 1],
    [0, 1],
  ])
})
