import { describe, expect, it } from 'vitest'
import { kindsOf } from '../../models/teach/kinds.ts'
import { seededRandom } from '../../models/teach/random.ts'

const AXES = 12
/** Points around each centre, spread by 1 on each of so many axes. */
function cloud(centres: readonly (readonly [count: number, at: number])[], seed = 5): number[][] {
  const random = seededRandom(seed)
  const normal = (): number => random() + random() + random() + random() - 2
  return centres.flatMap(([count, at], kind) =>
    Array.from({ length: count }, () =>
      Array.from({ length: AXES }, (_, axis) => normal() + (axis === kind ? at : 0)),
    ),
  )
}
const distances = (points: readonly (readonly number[])[]): number[][] =>
  points.map((a) => points.map((b) => Math.hypot(...a.map((v, i) => v - (b[i] ?? 0)))))
const sizes = (points: readonly (readonly number[])[]): number[] =>
  kindsOf(distances(points)).map((kind) => kind.length)

describe('kinds of part among good images', () => {
  it('are found with the images of each, however many of each there are', () => {
    expect(
      sizes(
        cloud([
          [20, 6],
          [20, 6],
        ]),
      ),
    ).toEqual([20, 20])
    expect(
      sizes(
        cloud([
          [30, 6],
          [3, 6],
          [9, 6],
        ]),
      ),
    ).toEqual([30, 3, 9])
    const [mixed] = [
      cloud([
        [4, 6],
        [4, 6],
      ]),
    ]
    const order = [0, 4, 1, 5, 2, 6, 3, 7]
    expect(kindsOf(distances(order.map((i) => mixed?.[i] ?? [])))).toEqual([
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ])
  })

  it('are none where all images are of one, few or many, or spread unevenly', () => {
    for (let seed = 1; seed <= 20; seed++)
      for (const count of [2, 3, 6, 12, 40, 120]) expect(sizes(cloud([[count, 0]], seed))).toEqual([count])
    const long = cloud([[40, 0]]).map((p, i) => p.map((v, axis) => (axis === 0 ? v + i / 20 : v)))
    expect(sizes(long)).toEqual([40])
  })

  it('are not made by odd images, which belong to none', () => {
    expect(
      sizes(
        cloud([
          [20, 0],
          [2, 9],
        ]),
      ),
    ).toEqual([22])
    expect(
      sizes(
        cloud([
          [20, 6],
          [20, 6],
          [1, 30],
        ]),
      ),
    ).toEqual([20, 20])
  })

  it('need images', () => {
    expect(kindsOf([])).toEqual([[]])
    expect(kindsOf([[0]])).toEqual([[0]])
  })
})
