import { describe, expect, it } from 'vitest'
import { turnImage, turnsFor } from '../../models/teach/turns.ts'

const rgb = (values: number[]): Uint8Array => Uint8Array.from(values.flatMap((v) => [v, v, v]))
const grey = (image: Uint8Array): number[] => [...image].filter((_, i) => i % 3 === 0)

describe('turns of an image', () => {
  //  1 2
  //  3 4
  const square = rgb([1, 2, 3, 4])

  it.each([
    [{ quarters: 0, mirrored: true }, [2, 1, 4, 3]],
    [{ quarters: 1, mirrored: false }, [3, 1, 4, 2]],
    [{ quarters: 2, mirrored: false }, [4, 3, 2, 1]],
    [{ quarters: 3, mirrored: false }, [2, 4, 1, 3]],
    [{ quarters: 1, mirrored: true }, [1, 3, 2, 4]],
  ] as const)('%o', (turn, expected) => {
    expect(grey(turnImage(square, 2, 2, turn))).toEqual(expected)
  })

  it('are seven different ones of a square and three of another rectangle', () => {
    const size = { widthPx: 2, heightPx: 2, grid: { width: 1, height: 1, stridePx: 2 } }
    const all = turnsFor(size).map((t) => grey(turnImage(square, 2, 2, t)).join())
    expect(new Set([...all, '1,2,3,4']).size).toBe(8)
    expect(turnsFor({ ...size, widthPx: 4 })).toHaveLength(3)
  })

  it('keep the size of a rectangle', () => {
    const wide = rgb([1, 2, 3, 4, 5, 6])
    expect(grey(turnImage(wide, 3, 2, { quarters: 2, mirrored: true }))).toEqual([4, 5, 6, 1, 2, 3])
  })
})
