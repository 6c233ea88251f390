import { describe, expect, it } from 'vitest'
import { placeRows, replicateEdge, rgbToGrey } from '../../models/kernels/convert.kernel.ts'
import { firstNonFinite } from '../../models/kernels/finite.kernel.ts'
import { iou, nms, softNms } from '../../models/kernels/nms.kernel.ts'
import { regionsAbove } from '../../models/kernels/regions.kernel.ts'

function suppress(
  boxes: number[][],
  scores: number[],
  labels: number[],
  maxIou: number,
  classAware: boolean,
): number[] {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
  const keep = new Uint32Array(scores.length)
  const n = nms(Float64Array.from(boxes.flat()), Int32Array.from(labels), order, maxIou, classAware, keep)
  return [...keep.subarray(0, n)]
}

/** Kept candidates with what is left of their scores. */
function soften(
  boxes: number[][],
  scores: number[],
  labels: number[],
  least: number,
  classAware = true,
): [number, number][] {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
  const keep = new Uint32Array(scores.length)
  const left = Float64Array.from(scores)
  const floors = new Float64Array(scores.length).fill(least)
  const flat = Float64Array.from(boxes.flat())
  const n = softNms(flat, Int32Array.from(labels), left, floors, order, 0.5, classAware, keep)
  return [...keep.subarray(0, n)].map((i) => [i, left[i] ?? NaN])
}

describe('soft nms', () => {
  // IoU of the first two 1/3, so that the weaker keeps exp(-2/9) of its score
  const boxes = [
    [0, 0, 10, 10],
    [5, 0, 15, 10],
    [40, 40, 50, 50],
  ]

  it('lowers what overlaps by the formula of a hand example', () => {
    const left = soften(boxes, [0.8, 0.9, 0.7], [0, 0, 0], 0)
    expect(left.map(([i]) => i)).toEqual([1, 2, 0])
    expect(left[2]?.[1]).toBeCloseTo(0.8 * Math.exp(-2 / 9), 12)
    expect(soften(boxes, [0.8, 0.9, 0.7], [1, 0, 0], 0)).toEqual([
      [1, 0.9],
      [0, 0.8],
      [2, 0.7],
    ])
    expect(soften(boxes, [0.8, 0.9, 0.7], [1, 0, 0], 0, false)).toEqual(left)
  })

  it('drops what falls below its least score', () => {
    expect(soften(boxes, [0.8, 0.9, 0.7], [0, 0, 0], 0.65).map(([i]) => i)).toEqual([1, 2])
    expect(soften(boxes, [0.8, 0.9, 0.7], [0, 0, 0], 0.64).map(([i]) => i)).toEqual([1, 2, 0])
    expect(soften([], [], [], 0)).toEqual([])
  })

  it('keeps what ensemble-boxes 1.0.9 keeps, in its order within a class', () => {
    // soft_nms([boxes / 100], [scores], [labels], method=2, sigma=0.5, thresh=0.05)
    const many = [
      [10, 10, 50, 50],
      [15, 12, 55, 52],
      [30, 10, 70, 50],
      [60, 60, 90, 90],
      [62, 58, 88, 93],
      [12, 8, 48, 54],
      [10, 60, 30, 80],
    ]
    const labels = [0, 0, 0, 1, 1, 0, 1]
    const kept = soften(many, [0.9, 0.85, 0.6, 0.7, 0.72, 0.5, 0.3], labels, 0.05).map(([i]) => i)
    expect(kept.filter((i) => labels[i] === 0)).toEqual([0, 2, 1])
    expect(kept.filter((i) => labels[i] === 1)).toEqual([4, 6, 3])
  })
})

describe('nms', () => {
  // two 10 x 10 squares shifted by 5: intersection 50, union 150, IoU 1/3
  const boxes = [
    [0, 0, 10, 10],
    [5, 0, 15, 10],
    [40, 40, 50, 50],
  ]

  it('computes the IoU of a hand example', () => {
    const flat = Float64Array.from(boxes.flat())
    expect(iou(flat, 0, 1)).toBeCloseTo(1 / 3, 12)
    expect(iou(flat, 0, 2)).toBe(0)
    expect(iou(Float64Array.of(3, 3, 3, 3, 3, 3, 3, 3), 0, 1)).toBe(0)
  })

  it('drops the weaker of two overlapping boxes, and neither at a higher limit', () => {
    expect(suppress(boxes, [0.8, 0.9, 0.7], [0, 0, 0], 0.3, true)).toEqual([1, 2])
    expect(suppress(boxes, [0.8, 0.9, 0.7], [0, 0, 0], 0.34, true)).toEqual([1, 0, 2])
  })

  it('lets boxes of other classes stand only when class-aware', () => {
    expect(suppress(boxes, [0.8, 0.9, 0.7], [0, 1, 0], 0.3, true)).toEqual([1, 0, 2])
    expect(suppress(boxes, [0.8, 0.9, 0.7], [0, 1, 0], 0.3, false)).toEqual([1, 2])
  })

  it('does not let a dropped box suppress another one', () => {
    const chain = [0, 6, 12].map((x) => [x, 0, x + 10, 10])
    expect(suppress(chain, [0.9, 0.8, 0.7], [0, 0, 0], 0.2, true)).toEqual([0, 2])
  })

  it('agrees with the definition on random boxes (seed 11)', () => {
    const random = lcg(11)
    for (let round = 0; round < 50; round++) {
      const many = Array.from({ length: 30 }, () => {
        const [x, y] = [random() * 40, random() * 40]
        return [x, y, x + 2 + random() * 20, y + 2 + random() * 20]
      })
      const scores = many.map(() => random())
      const labels = many.map(() => Math.floor(random() * 3))
      for (const classAware of [true, false])
        expect(suppress(many, scores, labels, 0.4, classAware)).toEqual(
          bruteForce(many, scores, labels, 0.4, classAware),
        )
    }
  })
})

