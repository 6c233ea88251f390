import { beforeAll, describe, expect, it } from 'vitest'
import { teach, teachOptionsSchema } from '../../models/index.ts'
import type { TaughtModel } from '../../models/index.ts'
import { errorOfDifference } from '../../models/teach/choose.ts'
import { worstOfEach } from '../../models/teach/groups.ts'
import { photographs } from './samples/photographs.ts'
import { deliveredBackbone } from './samples/teach-parts.ts'

const options = { areaPx: 16_384, bankSize: 200, dims: 48, method: 'bank', turn: false, threads: 1 }
const PARTS = 8
const EACH = 3

describe('photographs of one workpiece, by their names', () => {
  let named: TaughtModel
  beforeAll(async () => {
    named = await teach({
      backbone: await deliveredBackbone(),
      good: photographs(PARTS, EACH),
      options: teachOptionsSchema.parse({ ...options, groupBy: '^(part\\d+)_' }),
    })
  })

  it('count once in what is promised', () => {
    const { threshold, warnings, goodImages } = named.report
    expect(goodImages).toBe(PARTS * EACH)
    expect(threshold.promise.parts).toBe(PARTS)
    // none of 8 reaches it: 1 - 0.05^(1/8)
    expect(threshold.promise.promised).toBeCloseTo(0.312, 3)
    expect(warnings.map((w) => w.en).join()).toContain('24 good images of 8 workpieces cannot promise')
    expect(warnings.map((w) => w.zh).join()).toContain('8 个工件的 24 张良品图像')
  })

  it('are too few workpieces for statistics by place, however many they are', () => {
    expect(named.report.choice.measured.map((m) => m.perPosition)).toEqual([false])
  })
})

it('the most unusual photograph speaks for a workpiece', () => {
  expect(worstOfEach([3, 1, 5, 2], [0, 1, 0, 2])).toEqual([5, 1, 2])
  expect(worstOfEach([3, 1], [0, 1])).toEqual([3, 1])
})

it('two photographs of each workpiece say no more about which method is better than one', () => {
  const once = { good: [1, 2, 3, 4, 9, 6], damaged: [5, 7, 8], defects: [] }
  const other = { good: [1, 2, 3, 4, 5, 6], damaged: [5, 7, 8], defects: [] }
  const twice = ({ good, ...rest }: typeof once) => ({ good: good.flatMap((s) => [s, s]), ...rest })
  const groups = once.good.map((_, i) => i)
  const error = errorOfDifference(once, other, groups, false)
  expect(error).toBeGreaterThan(0)
  const both = groups.flatMap((g) => [g, g])
  expect(errorOfDifference(twice(once), twice(other), both, false)).toBeCloseTo(error, 9)
})
