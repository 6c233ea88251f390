import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { FamilySpec } from '../../contracts/index.ts'
import { adapterFor } from '../../models/adapters/registry.ts'
import type { Geometry } from '../../models/input/geometry.ts'
import { ctcBestPath } from '../../models/kernels/ctc.kernel.ts'
import { linearWeights, resizeLinear } from '../../models/kernels/linear.kernel.ts'
import { convexHull, minAreaRect } from '../../models/kernels/min-area-rect.kernel.ts'
import { context, f32, same } from './samples/raw-outputs.ts'

interface Found {
  label: number
  score: number
  box: number[]
}
interface Golden {
  segmentation: { head: number[]; prototypes: number[]; findings: (Found & { maskPx: number })[] }
  rows: { output: number[]; findings: Found[] }
  classes: { logits: number[]; findings: { label: number; score: number; cells: number }[]; cells: number[] }
  anomaly: { map: number[]; score: number[]; label: boolean; maskCells: number }
  rectangles: { points: number[]; centre: [number, number]; sides: [number, number] }[]
}
/** Made by tests/golden/models-postprocess.py: the libraries' own postprocessing of the same raw outputs. */
const golden = JSON.parse(
  readFileSync(new URL('../golden/models-postprocess.json', import.meta.url), 'utf8'),
) as Golden

/** 128 x 96 px letterboxed into 64 x 64. */
const boxed: Geometry = {
  image: { widthPx: 128, heightPx: 96 },
  model: { widthPx: 64, heightPx: 64 },
  content: { widthPx: 64, heightPx: 48 },
  leftPx: 0,
  topPx: 8,
  around: 'grey',
}
const stretched: Geometry = { ...boxed, content: boxed.model, topPx: 0 }
const quarter = { thresholds: [0.25, 0.25], maxFindings: 100 }

function expectFindings(
  got: readonly { class: string; score: number; box: readonly number[] }[],
  want: readonly Found[],
): void {
  expect(got.map((f) => f.class)).toEqual(want.map((f) => 'ab'[f.label]))
  got.forEach((f, i) => {
    expect(f.score).toBeCloseTo(want[i]?.score ?? 0, 5)
    f.box.forEach((v, k) => expect(v).toBeCloseTo(want[i]?.box[k] ?? 0, 3))
  })
}