/** The definition: again and again take the best box left, and remove what overlaps it. */
function bruteForce(
  boxes: number[][],
  scores: number[],
  labels: number[],
  maxIou: number,
  classAware: boolean,
): number[] {
  let left = [...scores.keys()]
  const kept: number[] = []
  while (left.length > 0) {
    const best = left.reduce((a, b) => ((scores[b] ?? 0) > (scores[a] ?? 0) ? b : a))
    kept.push(best)
    left = left.filter(
      (i) =>
        i !== best &&
        ((classAware && labels[i] !== labels[best]) || overlap(boxes[i] ?? [], boxes[best] ?? []) <= maxIou),
    )
  }
  return kept
}

/** IoU by counting: |A ∩ B| / |A ∪ B| from interval lengths. */
function overlap(a: number[], b: number[]): number {
  const span = (i: number): number =>
    Math.max(0, Math.min(a[i + 2] ?? 0, b[i + 2] ?? 0) - Math.max(a[i] ?? 0, b[i] ?? 0))
  const area = (r: number[]): number => ((r[2] ?? 0) - (r[0] ?? 0)) * ((r[3] ?? 0) - (r[1] ?? 0))
  const both = span(0) * span(1)
  return both / (area(a) + area(b) - both)
}

/** Numerical Recipes' quick generator, 0..1. */
function lcg(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}

describe('regionsAbove', () => {
  function find(rows: string[], low: number, capacity = 16): { count: number; list: number[][] } {
    const width = rows[0]?.length ?? 0
    const map = Float32Array.from(rows.join(''), Number)
    const out = new Float64Array(6 * capacity)
    const count = regionsAbove(
      map,
      width,
      rows.length,
      low,
      out,
      new Uint32Array(map.length),
      new Uint32Array(map.length),
    )
    const list = Array.from({ length: Math.min(count, capacity) }, (_, r) => [
      ...out.subarray(r * 6, r * 6 + 6),
    ])
    return { count, list }
  }

  it('joins cells by side and corner and gives box, size and peak', () => {
    const { list } = find(['0500', '0070', '9000', '0003'], 5)
    expect(list).toEqual([
      [1, 0, 3, 2, 2, 7],
      [0, 2, 1, 3, 1, 9],
    ])
  })

  it('gives the peak wherever it lies in the region', () => {
    for (const row of ['9567', '5967', '5697', '5679']) expect(find([row], 5).list[0]?.[5]).toBe(9)
  })

  it('follows a ring without splitting them', () => {
    expect(find(['55555', '50005', '50605', '50005', '55555'], 5).list).toEqual([
      [0, 0, 5, 5, 16, 5],
      [2, 2, 3, 3, 1, 6],
    ])
  })

  it('counts regions beyond the capacity', () => {
    expect(find(['50505'], 5, 2)).toEqual({
      count: 3,
      list: [
        [0, 0, 1, 1, 1, 5],
        [2, 0, 3, 1, 1, 5],
      ],
    })
  })

  it('finds nothing below the limit and everything at it', () => {
    expect(find(['44', '44'], 5).count).toBe(0)
    expect(find(['44', '44'], 4).list).toEqual([[0, 0, 2, 2, 4, 4]])
  })
})

describe('firstNonFinite', () => {
  it('finds NaN and infinities by place, and accepts the largest floats', () => {
    const big = 3.4028234663852886e38
    expect(firstNonFinite(Float32Array.of(1, -0, big, big, big, -big))).toBe(-1)
    expect(firstNonFinite(Float32Array.of(1, NaN, 2))).toBe(1)
    expect(firstNonFinite(Float32Array.of(1, 2, -Infinity))).toBe(2)
    expect(firstNonFinite(Float32Array.of(Infinity, -Infinity))).toBe(0)
    expect(firstNonFinite(new Float32Array(0))).toBe(-1)
  })
})

describe('conversion', () => {
  it('weighs RGB to luma as Pillow 13 does', () => {
    // PIL: Image.fromarray(rgb).convert('L')
    const rgb = [153, 178, 215, 76, 52, 39, 250, 72, 215, 50, 161, 223, 112, 172, 161, 233, 38, 17]
    const out = new Uint8Array(6)
    rgbToGrey(Uint8Array.from(rgb), out)
    expect([...out]).toEqual([175, 58, 142, 135, 153, 94])
  })

  it('places rows, repeating grey levels for RGB', () => {
    const out = new Uint8Array(18)
    placeRows(Uint8Array.of(1, 2), 1, 2, 3, out, 3, 9)
    expect([...out]).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 2, 2, 2, 0, 0, 0])
  })

  it('repeats the last column and row', () => {
    const image = Uint8Array.of(1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0)
    replicateEdge(image, 2, 2, 1, 4, 3)
    expect([...image]).toEqual([1, 2, 2, 2, 3, 4, 4, 4, 3, 4, 4, 4])
  })
})
