import { describe, expect, it } from 'vitest'
import { lineSchema, retentionSchema } from '../../contracts/index.ts'

const camera = { adapter: 'sample-line', rate: 2 }
/** Where a line with one station is wrong, and why. */
function issues(station: object, more: object = {}): string[] {
  const parsed = lineSchema.safeParse({
    line: 'l',
    title: { en: 'l', zh: '线' },
    stations: [{ id: 'a', camera, recipe: 'r@1', budgetMs: 2_000, ...station }],
    ...more,
  })
  return parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`)
}

describe('a line file', () => {
  // 2^31 ms, where setTimeout would end at once: every part would be late.
  it.each([
    ['a budget', { budgetMs: 2 ** 31 }, /^stations\.0\.budgetMs: .*1000000000/],
    ['a stale time', { camera: { ...camera, staleMs: 3e9 } }, /^stations\.0\.camera\.staleMs: /],
    ['a rate of one in 30 years', { camera: { ...camera, rate: 1e-9 } }, /^stations\.0\.camera\.rate: /],
  ])('is refused for %s that no timer holds', (_, station, message) =>
    expect(issues(station)).toEqual([expect.stringMatching(message)]),
  )

  it('is refused for an interlock that could never alarm', () => {
    const samePlace = { window: 20, count: 21, radiusPx: 5 }
    expect(issues({ interlock: { samePlace } })).toEqual([
      'stations.0.interlock.samePlace.count: at most window, or it never alarms',
    ])
    expect(issues({ interlock: { samePlace: { ...samePlace, count: 20 } } })).toEqual([])
  })

  it('may wait for long, and run slowly', () => {
    expect(issues({ budgetMs: 86_400_000, camera: { ...camera, rate: 0.0001 } })).toEqual([])
    expect(retentionSchema.safeParse({ minFreeBytes: 1, everyMs: 3e9 }).success).toBe(false)
  })
})
