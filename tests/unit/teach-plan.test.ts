import { describe, expect, it } from 'vitest'
import type { Backbone } from '../../models/teach/backbone.ts'
import { planTeaching } from '../../models/teach/plan.ts'
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
    memoryLimitBytes: 2_000_000_000,
    threads: 2,
    ...over,
  })
const sides = ({ size }: ReturnType<typeof plan>): number[] => [size.widthPx, size.heightPx]

describe('the working area', () => {
  it('is half of the image, from 256² to 512² px', () => {
    expect(sides(plan(300, 300))).toEqual([256, 256])
    expect(sides(plan(640, 480))).toEqual([448, 336])
    expect(sides(plan(4_096, 4_096))).toEqual([512, 512])
  })

  it('is what was asked for', () => {
    expect(sides(plan(1_024, 1_024, { areaPx: 65_536 }))).toEqual([256, 256])
    expect(sides(plan(1_024, 1_024, { areaPx: 1_048_576 }))).toEqual([1_024, 1_024])
  })

  it('gives way to the memory, unless it was asked for', () => {
    const memoryLimitBytes = 600_000_000
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
