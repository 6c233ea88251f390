import { describe, expect, it } from 'vitest'
import type { FamilySpec } from '../../contracts/index.ts'
import { elementwiseDifference } from '../../models/adapters/elementwise.ts'
import { adapterFor } from '../../models/adapters/registry.ts'
import type { DecodeContext } from '../../models/adapters/adapter.ts'
import type { RawOutputs } from '../../models/runtime/ort-session.ts'
import { context, f32, i64 } from './samples/raw-outputs.ts'

describe('classification', () => {
  const spec: FamilySpec = { family: 'classification', output: 'p', activation: 'softmax' }

  it('computes softmax of large logits', () => {
    // exp(0) / (exp(0) + exp(-ln 3)) = 3/4
    const logits = f32([1, 2], [1000, 1000 - Math.log(3)])
    const { scores, findings } = adapterFor(spec).decode({ p: logits }, context())
    // float32 holds 1000 - ln 3 to 3e-5
    expect(scores['a']).toBeCloseTo(0.75, 4)
    expect(scores['b']).toBeCloseTo(0.25, 4)
    expect(findings.map((f) => [f.class, f.box])).toEqual([['a', [0, 0, 100, 80]]])
  })

  it('refuses another number of classes than the card has', () => {
    expect(() => adapterFor(spec).decode({ p: f32([1, 3], [1, 2, 3]) }, context())).toThrow(
      /MDL_OUTPUT.*\(p\); expected shape \[1, 2\]; found \[1, 3\]/,
    )
    expect(() => adapterFor(spec).decode({}, context())).toThrow(/MDL_OUTPUT/)
  })
})

describe('YOLOv8 head', () => {
  const spec: FamilySpec = { family: 'detection-yolov8', output: 'o', nmsIou: 0.5, scoreFloor: 0.1 }
  // columns are anchors: cx, cy, w, h, score of a, score of b
  const head = (anchors: number[][]): RawOutputs => ({
    o: f32(
      [1, 6, anchors.length],
      [0, 1, 2, 3, 4, 5].flatMap((r) => anchors.map((a) => a[r] ?? 0)),
    ),
  })
  const decode = (anchors: number[][], over: Partial<DecodeContext> = {}) =>
    adapterFor(spec).decode(head(anchors), context(over))

  it('turns centre and size into corners', () => {
    const { findings } = decode([[20, 30, 10, 6, 0.75, 0]])
    expect(findings).toEqual([{ class: 'a', score: 0.75, box: [15, 27, 25, 33], areaPx: 60 }])
  })

  it('does not hide a class below its own low threshold behind another below a high one', () => {
    const anchor = [[20, 30, 10, 6, 0.5, 0.375]]
    expect(decode(anchor, { thresholds: [0.9, 0.25] }).findings).toMatchObject([{ class: 'b', score: 0.375 }])
    expect(decode(anchor, { thresholds: [0.25, 0.25] }).findings).toMatchObject([{ class: 'a', score: 0.5 }])
    expect(decode(anchor, { thresholds: [0.9, 0.9] }).findings).toEqual([])
  })

  it('suppresses within a class only', () => {
    const anchors = [
      [20, 30, 10, 10, 0.75, 0],
      [21, 30, 10, 10, 0.625, 0],
      [20, 31, 10, 10, 0, 0.5625],
    ]
    const { findings, scores } = decode(anchors)
    expect(findings.map((f) => [f.class, f.score])).toEqual([
      ['a', 0.75],
      ['b', 0.5625],
    ])
    expect(scores).toEqual({ count: 2, max: 0.75 })
  })

  it('tells the best score although it is below every threshold, and ignores scores below the floor', () => {
    expect(decode([[20, 30, 10, 10, 0.25, 0]])).toEqual({ findings: [], scores: { count: 0, max: 0.25 } })
    expect(decode([[20, 30, 10, 10, 0.0625, 0]], { thresholds: [0, 0] }).findings).toEqual([])
  })

  it('keeps equal scores in one order', () => {
    const anchors = [
      [60, 60, 10, 10, 0, 0.75],
      [60, 10, 10, 10, 0.75, 0],
      [20, 10, 10, 10, 0.75, 0],
    ]
    const order = (list: number[][]): number[][] => decode(list).findings.map((f) => f.box.slice(0, 2))
    const expected = [
      [15, 5],
      [55, 5],
      [55, 55],
    ]
    expect(order(anchors)).toEqual(expected)
    expect(order(anchors.toReversed())).toEqual(expected)
  })

  it('refuses a transposed head and one for other classes', () => {
    expect(() => adapterFor(spec).decode({ o: f32([1, 2, 6], Array(12).fill(0)) }, context())).toThrow(
      /MDL_OUTPUT.*expected shape \[1, 6, anchors\]; found \[1, 2, 6\]/,
    )
  })
})

