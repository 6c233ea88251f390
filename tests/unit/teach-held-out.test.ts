import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import { fitEvidence } from '../../models/teach/evidence.kernel.ts'
import { jointBasis } from '../../models/teach/evidence.ts'
import { openForms } from '../../models/teach/form.ts'
import { groupsOf } from '../../models/teach/groups.ts'
import { openMatrixSessions } from '../../models/teach/matrix-sessions.ts'
import type { MatrixSessions } from '../../models/teach/matrix-sessions.ts'
import { seededRandom } from '../../models/teach/random.ts'
import { bankReference, positionReference } from '../../models/teach/reference.ts'
import { teachOptionsSchema } from '../../models/teach/request.ts'
import { teach } from '../../models/teach/teach.ts'
import { deliveredBackbone } from './samples/teach-parts.ts'

const pool = openSessionPool(1)
let matrices: MatrixSessions
beforeAll(async () => {
  matrices = await openMatrixSessions(pool)
})
afterAll(() => pool.close())

describe('a reference without a group', () => {
  it('is the bank without its patches', async () => {
    const bank = { members: Float32Array.of(0, 0, 1, 0, 5, 0), groups: [0, 1, 2] }
    const reference = await bankReference(bank, 2, 1, { matrices, pool })
    // residuals over the mean distance of the member to the two others: 3, 2.5 and 4.5
    const residual = async (x: number, y: number, without?: number): Promise<number[]> => [
      ...(await reference.residuals(Float32Array.of(x, y), without)),
    ]
    const near = (wanted: readonly number[]): number[] => wanted.map((v) => expect.closeTo(v, 6) as number)
    expect(await residual(1, 2)).toEqual(near([0, 2 / 2.5]))
    expect(await residual(1, 2, 1)).toEqual(near([1 / 3, 2 / 3]))
    expect(await residual(4, 2, 2)).toEqual(near([3 / 2.5, 2 / 2.5]))
  })

  it('takes the eight nearest others for how far apart good patches lie', async () => {
    const line = { members: Float32Array.from({ length: 20 }, (_, i) => i), groups: Array(20).fill(0) }
    const reference = await bankReference(line, 1, 1, { matrices, pool })
    // at 10: two each at 1, 2, 3 and 4, mean 2.5; at the end: 1 to 8, mean 4.5
    expect((await reference.residuals(Float32Array.of(10.25)))[0]).toBeCloseTo(0.25 / 2.5, 6)
    expect((await reference.residuals(Float32Array.of(-9)))[0]).toBeCloseTo(-9 / 4.5, 6)
  })

  it('compares with a bank of one patch, and of copies', async () => {
    const one = await bankReference({ members: Float32Array.of(2), groups: [0] }, 1, 1, { matrices, pool })
    expect([...(await one.residuals(Float32Array.of(5)))]).toEqual([3])
    const copies = await bankReference({ members: Float32Array.of(2, 2), groups: [0, 1] }, 1, 1, {
      matrices,
      pool,
    })
    expect([...(await copies.residuals(Float32Array.of(5)))]).toEqual([3])
    // nothing of another group is left
    expect([...(await one.residuals(Float32Array.of(5), 0))]).toEqual([3])
  })

  it('is the mean of the other images', async () => {
    const good = [1, 3, 8, 12].map((v) => Float32Array.of(v))
    const reference = positionReference(good, [0, 0, 1, 2], 1)
    expect([...(await reference.residuals(Float32Array.of(6)))]).toEqual([0])
    expect([...(await reference.residuals(Float32Array.of(6), 0))]).toEqual([-4])
    expect([...(await reference.residuals(Float32Array.of(6), 2))]).toEqual([2])
  })
})

