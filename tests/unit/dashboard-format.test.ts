import { describe, expect, it } from 'vitest'
import { shareText } from '../../dashboard/web/charts/words.ts'
import { percentText } from '../../dashboard/web/look/format.ts'
import { rateText } from '../../dashboard/web/models/rate-text.ts'

describe('a share', () => {
  it('is said to be all or nothing only where it is', () => {
    expect([0, 1, 0.5, 0.001, 0.999].map((s) => percentText(s))).toEqual([
      '0.0 %',
      '100.0 %',
      '50.0 %',
      '0.1 %',
      '99.9 %',
    ])
    expect(percentText(2_999 / 3_000)).toBe('> 99.9 %')
    expect(percentText(1 - 1e-9, 2)).toBe('> 99.99 %')
    expect(percentText(1 / 3_000)).toBe('< 0.1 %')
    expect(percentText(1e-12, 2)).toBe('< 0.01 %')
    expect(percentText(0.999, 0)).toBe('> 99 %')
    expect([null, Number.NaN].map((s) => percentText(s))).toEqual(['–', '–'])
    for (let n = 1; n < 2_000; n++)
      for (const digits of [0, 1, 2])
        expect(percentText(n / 2_000, digits)).not.toMatch(/^(0(\.0+)?|100(\.0+)?) %$/)
  })

  it('is so in charts and where it is counted in millionths, too', () => {
    expect([shareText(0.99999, true), shareText(1, true), shareText(0, true)]).toEqual([
      '> 99.99 %',
      '100 %',
      '0 %',
    ])
    expect([rateText(0.99999), rateText(1), rateText(2e-7), rateText(0), rateText(2e-6)]).toEqual([
      '> 99.99 %',
      '100.00 %',
      '< 1 ppm',
      '0',
      '2 ppm',
    ])
  })
})