describe('YOLOv5 head', () => {
  const given = { family: 'detection-objectness', output: 'o', nmsIou: 0.5, scoreFloor: 0.1 } as const
  const spec: FamilySpec = { ...given, score: 'product' }
  // rows: cx, cy, w, h, something there, score of a, score of b
  const decode = (rows: number[][], over: Partial<DecodeContext> = {}) =>
    adapterFor(spec).decode({ o: f32([1, rows.length, 7], rows.flat()) }, context(over))

  it('scores a class by the product of both sigmoids', () => {
    expect(decode([[20, 30, 10, 6, 0.75, 0.875, 0.25]])).toEqual({
      findings: [{ class: 'a', score: 0.65625, box: [15, 27, 25, 33], areaPx: 60 }],
      scores: { count: 1, max: 0.65625 },
    })
    expect(decode([[20, 30, 10, 6, 0.25, 1, 0]])).toEqual({ findings: [], scores: { count: 0, max: 0.25 } })
  })

  it('scores the one class of a YOLOv7 by objectness', () => {
    const one = adapterFor({ ...given, score: 'objectness' })
    const { findings } = one.decode({ o: f32([1, 1, 6], [20, 30, 10, 6, 0.75, 0.5]) }, context({ labels: ['a'], thresholds: [0.5] })) // prettier-ignore
    expect(findings).toMatchObject([{ class: 'a', score: 0.75 }])
  })

  it('does not hide a class below its own low threshold, and suppresses within a class only', () => {
    const over = { thresholds: [0.9, 0.25] }
    expect(decode([[20, 30, 10, 6, 1, 0.5, 0.375]], over).findings).toMatchObject([{ class: 'b' }])
    const three = [
      [20, 30, 10, 10, 1, 0.625, 0],
      [21, 30, 10, 10, 1, 0.75, 0],
      [20, 31, 10, 10, 1, 0, 0.5625],
    ]
    expect(decode(three).findings.map((f) => [f.class, f.score])).toEqual([
      ['a', 0.75],
      ['b', 0.5625],
    ])
  })

  it('refuses the head of a later version, and one for other classes', () => {
    for (const shape of [
      [1, 7, 3],
      [1, 3, 8],
    ])
      expect(() => adapterFor(spec).decode({ o: f32(shape, Array(24).fill(0)) }, context())).toThrow(
        /MDL_OUTPUT.*expected shape \[1, anchors, 7\]/,
      )
  })
})

