import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import { coreset, takeRows, type Covered } from '../../models/teach/coreset.ts'
import { openMatrixSessions } from '../../models/teach/matrix-sessions.ts'
import type { Matrix, MatrixSessions } from '../../models/teach/matrix-sessions.ts'
import { seededRandom } from '../../models/teach/random.ts'
import { bankReference } from '../../models/teach/reference.ts'
import { standIns } from '../../models/teach/stand-ins.ts'

const pool = openSessionPool(1)
let matrices: MatrixSessions
beforeAll(async () => {
  matrices = await openMatrixSessions(pool)
})
afterAll(() => pool.close())
const never = (): void => undefined

const DIMS = 3
const square = (a: Matrix, i: number, b: Matrix, j: number, dims = DIMS): number => {
  let sum = 0
  for (let d = 0; d < dims; d++) sum += ((a[i * dims + d] ?? 0) - (b[j * dims + d] ?? 0)) ** 2
  return sum
}
const nearest = (rows: Matrix, i: number, bank: Matrix): number =>
  Math.min(...Array.from({ length: bank.length / DIMS }, (_, j) => square(rows, i, bank, j)))

const covered = async (rows: Matrix, chosen: number[], dims: number): Promise<Covered> => ({
  chosen,
  ...(await matrices.nearestMember(rows, takeRows(rows, dims, chosen), dims)),
})

describe('the nearest member', () => {
  it('is the one of the least distance, in whatever column it stands', async () => {
    const random = seededRandom(5)
    const numbers = (n: number): Matrix => Float32Array.from({ length: n }, () => random() - 0.5)
    for (const members of [1, 63, 64, 65, 200]) {
      const [rows, bank] = [numbers(300 * DIMS), numbers(members * DIMS)]
      const { squares, member } = await matrices.nearestMember(rows, bank, DIMS)
      for (let i = 0; i < 300; i++) {
        expect(square(rows, i, bank, member[i] ?? -1)).toBeCloseTo(nearest(rows, i, bank), 5)
        expect(squares[i]).toBeCloseTo(nearest(rows, i, bank), 5)
      }
    }
  })

  it('is the first of several alike', async () => {
    const bank = new Float32Array(150).fill(2)
    expect((await matrices.nearestMember(Float32Array.of(1), bank, 1)).member).toEqual([0])
  })
})

describe('stand-ins', () => {
  it('are what another workpiece has shown of the same', async () => {
    // both workpieces show 0 and 7; the bank keeps one of each, and 20 only one has
    const rows = Float32Array.of(0, 0.2, 7, 7.1, 20)
    const groups = [0, 1, 1, 0, 0]
    const found = await standIns(rows, groups, await covered(rows, [0, 2, 4], 1), 1, matrices, never)
    const order = found.without.map((g, i) => [g, found.members[i], found.like[i]])
    expect(order).toEqual([
      [0, expect.closeTo(0.2, 6), 0],
      [1, expect.closeTo(7.1, 6), 1],
    ])
  })

  it('are none where others cover what is left', async () => {
    // without group 0 the row at 0.4 is nearer to 1 than the row at 9 is to anything
    const rows = Float32Array.of(0, 0.4, 1, 10, 8)
    const found = await standIns(rows, [0, 1, 2, 2, 1], await covered(rows, [0, 2, 3], 1), 1, matrices, never)
    expect(found.without).not.toContain(0)
    for (const g of found.without) expect(g).toBe(2)
  })

  it('cover what is left as closely as the bank covers all', async () => {
    const random = seededRandom(9)
    // clusters that several groups share, and noise
    const [n, count] = [1_200, 6]
    const groups = Array.from({ length: n }, () => Math.floor(random() * count))
    const rows = Float32Array.from(
      { length: n * DIMS },
      (_, at) => Math.floor((Math.floor(at / DIMS) * 7919) % 40) / 8 + 0.1 * random(),
    )
    const greedy = await coreset(rows, DIMS, 150, 0, matrices, never)
    const { chosen } = greedy
    const bank = takeRows(rows, DIMS, chosen)
    const radius = Math.max(...groups.map((_, i) => nearest(rows, i, bank)))
    const found = await standIns(rows, groups, await greedy.covered(), DIMS, matrices, never)
    expect(found.without.length).toBeGreaterThan(count)
    for (let g = 0; g < count; g++) {
      const mine = found.without.flatMap((w, i) => (w === g ? [i] : []))
      const left = Float32Array.from([
        ...takeRows(
          rows,
          DIMS,
          chosen.filter((i) => groups[i] !== g),
        ),
        ...takeRows(found.members, DIMS, mine),
      ])
      const others = groups.flatMap((group, i) => (group === g ? [] : [i]))
      // what |x|² - 2 x·b + |b|² rounds to in single precision, of squares up to 75
      expect(Math.max(...others.map((i) => nearest(rows, i, left)))).toBeLessThan(radius + 5e-5)
    }
  })

  it('count for the group they stand in for alone, in the units of the member', async () => {
    const bank = {
      members: Float32Array.of(0, 4, 12),
      groups: [0, 1, 2],
      standIns: { members: Float32Array.of(1), without: [0], like: [0] },
    }
    const reference = await bankReference(bank, 1, 1, { matrices, pool })
    const residual = async (x: number, without?: number): Promise<number> =>
      (await reference.residuals(Float32Array.of(x), without))[0] ?? Number.NaN
    // mean distances to the two others: 8, 6, 10
    expect(await residual(1.5)).toBeCloseTo(1.5 / 8, 6)
    expect(await residual(1.5, 1)).toBeCloseTo(1.5 / 8, 6)
    expect(await residual(1.5, 0)).toBeCloseTo(0.5 / 8, 6)
    expect(await residual(3.5, 0)).toBeCloseTo(-0.5 / 6, 6)
  })
})
