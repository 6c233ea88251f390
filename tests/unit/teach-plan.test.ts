import { describe, expect, it } from 'vitest'
import type { Backbone } from '../../models/teach/backbone.ts'
import { estimateTeaching } from '../../models/teach/estimate.ts'
import type { MatrixSessions } from '../../models/teach/matrix-sessions.ts'
import { MOMENT_IMAGES, planTeaching } from '../../models/teach/plan.ts'
import type { PlanRequest } from '../../models/teach/plan.ts'

const backbone = {
  model: new Uint8Array(3_300_000),
  multipleOfPx: 16,
  taps: [
    { output: 'tap8', stridePx: 8, channels: 96 },
    { output: 'tap16', stridePx: 16, channels: 192 },
  ],
} as unknown as Backbone

const plan = (widthPx: number, heightPx: number, over: Partial<PlanRequest> = {}) =>
  planTeaching(backbone, {
    images: 50,
    defects: 0,
    widthPx,
    heightPx,
    areaPx: null,
    dims: 128,
    bankSize: 2_400,
    memoryLimitBytes: 4_000_000_000,
    threads: 2,
    ...over,
  })
const sides = ({ size }: ReturnType<typeof plan>): number[] => [size.widthPx, size.heightPx]

describe('the working area', () => {
  it('is half of the image, from 256² to 512² px', () => {
    expect(sides(plan(300, 300))).toEqual([256, 256])
    expect(sides(plan(640, 480))).toEqual([448, 336])
    expect(sides(plan(1_024, 1_024))).toEqual([512, 512])
  })

  it('is half of large images, too, as far as the memory and 4,194,304 px allow', () => {
    const memoryLimitBytes = 40_000_000_000
    expect(sides(plan(1_120, 960))).toEqual([784, 672])
    expect(plan(1_120, 960).size.tiles).toBeUndefined()
    expect(sides(plan(2_048, 1_536, { images: 20 }))).toEqual([1_456, 1_088])
    expect(sides(plan(5_120, 5_120, { memoryLimitBytes }))).toEqual([2_048, 2_048])
    const less = plan(5_120, 5_120)
    expect(less.memoryBytes).toBeLessThanOrEqual(4_000_000_000)
    expect(less.size.widthPx).toBeGreaterThan(1_000)
  })

  it('is cut into tiles above 1,048,576 px', () => {
    const { size } = plan(2_048, 1_536, { images: 20 })
    expect(size.tiles).toEqual({ columns: 2, rows: 2, widthPx: 832, heightPx: 640, overlapPx: 192 })
    expect(plan(1_024, 1_024, { areaPx: 1_048_576 }).size.tiles).toBeUndefined()
  })

  it('is what was asked for', () => {
    expect(sides(plan(1_024, 1_024, { areaPx: 65_536 }))).toEqual([256, 256])
    expect(sides(plan(1_024, 1_024, { areaPx: 1_048_576 }))).toEqual([1_024, 1_024])
  })

  it('gives way to the memory, unless it was asked for', () => {
    const memoryLimitBytes = 2_000_000_000
    const whole = plan(1_024, 1_024, { images: 200 })
    expect(whole.memoryBytes).toBeGreaterThan(memoryLimitBytes)
    const less = plan(1_024, 1_024, { images: 200, memoryLimitBytes })
    expect(less.memoryBytes).toBeLessThanOrEqual(memoryLimitBytes)
    expect(less.size.widthPx).toBeGreaterThanOrEqual(256)
    expect(less.size.widthPx).toBeLessThan(512)
    const asked = { images: 200, memoryLimitBytes, areaPx: 262_144 }
    expect(() => plan(1_024, 1_024, asked)).toThrow(/TCH_LIMIT/)
  })

  it('is refused when even the least does not fit', () => {
    expect(() => plan(1_024, 1_024, { images: 200, memoryLimitBytes: 60_000_000 })).toThrow(/TCH_LIMIT/)
  })
})

describe('the estimate of the time', () => {
  const work = {
    good: 100,
    damaged: 60,
    turned: 140,
    defects: 0,
    cells: 1_024,
    dims: 96,
    bankSize: 1_800,
    describeSeconds: 0,
    threads: 1,
    memoryBytes: 1,
  }
  /** A machine on which a product takes so long. */
  const machine = (ms: number): MatrixSessions =>
    ({
      nearest: () => new Promise((resolve) => setTimeout(() => resolve(new Float32Array()), ms)),
    }) as unknown as MatrixSessions
  const seconds = async (over: Partial<typeof work>, ms = 0): Promise<number> =>
    (await estimateTeaching({ ...work, ...over }, machine(ms))).seconds

  it('is of every image that is described, at the speed of one', async () => {
    const described = work.good + work.damaged + work.turned + MOMENT_IMAGES
    expect(await seconds({ describeSeconds: 10 })).toBeGreaterThan(described * 10)
    expect(await seconds({ describeSeconds: 10 })).toBeLessThan(described * 10 * 1.5)
  })

  it('is of the patches that are compared, at the speed of a product', async () => {
    // 7.4 million comparisons of the probe in 0.1 s, 377 million of all images that are judged and the banks chosen
    const slow = await seconds({}, 100)
    expect(slow).toBeGreaterThan(5)
    expect(await seconds({ defects: 1_000 }, 100)).toBeGreaterThan(2 * slow)
  })
})