describe('outputs of other libraries', () => {
  it('YOLO segmentation: boxes and mask areas equal Ultralytics', () => {
    const spec: FamilySpec = {
      family: 'segmentation-yolov8',
      output: 'o',
      prototypes: 'p',
      nmsIou: 0.5,
      scoreFloor: 0.01,
    }
    const { head, prototypes, findings } = golden.segmentation
    const raw = { o: f32([1, 10, 12], head), p: f32([1, 4, 16, 16], prototypes) }
    const got = adapterFor(spec).decode(raw, context({ ...quarter, geometry: boxed })).findings
    expect(findings.length).toBeGreaterThan(4)
    expectFindings(got, findings)
    // one px of the model input is four of the image
    got.forEach((f, i) => expect(f.areaPx / 4).toBeCloseTo(findings[i]?.maskPx ?? 0, 6))
  })

  it('an empty mask leaves the detection with the area of its box', () => {
    const spec: FamilySpec = {
      family: 'segmentation-yolov8',
      output: 'o',
      prototypes: 'p',
      nmsIou: 0.5,
      scoreFloor: 0,
    }
    const raw = { o: f32([1, 7, 1], [20, 20, 10, 8, 0.75, 0, 1]), p: f32([1, 1, 2, 2], [-1, -1, -1, -1]) }
    const [f] = adapterFor(spec).decode(raw, context({ geometry: same(64, 64) })).findings
    expect(f?.areaPx).toBe(80)
  })

  it('RT-DETR rows equal RTDETRPredictor', () => {
    const spec: FamilySpec = {
      family: 'detection-rows',
      output: 'o',
      boxes: 'cxcywh-unit',
      classes: 'index',
      scoreFloor: 0.01,
    }
    const { output, findings } = golden.rows
    const got = adapterFor(spec).decode(
      { o: f32([1, 8, 6], output) },
      context({ ...quarter, geometry: stretched }),
    )
    const clipped = findings
      .map((f) => ({ ...f, box: f.box.map((v, i) => Math.min(Math.max(v, 0), i % 2 ? 96 : 128)) }))
      .sort((a, b) => b.score - a.score)
    expect(clipped.length).toBeGreaterThan(3)
    expectFindings(got.findings, clipped)
  })

  it('rows with one score per class, and refused shapes and labels', () => {
    const spec = { family: 'detection-rows', output: 'o', boxes: 'xyxy-px', scoreFloor: 0.01 } as const
    const scored = adapterFor({ ...spec, classes: 'scores' })
    const row = f32([1, 1, 6], [1, 2, 11, 22, 0.4, 0.9])
    expect(scored.decode({ o: row }, context({ thresholds: [0.25, 0.95] })).findings).toMatchObject([
      { class: 'a', box: [1, 2, 11, 22] },
    ])
    const indexed = adapterFor({ ...spec, classes: 'index' })
    expect(() => indexed.decode({ o: f32([1, 1, 6], [1, 2, 3, 4, 0.9, 2]) }, context())).toThrow(
      /MDL_OUTPUT.*o\[0, 0, 5\].*a label from 0 to 1; found 2/,
    )
    expect(() => indexed.decode({ o: f32([1, 1, 7], Array(7).fill(0)) }, context())).toThrow(/\[1, k, 6\]/)
    const moved = { o: f32([1, 1, 6], [1, 2, 11, 23, 0.4, 0.9]) }
    expect(scored.difference({ o: row }, moved, { atol: 0.1, rtol: 0 })).toMatchObject({ difference: 1 })
    expect(scored.difference({ o: row }, { o: row }, { atol: 0.1, rtol: 0 })).toBeNull()
  })

  it('semantic segmentation: regions equal SciPy on the argmax of torch', () => {
    const spec: FamilySpec = {
      family: 'segmentation-classes',
      output: 'o',
      activation: 'softmax',
      background: 'back',
      minAreaPx: 1,
    }
    const { logits, findings, cells } = golden.classes
    const { findings: got, scores } = adapterFor(spec).decode(
      { o: f32([1, 3, 8, 10], logits) },
      context({ labels: ['back', 'a', 'b'], thresholds: [0, 0, 0], maxFindings: 100, geometry: same(10, 8) }),
    )
    expect(findings.length).toBeGreaterThan(3)
    expect(got.map((f) => [f.class, f.areaPx])).toEqual(
      findings.map((f) => [f.label === 1 ? 'a' : 'b', f.cells]),
    )
    got.forEach((f, i) => expect(f.score).toBeCloseTo(findings[i]?.score ?? 0, 5))
    expect([scores['back.areaPx'], scores['a.areaPx'], scores['b.areaPx']]).toEqual(cells)
  })

  it('anomalib: image score and mask at its normalised threshold', () => {
    const spec: FamilySpec = {
      family: 'anomaly-map',
      map: 'anomaly_map',
      score: 'pred_score',
      mapThreshold: 0.5,
      minAreaPx: 1,
    }
    const { map, score, label, maskCells } = golden.anomaly
    const raw = { anomaly_map: f32([1, 1, 8, 8], map), pred_score: f32([1, 1], score) }
    const { findings, scores } = adapterFor(spec).decode(
      raw,
      context({ labels: ['anomaly'], thresholds: [0.5], geometry: same(8, 8) }),
    )
    expect((scores['score'] ?? 0) > 0.5).toBe(label)
    expect(findings.reduce((n, f) => n + f.areaPx, 0)).toBe(maskCells)
  })

  it('smallest turned rectangles equal cv2.minAreaRect', () => {
    for (const { points, centre, sides } of golden.rectangles) {
      const pairs = Array.from({ length: points.length / 2 }, (_, i) => points.slice(2 * i, 2 * i + 2))
      pairs.sort(([ax = 0, ay = 0], [bx = 0, by = 0]) => ax - bx || ay - by)
      const hull = new Float64Array(2 * points.length + 4)
      const rect = new Float64Array(5)
      minAreaRect(hull, convexHull(Float64Array.from(pairs.flat()), pairs.length, hull), rect)
      expect(rect[0]).toBeCloseTo(centre[0], 2)
      expect(rect[1]).toBeCloseTo(centre[1], 2)
      const got = [rect[2] ?? 0, rect[3] ?? 0].sort((a, b) => a - b)
      got.forEach((v, i) => expect(v).toBeCloseTo(sides[i] ?? 0, 2))
    }
  })
})

