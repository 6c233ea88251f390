import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'
import type { Verdict } from '../../contracts/index.ts'
import { inspect } from '../../inspection/index.ts'
import { context, goldenFile, prepare, raw, recipeOf, render } from './samples/inspection-recipes.ts'

type Size = readonly [number, number]

async function judge(
  size: Size,
  pixels: Uint8Array,
  tools: unknown[],
  more: Record<string, unknown> = {},
  dir = '.',
): Promise<Verdict> {
  const prepared = await prepare(recipeOf(size, tools, more), dir)
  return (await inspect({ bytes: pixels, format: raw(size) }, prepared, context)).verdict
}

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

describe('code@1', async () => {
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')
  const wasmBinary = Uint8Array.from(readFileSync(wasm)).buffer
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
  const size = [320, 240] as const

  async function scene(text: string, format: 'DataMatrix' | 'QRCode', gs1: boolean, x: number, y: number) {
    const { image } = await writeBarcode(text, { format, scale: 4, ...(gs1 ? { options: 'gs1' } : {}) })
    const code = sharp(new Uint8Array(await (image as Blob).arrayBuffer())).flatten({ background: '#fff' })
    return sharp({ create: { width: 320, height: 240, channels: 3, background: '#d0d0d0' } })
      .composite([{ input: await code.png().toBuffer(), left: x, top: y }])
      .toColourspace('b-w')
      .raw()
      .toBuffer()
  }
  const tool = { id: 'id', use: 'code@1', formats: ['DataMatrix', 'QRCode'] }

  it('reads a GS1 DataMatrix with FNC1 as <GS> and its symbology identifier', async () => {
    const v = await judge(
      size,
      await scene('(01)09506000134352(10)ABC123(21)S7', 'DataMatrix', true, 40, 60),
      [tool],
    )
    expect(v.codes).toHaveLength(1)
    expect(v.codes[0]).toMatchObject({
      tool: 'id',
      ok: true,
      symbology: 'DataMatrix',
      symbologyId: ']d2',
      text: '010950600013435210ABC123\u001d21S7',
    })
    const [[x, y] = []] = v.codes[0]?.corners ?? []
    expect(x).toBeGreaterThan(40)
    expect(x).toBeLessThan(60)
    expect(y).toBeGreaterThan(60)
    expect(y).toBeLessThan(80)
  })
  it('looks in the region first, then everywhere, unless told not to', async () => {
    const pixels = await scene('SN-0042', 'QRCode', false, 150, 80)
    const rois = { rois: { label: { shape: 'rect', box: [0, 0, 60, 60] } } }
    const found = await judge(size, pixels, [{ ...tool, roi: 'label' }], rois)
    expect(found.codes).toMatchObject([{ ok: true, text: 'SN-0042', symbologyId: ']Q1' }])
    const missed = await judge(size, pixels, [{ ...tool, roi: 'label', wholeFrameFallback: false }], rois)
    expect(missed.codes).toEqual([
      {
        tool: 'id',
        ok: false,
        symbology: 'DataMatrix|QRCode',
        text: '',
        symbologyId: '',
        corners: [],
        error: 'no symbol found',
      },
    ])
    expect(missed.result).toBe('pass')
  })
  it('gives a name to a part that cannot be judged', async () => {
    const pixels = await scene('SN-0043', 'QRCode', false, 100, 40)
    const v = await judge(size, pixels, [
      {
        id: 'gap',
        use: 'measure@1',
        characteristic: 'gap',
        line: [0, 5, 30, 5],
        edges: ['rising', 'falling'],
        unit: 'px',
      },
      tool,
    ])
    expect(v.noVerdict).toMatchObject({ reason: 'tool', code: 'INS_TOOL' })
    expect(v.codes).toMatchObject([{ ok: true, text: 'SN-0043' }])
  })
  it('reads the name of a part that is not in its place, without corners', async () => {
    const { dir, golden } = await goldenFile(
      size,
      render(size, (x, y) => 128 + 60 * Math.sin(x * y * 0.01)),
    )
    const pose = { id: 'pose', use: 'register@1', anchors: [[100, 100, 140, 140]], maxShiftPx: 10 }
    const v = await judge(
      size,
      await scene('SN-0044', 'QRCode', false, 100, 40),
      [tool, pose],
      { golden },
      dir,
    )
    expect(v.noVerdict).toMatchObject({ reason: 'registration', code: 'INS_REGISTER' })
    expect(v.codes).toMatchObject([{ ok: true, text: 'SN-0044', corners: [] }])
  })
})

/** Abramowitz and Stegun 7.1.26, |error| < 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  const y = 1 - poly * Math.exp(-x * x)
  return x < 0 ? -y : y
}
