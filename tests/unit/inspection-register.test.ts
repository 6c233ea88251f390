import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../contracts/index.ts'
import { inspect } from '../../inspection/index.ts'
import { context, goldenFile, prepare, raw, recipeOf, render } from './samples/inspection-recipes.ts'

const size = [200, 160] as const

/** Park and Miller 1988: x' = 16807 x mod 2^31 - 1. */
let seed = 7
const random = (n: number): number => {
  seed = (seed * 16807) % 2147483647
  return seed % n
}
/** A smooth scene of soft discs: band-limited, so that a moved part can be rendered exactly. */
const discs = Array.from({ length: 90 }, (_, i) => ({
  x: random(200),
  y: random(160),
  r: 3 + (i % 4),
  g: i % 2 === 0 ? 70 : -60,
}))
const scene = (x: number, y: number): number =>
  discs.reduce((sum, d) => sum + d.g * Math.exp(-((x - d.x) ** 2 + (y - d.y) ** 2) / (2 * d.r * d.r)), 120)

/** The frame of a part that lies turned by `angle` about the image centre and shifted by (dx, dy). */
function moved(dx: number, dy: number, angle: number): Uint8Array {
  const [cx, cy] = [size[0] / 2, size[1] / 2]
  return render(size, (x, y) => {
    const u = x - cx - dx
    const v = y - cy - dy
    return scene(
      Math.cos(angle) * u + Math.sin(angle) * v + cx,
      -Math.sin(angle) * u + Math.cos(angle) * v + cy,
    )
  })
}

const still = moved(0, 0, 0)
const { dir, golden } = await goldenFile(size, still)
const anchors = [
  [30, 30, 70, 70],
  [130, 90, 170, 130],
]
const tool = { id: 'pose', use: 'register@1', anchors, maxShiftPx: 12, maxAngleDeg: 8, minScore: 0.7 }
const diff = { id: 'diff', use: 'template@1', threshold: 40, tolerancePx: 1, minAreaPx: 4, roi: 'middle' }
const more = { golden, rois: { middle: { shape: 'rect', box: [30, 30, 170, 130] } } }

async function judge(pixels: Uint8Array, spec: Record<string, unknown> = tool): Promise<Verdict> {
  const prepared = await prepare(recipeOf(size, [diff, spec], more), dir)
  return (await inspect({ bytes: pixels, format: raw(size) }, prepared, context)).verdict
}