describe('CTC best path', () => {
  // steps over blank, a, b
  const steps = (list: number[][]): Float32Array => Float32Array.from(list.flat())
  const read = (list: number[][], allowed: number[]): [number[], number[], number[]] => {
    const symbols = new Int32Array(list.length)
    const scores = new Float32Array(list.length)
    const peaks = new Float32Array(list.length)
    const may = Uint8Array.from([1, ...allowed])
    const n = ctcBestPath(steps(list), list.length, 3, may, symbols, scores, peaks)
    return [[...symbols.subarray(0, n)], [...scores.subarray(0, n)], [...peaks.subarray(0, n)]]
  }

  it('joins repeats, keeps letters parted by a blank, and leaves out what the alphabet forbids', () => {
    const list = [
      [0.25, 0.75, 0],
      [0.125, 0.875, 0],
      [0.75, 0.25, 0],
      [0.25, 0.75, 0],
      [0.125, 0.25, 0.625],
    ]
    expect(read(list, [1, 1])).toEqual([
      [1, 1, 2],
      [0.75, 0.75, 0.625],
      // the first a is surer at its second step
      [0.875, 0.75, 0.625],
    ])
    // the last step without b: a again, which repeats
    expect(read(list, [1, 0])[0]).toEqual([1, 1])
  })
})

describe('a recogniser', () => {
  const decode = (thresholds: number[]) =>
    adapterFor({ family: 'text-recognition', output: 'o' }).decode(
      // steps over blank, 0, O, 7
      { o: f32([1, 3, 4], [0, 0.375, 0.625, 0, 0.5, 0, 0.5, 0, 0.25, 0, 0, 0.75]) },
      context({ labels: ['0', 'O', '7'], thresholds }),
    ).text

  it('tells how certain each character is by its surest step', () => {
    expect(decode([0, 0, 0])).toMatchObject({ text: 'O7', characters: [0.625, 0.75], weakest: 0.625 })
  })

  it('gives the only readable one of a shape what its twins have', () => {
    expect(decode([0, 2, 0])).toMatchObject({ text: '07', characters: [1, 0.75] })
    // 7 has another shape: what the forbidden ones had is nobody's
    expect(decode([2, 2, 0])).toMatchObject({ text: '7', characters: [0.75] })
  })
})

describe('linear resizing', () => {
  it('equals cv2.resize(INTER_LINEAR)', () => {
    // cv2.resize(np.uint8([[10, 80, 200], [250, 30, 5]]), (5, 3)), OpenCV 5.0
    const src = Uint8Array.of(10, 80, 200, 250, 30, 5)
    const x = { starts: new Int32Array(5), weights: new Int32Array(5) }
    const y = { starts: new Int32Array(3), weights: new Int32Array(3) }
    linearWeights(3, 5, x.starts, x.weights)
    linearWeights(2, 3, y.starts, y.weights)
    const out = new Uint8Array(15)
    const scratch = (): Int32Array => new Int32Array(5)
    resizeLinear(
      src,
      3,
      2,
      1,
      5,
      3,
      x.starts,
      x.weights,
      y.starts,
      y.weights,
      scratch(),
      scratch(),
      out,
      0,
      5,
    )
    expect([...out]).toEqual([10, 38, 80, 152, 200, 130, 100, 55, 83, 103, 250, 162, 30, 15, 5])
  })
})
