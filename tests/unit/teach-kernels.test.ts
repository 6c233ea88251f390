import { expect, it } from 'vitest'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import { coreset } from '../../models/teach/coreset.ts'
import { largestIndices } from '../../models/teach/coreset.kernel.ts'
import { invertDefinite } from '../../models/teach/linear.kernel.ts'
import { openMatrixSessions } from '../../models/teach/matrix-sessions.ts'
import { seededRandom } from '../../models/teach/random.ts'
import { leadingSubspace } from '../../models/teach/subspace.kernel.ts'
import { applyPositions } from '../../models/teach/calibration.ts'

const random = seededRandom(11)
const numbers = (n: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: n }, () => random() - 0.5)

/** Greedy k-center, straight from its definition. */
function plainGreedy(rows: Float32Array, dims: number, size: number): number[] {
  const n = rows.length / dims
  const distance = (a: number, b: number): number => {
    let sum = 0
    for (let d = 0; d < dims; d++) sum += ((rows[a * dims + d] ?? 0) - (rows[b * dims + d] ?? 0)) ** 2
    return sum
  }
  const chosen = [0]
  while (chosen.length < size) {
    const far = Array.from({ length: n }, (_, i) => Math.min(...chosen.map((c) => distance(i, c))))
    chosen.push(far.indexOf(Math.max(...far)))
  }
  return chosen
}

it('chooses what greedy k-center by its definition chooses', async () => {
  const pool = openSessionPool(1)
  const matrices = await openMatrixSessions(pool)
  const rows = numbers(900 * 6)
  expect((await coreset(rows, 6, 120, 0, matrices, () => undefined)).chosen).toEqual(
    plainGreedy(rows, 6, 120),
  )
  const copies = Float32Array.from({ length: 40 }, () => 0.5)
  expect((await coreset(copies, 4, 5, 0, matrices, () => undefined)).chosen).toEqual([0])
  await pool.close()
})

it('takes the largest values, ties by index', () => {
  expect([...largestIndices(Float32Array.of(1, 7, 3, 7, 0), 3)]).toEqual([1, 3, 2])
})

it('inverts', () => {
  // numpy.linalg.inv([[4, 1], [1, 3]]) = [[3, -1], [-1, 4]] / 11
  const m = Float64Array.of(4, 1, 1, 3)
  invertDefinite(m, 2)
  for (const [i, want] of [3 / 11, -1 / 11, -1 / 11, 4 / 11].entries()) expect(m[i]).toBeCloseTo(want, 12)
})

it('finds the directions of largest variance', () => {
  // diagonal: the eigenvectors are the axes
  const n = 6
  const m = new Float64Array(n * n)
  for (const [i, v] of [1, 9, 2, 7, 0.5, 0.1].entries()) m[i * n + i] = v
  const basis = leadingSubspace(m, n, 2, 60)
  const onAxes = [1, 3].map((axis) => Math.hypot(basis[axis] ?? 0, basis[n + axis] ?? 0))
  for (const length of onAxes) expect(length).toBeCloseTo(1, 9)
})

it('divides by the scale of each cell', () => {
  const z = applyPositions(Float32Array.of(3, 5), {
    mean: Float32Array.of(1, 1),
    scale: Float32Array.of(2, 4),
  })
  expect([...z]).toEqual([1, 1])
})