describe('decoded detections', () => {
  const spec: FamilySpec = {
    family: 'detection-decoded',
    boxes: 'b',
    scores: 's',
    labels: 'l',
    nms: null,
    scoreFloor: 0.1,
  }
  const rows = (list: { box: number[]; score: number; label: number }[]): RawOutputs => ({
    b: f32(
      [1, list.length, 4],
      list.flatMap((r) => r.box),
    ),
    s: f32(
      [1, list.length],
      list.map((r) => r.score),
    ),
    l: i64(
      [1, list.length],
      list.map((r) => r.label),
    ),
  })
  const one = { box: [1, 2, 11, 12], score: 0.75, label: 1 }

  it('refuses a label outside the card, unless the row is filling', () => {
    const adapter = adapterFor(spec)
    expect(() => adapter.decode(rows([{ ...one, label: 7 }]), context())).toThrow(
      /MDL_OUTPUT.*l\[0, 0\]\); expected a label from 0 to 1; found 7/,
    )
    expect(() => adapter.decode(rows([{ ...one, label: -1 }]), context())).toThrow(/MDL_OUTPUT/)
    const filling = rows([one, { ...one, label: -1, score: 0 }])
    expect(adapter.decode(filling, context()).findings).toHaveLength(1)
  })

  it('refuses outputs whose lengths disagree', () => {
    const raw = rows([one, one])
    const adapter = adapterFor(spec)
    expect(() => adapter.decode({ ...raw, b: f32([1, 1, 4], [0, 0, 1, 1]) }, context())).toThrow(
      /expected shape \[1, 2, 4\]; found \[1, 1, 4\]/,
    )
    expect(() => adapter.decode({ ...raw, l: i64([1, 1], [0]) }, context())).toThrow(
      /expected shape \[1, 2\]/,
    )
    expect(() => adapter.decode({ ...raw, l: f32([1, 2], [0, 0]) }, context())).toThrow(/expected int64/)
    expect(() => adapter.decode({ ...raw, s: f32([2], [0, 0]) }, context())).toThrow(
      /expected shape \[1, k\]/,
    )
  })

  it('suppresses across classes when the card says so', () => {
    const raw = rows([one, { box: [2, 2, 12, 12], score: 0.625, label: 0 }])
    const count = (nms: { iou: number; classAware: boolean }): number =>
      adapterFor({ ...spec, nms }).decode(raw, context()).findings.length
    expect(count({ iou: 0.5, classAware: true })).toBe(2)
    expect(count({ iou: 0.5, classAware: false })).toBe(1)
  })

  it('scores what overlaps lower when the card says so, by the threshold of its class', () => {
    // 10 x 10 squares, half over each other: IoU 1/3
    const raw = rows([
      { box: [0, 0, 10, 10], score: 0.75, label: 1 },
      { box: [5, 0, 15, 10], score: 0.5, label: 1 },
    ])
    const adapter = adapterFor({ ...spec, nms: { sigma: 0.5, classAware: true } })
    const scores = (thresholds: number[]): number[] =>
      adapter.decode(raw, { ...context(), thresholds }).findings.map((f) => f.score)
    expect(scores([0.1, 0.1])).toEqual([0.75, expect.closeTo(0.5 * Math.exp(-2 / 9), 6) as number])
    expect(scores([0.1, 0.45])).toEqual([0.75])
  })

  it('decodes an output without rows', () => {
    expect(adapterFor(spec).decode(rows([]), context())).toEqual({
      findings: [],
      scores: { count: 0, max: 0 },
    })
  })

  describe('golden comparison', () => {
    const tolerance = { atol: 0.01, rtol: 0 }
    const other = { box: [50, 50, 60, 60], score: 0.745, label: 0 }
    const compare = (want: RawOutputs, got: RawOutputs) => adapterFor(spec).difference(want, got, tolerance)

    it('accepts near-equal scores in another order, and rows that cross the floor', () => {
      expect(compare(rows([one, other]), rows([other, one]))).toBeNull()
      const atFloor = { ...one, score: 0.105 }
      const belowFloor = { ...one, box: [9, 9, 9, 9], score: 0.095 }
      expect(compare(rows([atFloor]), rows([belowFloor]))).toBeNull()
    })

    it('finds a moved box, another label, a lost row and an additional one', () => {
      expect(compare(rows([one]), rows([{ ...one, box: [1, 2, 11, 12.5] }]))).toMatchObject({
        difference: 0.5,
      })
      expect(compare(rows([one]), rows([{ ...one, label: 0 }]))).toMatchObject({
        got: 'no row of this label',
      })
      const nothing = { ...other, score: 0 }
      expect(compare(rows([one, other]), rows([one, nothing]))?.want).toMatch(/label 0 score 0.7450/)
      expect(compare(rows([one, nothing]), rows([one, other]))?.got).toMatch(/label 0 score 0.7450/)
    })

    it('does not let one replayed row stand for two recorded ones', () => {
      expect(compare(rows([one, one]), rows([one, { ...one, score: 0 }]))).not.toBeNull()
    })
  })
})

describe('elementwise golden comparison', () => {
  const tolerance = { atol: 0.1, rtol: 0.01 }

  it('accepts what lies within atol + rtol * |want| and names the worst place outside', () => {
    const want = { o: f32([2, 2], [0, 100, -100, 1]) }
    expect(elementwiseDifference(want, { o: f32([2, 2], [0.09, 101, -101, 1]) }, tolerance)).toBeNull()
    const worst = elementwiseDifference(want, { o: f32([2, 2], [0.25, 100, -104, 1]) }, tolerance)
    expect(worst).toEqual({ where: 'o[1, 0]', want: '-100', got: '-104', difference: 4 })
  })

  it('names a shape that changed', () => {
    const worst = elementwiseDifference({ o: f32([1, 2], [0, 0]) }, { o: f32([2, 1], [0, 0]) }, tolerance)
    expect(worst).toMatchObject({ where: 'o.shape', want: '[1, 2]', got: '[2, 1]' })
  })
})