describe('register@1', () => {
  it('finds shift and turn and takes the part back, so that nothing differs', async () => {
    for (const [dx, dy, deg] of [
      [0, 0, 0],
      [5, -7, 0],
      [3.4, 2.7, 0],
      [-4.3, 6.1, 3],
      [2.2, -1.5, -7],
    ] as const) {
      const v = await judge(moved(dx, dy, (deg * Math.PI) / 180))
      const r = v.registration
      expect(v.noVerdict).toBeNull()
      expect(Math.abs((r?.dxPx ?? NaN) - dx)).toBeLessThan(0.15)
      expect(Math.abs((r?.dyPx ?? NaN) - dy)).toBeLessThan(0.15)
      expect(Math.abs(((r?.angleRad ?? NaN) * 180) / Math.PI - deg)).toBeLessThan(0.1)
      expect(r?.score).toBeGreaterThan(0.98)
      expect([dx, dy, deg, v.findings.length, v.result]).toEqual([dx, dy, deg, 0, 'pass'])
    }
  })
  it('reports findings in the part frame', async () => {
    const pixels = moved(5, -7, 0)
    for (let y = 60; y < 66; y++) pixels.fill(255, y * 200 + 100, y * 200 + 106)
    const v = await judge(pixels)
    expect(v.findings).toHaveLength(1)
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = v.findings[0]?.box ?? []
    // the spot lies at (100..106, 60..66) in the frame, so 5 px further left and 7 px lower on the part
    expect(Math.abs((x1 + x2) / 2 - 98)).toBeLessThan(1.5)
    expect(Math.abs((y1 + y2) / 2 - 70)).toBeLessThan(1.5)
  })
  it('is not fooled by look-alikes: an anchor on a repeating pattern follows the others', async () => {
    const size2 = [220, 120] as const
    const pattern = (dx: number) => (x: number, y: number) =>
      x - dx < 110 ? 128 + 100 * Math.sin((x - dx) * (Math.PI / 6)) : scene(x - dx, y)
    const at0 = await goldenFile(size2, render(size2, pattern(0)))
    const spec = {
      ...tool,
      maxAngleDeg: 0,
      maxShiftPx: 20,
      anchors: [
        [30, 30, 70, 70],
        [140, 40, 180, 80],
      ],
    }
    const prepared = await prepare(recipeOf(size2, [spec], { golden: at0.golden }), at0.dir)
    const bytes = render(size2, pattern(15))
    const { verdict } = await inspect({ bytes, format: raw(size2) }, prepared, context)
    expect(Math.abs((verdict.registration?.dxPx ?? NaN) - 15)).toBeLessThan(0.1)
  })
  it('measures the shift alone with one anchor', async () => {
    const v = await judge(moved(4.5, 3.25, 0), { ...tool, anchors: [anchors[0]], maxAngleDeg: 0 })
    expect(v.registration?.angleRad).toBe(0)
    expect(Math.abs((v.registration?.dxPx ?? NaN) - 4.5)).toBeLessThan(0.1)
    expect(Math.abs((v.registration?.dyPx ?? NaN) - 3.25)).toBeLessThan(0.1)
  })
  it('holds the part when it is not there, too far, or turned too far', async () => {
    const reasons: unknown[] = []
    for (const pixels of [
      new Uint8Array(200 * 160).fill(128),
      render(size, (x, y) => ((Math.floor(x / 5) + Math.floor(y / 5)) % 2) * 255),
      moved(16, 0, 0),
      moved(0, 0, 0.35),
    ]) {
      const v = await judge(pixels)
      reasons.push([v.result, v.noVerdict?.reason, v.noVerdict?.code, v.findings.length])
    }
    expect(reasons).toEqual(Array(4).fill(['inconclusive', 'registration', 'INS_REGISTER', 0]))
  })
  describe('holds a part of which the frame does not show what a tool looks at', () => {
    const near = (box: number[]) => ({ ...more, rois: { ...more.rois, near: { shape: 'rect', box } } })
    /** A dark hole at the right end of the part, seen or not. */
    const holed = (dx: number): Uint8Array => {
      const pixels = moved(dx, 0, 0)
      for (let y = 70; y < 80; y++) {
        const [from, to] = [Math.min(200, 180 + dx), Math.min(200, 190 + dx)]
        pixels.fill(0, y * 200 + from, y * 200 + to)
      }
      return pixels
    }
    const far = { ...tool, maxShiftPx: 40, maxAngleDeg: 0 }
    const judgeNear = async (
      pixels: Uint8Array,
      over: object,
      box = [150, 40, 194, 120],
    ): Promise<Verdict> => {
      const prepared = await prepare(recipeOf(size, [far, over], near(box)), dir)
      return (await inspect({ bytes: pixels, format: raw(size) }, prepared, context)).verdict
    }
    const spots = { id: 'spots', use: 'blob@1', polarity: 'dark', threshold: 8 }

    it.each([
      ['blob@1', { ...spots, roi: 'near' }],
      ['template@1', { ...diff, id: 'spots', roi: 'near' }],
    ])('%s, and a hole there never passes', async (_, over) => {
      const results: unknown[] = []
      for (const dx of [0, 5, 6, 7, 12, 20, 30]) {
        const v = await judgeNear(holed(dx), over)
        results.push([dx, v.result, v.noVerdict?.code])
        expect(v.registration?.dxPx).toBeCloseTo(dx, 0)
      }
      expect(results).toEqual([
        [0, 'fail', undefined],
        [5, 'fail', undefined],
        [6, 'fail', undefined],
        ...[7, 12, 20, 30].map((dx) => [dx, 'inconclusive', 'INS_REGISTER']),
      ])
    })

    it('and says which tool, which region and how far', async () => {
      expect((await judgeNear(moved(6, 0, 0), { ...spots, roi: 'near' })).result).toBe('pass')
      const v = await judgeNear(moved(16, 0, 0), { ...spots, roi: 'near' })
      expect(v.noVerdict).toMatchObject({ reason: 'registration', code: 'INS_REGISTER' })
      expect(v.noVerdict?.message).toMatch(
        /spots\); expected region near inside the frame; found up to 10\.0 px/,
      )
    })

    it('by the corners of a polygon, turned as the part', async () => {
      const wide = [
        [60, 4],
        [196, 80],
        [60, 156],
        [4, 80],
      ]
      const prepared = await prepare(
        recipeOf(size, [tool, { ...diff, roi: 'wide' }], {
          golden,
          rois: { wide: { shape: 'polygon', points: wide } },
        }),
        dir,
      )
      const results: unknown[] = []
      for (const [dx, deg] of [
        [0, 0],
        [3, 0],
        [6, 0],
        [0, 8],
        [4, -7],
      ] as const) {
        const bytes = moved(dx, 0, (deg * Math.PI) / 180)
        const { verdict } = await inspect({ bytes, format: raw(size) }, prepared, context)
        results.push([dx, deg, verdict.noVerdict?.code ?? verdict.result])
      }
      expect(results).toEqual([
        [0, 0, 'pass'],
        [3, 0, 'pass'],
        [6, 0, 'INS_REGISTER'],
        // its upper corner; and here the box around the polygon would lie outside, the polygon does not
        [0, 8, 'INS_REGISTER'],
        [4, -7, 'pass'],
      ])
    })

    it('a line of a measurement, with its width', async () => {
      const gap = { id: 'gap', use: 'measure@1', characteristic: 'gap', unit: 'px', minContrast: 1 }
      const over = { ...gap, line: [20, 150, 180, 150], edges: ['rising', 'falling'] }
      const codes = await Promise.all(
        (
          [
            [6, 3],
            [6, 4],
            [7, 3],
            [-7, 3],
          ] as const
        ).map(async ([dy, halfWidthPx]) => {
          const v = await judgeNear(moved(0, dy, 0), { ...over, halfWidthPx })
          return v.noVerdict?.code
        }),
      )
      // 150 + 6 + 4 is the border of the frame, and half a pixel more is still seen
      expect(codes).toEqual([undefined, undefined, undefined, undefined])
      expect((await judgeNear(moved(0, 8, 0), { ...over, halfWidthPx: 3 })).noVerdict?.code).toBe(
        'INS_REGISTER',
      )
    })

    it('the whole view, where an old recipe says no region', async () => {
      expect((await judgeNear(still, spots)).noVerdict).toBeNull()
      expect((await judgeNear(moved(1, 0, 0), spots)).noVerdict?.code).toBe('INS_REGISTER')
    })
  })
  it('refuses a flat anchor when the recipe is prepared', async () => {
    const flat = await goldenFile(size, new Uint8Array(200 * 160).fill(90))
    await expect(prepare(recipeOf(size, [tool], { golden: flat.golden }), flat.dir)).rejects.toMatchObject({
      code: 'INS_REGISTER',
    })
  })
  it('leaves no process listeners behind', () => {
    expect(process.listeners('unhandledRejection').map(String).join()).not.toContain('abort')
    expect(process.listeners('uncaughtException').map(String).join()).not.toContain('ExitStatus')
  })
})
