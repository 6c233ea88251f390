import { describe, expect, it } from 'vitest'
import { inspect } from '../../inspection/index.ts'
import { context, goldenFile, prepare, raw, recipeOf, render } from './samples/inspection-recipes.ts'
import { judge } from './samples/judge-pixels.ts'

const picture = (rows: string[], on: number, off: number): Uint8Array =>
  Uint8Array.from(rows.join(''), (c) => (c === '#' ? on : off))

describe('blob@1', () => {
  const rows = ['##......', '##....#.', '........', '....###.', '....###.', '#.......']
  const size = [8, 6] as const
  const image = picture(rows, 20, 200)

  it('finds dark regions by area, with boxes, contrast and regions of interest', async () => {
    const v = await judge(
      size,
      image,
      [{ id: 'spots', use: 'blob@1', polarity: 'dark', threshold: 100, minAreaPx: 2 }],
      {
        calibration: { mmPerPx: 0.5, originMm: [10, 20] },
        rois: {
          left: { shape: 'rect', box: [0, 0, 4, 6] },
          low: {
            shape: 'polygon',
            points: [
              [0, 2],
              [8, 2],
              [8, 6],
              [0, 6],
            ],
          },
        },
      },
    )
    expect(v.result).toBe('fail')
    expect(v.findings).toEqual([
      {
        id: 'spots/0',
        tool: 'spots',
        use: 'blob@1',
        class: 'blob',
        score: 80,
        box: [4, 3, 7, 5],
        areaPx: 6,
        areaMm2: 1.5,
        lengthMm: 1.5,
        partXY: [12.75, 22],
        rois: ['low'],
      },
      {
        id: 'spots/1',
        tool: 'spots',
        use: 'blob@1',
        class: 'blob',
        score: 80,
        box: [0, 0, 2, 2],
        areaPx: 4,
        areaMm2: 1,
        lengthMm: 1,
        partXY: [10.5, 20.5],
        rois: ['left'],
      },
    ])
    expect(v.scores).toEqual({ 'spots.count': 2, 'spots.areaPx': 10, 'spots.threshold': 100 })
    expect(v.defects).toEqual(['spots/0', 'spots/1'])
  })
  it('looks inside its region and never inside excluded ones', async () => {
    const v = await judge(
      size,
      image,
      [
        {
          id: 'b',
          use: 'blob@1',
          polarity: 'dark',
          threshold: 100,
          minAreaPx: 1,
          roi: 'right',
          exclude: ['hole'],
        },
      ],
      {
        rois: {
          right: { shape: 'rect', box: [4, 0, 8, 6] },
          hole: { shape: 'rect', box: [5, 0, 8, 3] },
        },
      },
    )
    expect(v.findings.map((f) => f.box)).toEqual([[4, 3, 7, 5]])
  })
  it('separates by Otsu and finds the bright ones', async () => {
    const v = await judge(size, picture(rows, 210, 190), [
      { id: 'b', use: 'blob@1', polarity: 'bright', threshold: 'otsu', minAreaPx: 1 },
    ])
    expect(v.findings.map((f) => f.areaPx)).toEqual([6, 4, 1, 1])
    expect(v.scores['b.threshold']).toBe(190)
  })
  it('finds nothing on a flat image with Otsu', async () => {
    const v = await judge(size, new Uint8Array(48).fill(9), [
      { id: 'b', use: 'blob@1', polarity: 'dark', threshold: 'otsu', minAreaPx: 1 },
    ])
    expect([v.result, v.scores['b.threshold']]).toEqual(['pass', -1])
  })
  it('reports how many there were beyond maxFindings', async () => {
    const v = await judge(size, image, [
      { id: 'b', use: 'blob@1', polarity: 'dark', threshold: 100, minAreaPx: 1, maxFindings: 1 },
    ])
    expect([v.findings.length, v.scores['b.count']]).toEqual([1, 4])
  })
})

