import { beforeAll, describe, expect, it } from 'vitest'
import { teach, teachOptionsSchema, updateTaught } from '../../models/index.ts'
import type { TaughtModel } from '../../models/index.ts'
import { errorOfDifference } from '../../models/teach/choose.ts'
import { worstOfEach } from '../../models/teach/groups.ts'
import { photograph, photographs } from './samples/photographs.ts'
import { deliveredBackbone } from './samples/teach-parts.ts'

const options = { areaPx: 16_384, bankSize: 200, dims: 48, method: 'bank', turn: false, threads: 1 }
const PARTS = 8
const EACH = 3

describe('photographs of one workpiece', () => {
  const good = photographs(PARTS, EACH)
  const taughtWith = async (more: object, images = good): Promise<TaughtModel> =>
    teach({
      backbone: await deliveredBackbone(),
      good: images,
      options: teachOptionsSchema.parse({ ...options, ...more }),
    })
  let named: TaughtModel
  let found: TaughtModel
  beforeAll(async () => {
    named = await taughtWith({ groupBy: '^(part\\d+)_' })
    found = await taughtWith({})
  })

  it('count once in what is promised', () => {
    const { threshold, warnings, goodImages, workpieces } = named.report
    expect(goodImages).toBe(PARTS * EACH)
    expect(workpieces).toMatchObject({ count: PARTS, by: 'name' })
    expect(threshold.promise.parts).toBe(PARTS)
    // none of 8 reaches it: 1 - 0.05^(1/8)
    expect(threshold.promise.promised).toBeCloseTo(0.312, 3)
    expect(warnings.map((w) => w.en).join()).toContain('24 good images of 8 workpieces cannot promise')
    expect(warnings.map((w) => w.zh).join()).toContain('8 个工件的 24 张良品图像')
  })

  it('are too few workpieces for statistics by place, however many they are', () => {
    expect(named.report.choice.measured.map((m) => m.perPosition)).toEqual([false])
  })

  it('are found without their names, and make the same model', () => {
    const { count, by, photographs: groups } = found.report.workpieces
    expect({ count, by }).toEqual({ count: PARTS, by: 'likeness' })
    expect(groups[1]).toEqual(['part1_0.png', 'part1_1.png', 'part1_2.png'])
    expect(Buffer.from(found.model).equals(named.model)).toBe(true)
    expect(found.report.warnings[0]?.en).toContain('24 images show 8 workpieces')
  })

  it('would make the threshold too low', async () => {
    const { threshold, workpieces } = (await taughtWith({ group: false })).report
    expect(workpieces.by).toBeNull()
    expect(threshold.promise.parts).toBe(PARTS * EACH)
    expect(threshold.value).toBeLessThan(0.8 * found.report.threshold.value)
  })

  it('are not seen where all parts are different: the model is the same as without looking', async () => {
    const different = photographs(14, 1)
    const looked = await taughtWith({}, different)
    expect(looked.report.workpieces).toEqual({ count: 14, by: null, photographs: [] })
    expect(looked.report.warnings.map((w) => w.en).join()).not.toContain('workpiece')
    expect(Buffer.from(looked.model).equals((await taughtWith({ group: false }, different)).model)).toBe(true)
  })

  it('join their workpiece when they are taught later', async () => {
    const { data, examples } = found
    const later = await updateTaught({
      backbone: await deliveredBackbone(),
      data,
      examples,
      add: [photograph(2, EACH), photograph(PARTS, 0)],
      remove: [],
    })
    expect(later.report.threshold.promise.parts).toBe(PARTS + 1)
    expect(later.report.workpieces.photographs[2]).toHaveLength(EACH + 1)
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
