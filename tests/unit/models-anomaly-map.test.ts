import { describe, expect, it } from 'vitest'
import type { FamilySpec } from '../../contracts/index.ts'
import { adapterFor } from '../../models/adapters/registry.ts'
import type { Geometry } from '../../models/input/geometry.ts'
import type { RawTensor } from '../../models/runtime/ort-session.ts'
import { context, f32, same } from './samples/raw-outputs.ts'

describe('anomaly map', () => {
  const spec: FamilySpec = { family: 'anomaly-map', map: 'm', score: null, mapThreshold: 5, minAreaPx: 1 }
  const map = (rows: string[]): RawTensor =>
    f32([1, 1, rows.length, rows[0]?.length ?? 0], Array.from(rows.join(''), Number))
  const one = { labels: ['a'], thresholds: [7] }
  const rows = ['0560', '0560', '0000', '9005']

  it('grows regions at the map threshold and reports those whose peak reaches the threshold', () => {
    const {
      findings,
      scores,
      map: out,
    } = adapterFor(spec).decode({ m: map(rows) }, context({ ...one, geometry: same(4, 4) }))
    expect(findings).toEqual([{ class: 'a', score: 9, box: [0, 3, 1, 4], areaPx: 1 }])
    expect(scores).toEqual({ score: 9, count: 1 })
    expect(out).toMatchObject({ widthPx: 4, heightPx: 4, min: 0, max: 9 })
    const lower = adapterFor(spec).decode(
      { m: map(rows) },
      context({ labels: ['a'], thresholds: [6], geometry: same(4, 4) }),
    )
    expect(lower.findings.map((f) => f.box)).toEqual([
      [0, 3, 1, 4],
      [1, 0, 3, 2],
    ])
  })

  it('finds what lies between a low threshold and the map threshold', () => {
    const raw = { m: map(['0300']) }
    const { findings } = adapterFor(spec).decode(
      raw,
      context({ labels: ['a'], thresholds: [3], geometry: same(4, 1) }),
    )
    expect(findings).toMatchObject([{ score: 3, box: [1, 0, 2, 1] }])
  })

  it('lays a map of the middle over the middle, and gives what is not seen the least score', () => {
    const half = { ...spec, covers: [0.5, 0.5] as [number, number] }
    const raw = { m: map(['18', '25']) }
    // 8 x 8 px: a cell is 2 px, and the map begins at 2
    const { findings, map: out } = adapterFor(half).decode(raw, context({ ...one, geometry: same(8, 8) }))
    expect(findings).toEqual([{ class: 'a', score: 8, box: [4, 2, 6, 6], areaPx: 8 }])
    expect(out).toMatchObject({ widthPx: 4, heightPx: 4, min: 1, max: 8 })
    expect([...(out?.values ?? [])]).toEqual([1, 1, 1, 1, 1, 1, 8, 1, 1, 2, 5, 1, 1, 1, 1, 1])
  })

  it('drops regions below the smallest area, measured in px of the image', () => {
    const small = { ...spec, minAreaPx: 5 } as FamilySpec
    // 4 x 4 cells over 8 x 8 px: one cell is 4 px
    const { findings } = adapterFor(small).decode(
      { m: map(['0770', '0000', '0000', '7000']) },
      context({ ...one, geometry: same(8, 8) }),
    )
    expect(findings).toEqual([{ class: 'a', score: 7, box: [2, 0, 6, 2], areaPx: 8 }])
  })

  it('looks only at the part of the map that lies over the image', () => {
    // 8 x 2 px letterboxed into 4 x 4: content 4 x 1 px, one row below the top
    const geometry: Geometry = {
      image: { widthPx: 8, heightPx: 2 },
      model: { widthPx: 4, heightPx: 4 },
      content: { widthPx: 4, heightPx: 1 },
      leftPx: 0,
      topPx: 1,
      around: 'grey',
    }
    const {
      findings,
      map: out,
      scores,
    } = adapterFor(spec).decode({ m: map(['9999', '0080', '9999', '9999']) }, context({ ...one, geometry }))
    expect(findings).toEqual([{ class: 'a', score: 8, box: [4, 0, 6, 2], areaPx: 4 }])
    expect([...(out?.values ?? [])]).toEqual([0, 0, 8, 0])
    expect(scores['score']).toBe(8)
  })

  it('gives the image score of the model where it has one, unclamped', () => {
    const scored = { ...spec, score: 's' } as FamilySpec
    const ctx = context({ ...one, geometry: same(4, 4) })
    const raw = { m: map(rows), s: f32([1], [123.5]) }
    expect(adapterFor(scored).decode(raw, ctx).scores['score']).toBe(123.5)
    expect(() => adapterFor(scored).decode({ ...raw, s: f32([2], [1, 2]) }, ctx)).toThrow(
      /MDL_OUTPUT.*\(s\); expected shape \[1\]/,
    )
    expect(() => adapterFor(scored).decode({ ...raw, m: f32([16], Array(16).fill(0)) }, ctx)).toThrow(
      /MDL_OUTPUT.*\(m\); expected shape \[1, h, w\]/,
    )
  })

  describe('decided by the image score', () => {
    const decided = { ...spec, score: 's', decidedBy: 'score' } as FamilySpec
    const decode = (image: number, over: Partial<FamilySpec> = {}) =>
      adapterFor({ ...decided, ...over } as FamilySpec)
        .decode({ m: map(rows), s: f32([1], [image]) }, context({ ...one, geometry: same(4, 4) }))
        .findings.map((f) => [f.score, ...f.box])

    it('finds nothing below the threshold, however high a place is', () => {
      expect(decode(6.9)).toEqual([])
    })

    it('gives the highest place the score of the image, and no other more than that', () => {
      expect(decode(7)).toEqual([[7, 0, 3, 1, 4]])
      const lower = context({ labels: ['a'], thresholds: [5], geometry: same(4, 4) })
      const raw = { m: map(rows), s: f32([1], [5.5]) }
      expect(adapterFor(decided).decode(raw, lower).findings).toMatchObject([
        { score: 5.5, box: [1, 0, 3, 2] },
        { score: 5.5, box: [0, 3, 1, 4] },
        { score: 5, box: [3, 3, 4, 4] },
      ])
    })

    it('shows the highest place when none reaches the threshold of the map', () => {
      const raw = { m: map(['0430']), s: f32([1], [12]) }
      const { findings } = adapterFor(decided).decode(raw, context({ ...one, geometry: same(4, 1) }))
      expect(findings).toEqual([{ class: 'a', score: 12, box: [1, 0, 2, 1], areaPx: 1 }])
    })

    it('drops no strongest place for its area: on a small image a cell is less than a px', () => {
      expect(decode(12, { minAreaPx: 5 })).toEqual([[12, 0, 3, 1, 4]])
      const { findings } = adapterFor(decided).decode(
        { m: map(rows), s: f32([1], [12]) },
        context({ ...one, geometry: { ...same(4, 4), image: { widthPx: 1, heightPx: 1 } } }),
      )
      expect(findings).toHaveLength(1)
      expect(findings[0]?.score).toBe(12)
    })
  })
})