describe('template@1', () => {
  const size = [12, 8] as const
  const golden = render(size, (x) => (x < 6 ? 40 : 200))
  const tool = { id: 'diff', use: 'template@1', threshold: 50, minAreaPx: 2, tolerancePx: 1 }

  it('lets edges move by the tolerance and reports what is really different', async () => {
    const { dir, golden: file } = await goldenFile(size, golden)
    const moved = render(size, (x) => (x < 7 ? 40 : 200))
    expect((await judge(size, moved, [tool], { golden: file }, dir)).findings).toEqual([])
    expect(
      (await judge(size, moved, [{ ...tool, tolerancePx: 0 }], { golden: file }, dir)).findings,
    ).toHaveLength(1)
    const spot = Uint8Array.from(golden)
    for (const i of [3 * 12 + 9, 3 * 12 + 10, 4 * 12 + 9, 4 * 12 + 10]) spot[i] = 90
    const v = await judge(size, spot, [tool], { golden: file }, dir)
    expect(v.findings).toMatchObject([{ class: 'difference', score: 110, box: [9, 3, 11, 5], areaPx: 4 }])
    const hidden = await judge(
      size,
      spot,
      [{ ...tool, exclude: ['label'] }],
      {
        golden: file,
        rois: { label: { shape: 'rect', box: [8, 2, 12, 6] } },
      },
      dir,
    )
    expect(hidden.findings).toEqual([])
  })
  it('compares with the template that travels with the frame', async () => {
    const prepared = await prepare(recipeOf(size, [tool], { golden: { from: 'frame' } }))
    const bad = Uint8Array.from(golden)
    bad.fill(255, 0, 5)
    const reference = { bytes: golden, format: raw(size) }
    const { verdict } = await inspect({ bytes: bad, format: raw(size), reference }, prepared, context)
    expect(verdict.findings).toMatchObject([{ box: [0, 0, 5, 1], score: 215 }])
    const alone = await inspect({ bytes: bad, format: raw(size) }, prepared, context)
    expect(alone.verdict).toMatchObject({
      result: 'inconclusive',
      noVerdict: { reason: 'decode', code: 'INS_DECODE' },
    })
  })
  it('refuses a golden template that was changed', async () => {
    const { dir, golden: file } = await goldenFile(size, golden)
    await expect(
      prepare(recipeOf(size, [tool], { golden: { ...file, sha256: '0'.repeat(64) } }), dir),
    ).rejects.toMatchObject({ code: 'CFG_INVALID' })
  })
})

describe('measure@1', () => {
  const size = [80, 40] as const
  /** A bar with edges blurred by a Gaussian of 1 px: the error function is the exact profile. */
  const bar = (from: number, to: number) => (x: number) =>
    30 + 85 * (erf((x - from) / Math.SQRT2) - erf((x - to) / Math.SQRT2))
  const tool = {
    id: 'width',
    use: 'measure@1',
    characteristic: 'bar width',
    line: [5, 20, 75, 20],
    edges: ['rising', 'falling'],
    unit: 'mm',
    usl: 2,
  }

  it('measures to a twentieth of a pixel, in mm with the uncertainty of the calibration', async () => {
    for (const [from, to] of [
      [20, 50],
      [20.25, 50.6],
      [30.5, 41.37],
    ] as const) {
      const v = await judge(size, render(size, bar(from, to)), [tool], {
        calibration: { mmPerPx: 0.02, uncertainty: 0.01 },
      })
      const [m] = v.measurements
      expect(Math.abs((m?.value ?? NaN) / 0.02 - (to - from))).toBeLessThan(0.05)
      expect(m?.uncertainty).toBeCloseTo((m?.value ?? NaN) * 0.01, 12)
      expect(m).toMatchObject({ characteristic: 'bar width', tool: 'width', unit: 'mm', usl: 2 })
      expect(Math.abs((m?.line?.[0] ?? NaN) - from)).toBeLessThan(0.05)
    }
  })
  it('measures along a slanted line', async () => {
    const slant = Math.PI / 6
    const image = render(size, (x, y) => bar(20, 40)(x * Math.cos(slant) + y * Math.sin(slant)))
    const end = [10 + 50 * Math.cos(slant), 5 + 50 * Math.sin(slant)] as const
    const v = await judge(size, image, [{ ...tool, unit: 'px', line: [10, 5, ...end] }])
    expect(Math.abs((v.measurements[0]?.value ?? NaN) - 20)).toBeLessThan(0.1)
  })
  it('holds the part when an edge is missing', async () => {
    const v = await judge(size, new Uint8Array(80 * 40).fill(50), [{ ...tool, unit: 'px' }])
    expect(v).toMatchObject({
      result: 'inconclusive',
      disposition: 'hold',
      noVerdict: { reason: 'tool', code: 'INS_TOOL' },
    })
  })
  it('refuses millimetres without a calibration', async () => {
    await expect(prepare(recipeOf(size, [tool]))).rejects.toMatchObject({ code: 'CFG_UNKNOWN_REFERENCE' })
  })
})

/** Abramowitz and Stegun 7.1.26, |error| < 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  const y = 1 - poly * Math.exp(-x * x)
  return x < 0 ? -y : y
}