describe('evidence of a defect', () => {
  it('uses the directions in which good and defective patches differ', () => {
    // both moments are diagonal: the joint axes are the coordinates, each of unit variance over good patches
    const basis = jointBasis(
      { count: 1, gram: Float64Array.of(4, 0, 0, 1) },
      { count: 1, gram: Float64Array.of(4, 0, 0, 9) },
      2,
    )
    // good: 4 and 1, each with 0.3 of their mean 2.5 added
    const sizes = [1, 0].map((column) => [basis[column] ?? 0, basis[2 + column] ?? 0].map(Math.abs))
    expect(sizes[0]?.[0]).toBeCloseTo(0, 6)
    expect(sizes[0]?.[1]).toBeCloseTo(1 / Math.sqrt(1.75), 6)
    expect(sizes[1]?.[0]).toBeCloseTo(1 / Math.sqrt(4.75), 6)
  })

  it('weighs the direction that tells, and none against the others', () => {
    const random = seededRandom(3)
    const even = (): number => 2 * random() - 1
    // defects: the first coordinate is large, the second small, the third as ever
    const defects = Array.from({ length: 400 }, () => [5 * Math.sign(even()), 0.1 * even(), even()])
    const good = Array.from({ length: 400 }, () => [even(), 3 * even(), even()])
    const weights = fitEvidence(Float32Array.from([...defects, ...good].flat()), 3, 400, random)
    expect(Math.min(...weights)).toBeGreaterThan(0)
    expect(weights[0]).toBeGreaterThan(20 * (weights[1] ?? 0))
    expect(weights[0]).toBeGreaterThan(2 * (weights[2] ?? 0))
  })

  it('never falls as a residual grows', async () => {
    const random = seededRandom(4)
    const numbers = (n: number): Float32Array<ArrayBuffer> =>
      Float32Array.from({ length: n }, () => random() - 0.5)
    const form = { kind: 'evidence', basis: numbers(16), length: 0.7 } as const
    const r = numbers(4)
    const forms = await openForms({ evidence: form }, 4, pool)
    const { evidence = [] } = await forms.maps(Float32Array.from([...r, ...r.map((v) => 1.5 * v)]))
    await forms.close()
    expect(evidence[1]).toBeCloseTo(1.5 * (evidence[0] ?? 0), 5)
  })

  it('is the weighted length and the sizes of the coordinates', async () => {
    const forms = await openForms(
      {
        distance: { kind: 'length' },
        evidence: { kind: 'evidence', basis: Float32Array.of(1, 0, 0, -2), length: 2 },
        mahalanobis: { kind: 'mahalanobis', matrix: Float32Array.of(1, 0, 0, 0.25) },
      },
      2,
      pool,
    )
    const maps = await forms.maps(Float32Array.of(3, 4, 0, 0))
    await forms.close()
    // 2 x 5 + |3| + |-8|; root of 9 + 16 / 4
    expect(maps.distance).toEqual(Float32Array.of(5, 0))
    expect(maps.evidence).toEqual(Float32Array.of(21, 0))
    expect(maps.mahalanobis).toEqual(Float32Array.of(Math.sqrt(13), 0))
  })
})

describe('groups of workpieces', () => {
  const named = (...names: string[]) => names.map((name) => ({ name }))
  const good = named('a_1.png', 'b_1.png', 'a_2.png', 'other.png')

  it('come from the part of the name that is asked for', () => {
    expect(groupsOf({ good, options: { groupBy: '^(.*)_' } })).toEqual([0, 1, 0, 2])
    expect(groupsOf({ good, options: { groupBy: null } })).toEqual([0, 1, 2, 3])
  })

  it.each([
    ['one group', '.', /TCH_IMAGES.*at least 2 workpieces/],
    ['no regular expression', '(', /CFG_USAGE.*regular expression/],
  ])('are refused: %s', (_name, groupBy, message) => {
    const same = named('x1', 'x2')
    expect(() => groupsOf({ good: same, options: { groupBy: groupBy === '.' ? 'x' : groupBy } })).toThrow(
      message,
    )
  })

  it('are not looked for without end, and a wrong pattern is said before an image is described', async () => {
    const long = named(`${'a'.repeat(40)}!`, 'x2')
    expect(() => groupsOf({ good: long, options: { groupBy: '^(a+)+$' } })).toThrow(/CFG_USAGE.*within 2 s/)
    const load = (): never => expect.fail('an image was loaded')
    const images = named('x1', 'x2').map((image) => ({ ...image, load }))
    const options = teachOptionsSchema.parse({ groupBy: '(' })
    const backbone = await deliveredBackbone()
    await expect(teach({ backbone, good: images, options })).rejects.toMatchObject({ code: 'CFG_USAGE' })
  })
})
