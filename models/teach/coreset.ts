import type { Matrix, MatrixSessions } from './matrix-sessions.ts'
import { farthestFirst, indicesOf, keepNearer, largestIndices } from './coreset.kernel.ts'

/** Candidates per round; a larger list makes fewer rounds and more work in each. */
export const LIST = 256

/** Some of the rows, and how near each row is to them. */
export interface Covered {
  /** Indices of the members. */
  chosen: readonly number[]
  /** Squared distance of each row to its nearest member. */
  squares: Matrix
  /** Number of that member. */
  member: readonly number[]
}

interface Coreset {
  /** In the order they were chosen. */
  chosen: number[]
  /** How near each row is to them. */
  covered(): Promise<Covered>
}

/**
 * Greedy k-center coreset (Gonzalez 1985; the subsampling of PatchCore): each next member is the row farthest from
 * those chosen so far, so that no row is farther from the coreset than twice what the best choice could reach.
 *
 * Exact, in rounds: the farthest `LIST` rows are held, and members are taken from them as long as the best of them is
 * at least as far as every row outside could be; then onnxruntime updates the distances of all rows at once.
 *
 * @param rows  [n, dims]
 * @param first index of the first member
 * @returns at most `size` rows; fewer when the rest are copies of them
 */
export async function coreset(
  rows: Matrix,
  dims: number,
  size: number,
  first: number,
  matrices: MatrixSessions,
  checkCancelled: () => void,
): Promise<Coreset> {
  const n = rows.length / dims
  const squares = new Float32Array(n).fill(Infinity)
  // the round whose members are the nearest: who it is among them is asked at the end
  const round = new Uint16Array(n)
  const rounds: number[][] = []
  const chosen: number[] = []
  const held = await matrices.hold(rows, dims)
  try {
    for (let added = [first]; added.length > 0;) {
      checkCancelled()
      keepNearer(squares, await held.nearest(takeRows(rows, dims, added)), round, rounds.length)
      rounds.push(added)
      chosen.push(...added)
      if (chosen.length >= Math.min(size, n)) break
      const list = largestIndices(squares, Math.min(LIST, n))
      // no row outside the list is farther than the last one in it
      const bound = list.length === n ? 0 : (squares[list.at(-1) ?? 0] ?? 0)
      added = farthestFirst(rows, dims, squares, list, size - chosen.length, bound)
    }
  } finally {
    await held.close()
  }
  return {
    chosen,
    async covered() {
      const member: number[] = []
      let before = 0
      for (const [r, added] of rounds.entries()) {
        checkCancelled()
        const at = indicesOf(round, r)
        const nearest = await matrices.nearestMember(
          takeRows(rows, dims, at),
          takeRows(rows, dims, added),
          dims,
        )
        for (const [i, row] of at.entries()) member[row] = before + (nearest.member[i] ?? 0)
        before += added.length
      }
      return { chosen, squares, member }
    },
  }
}

/** Copies of the rows of these indices. */
export function takeRows(rows: Matrix, dims: number, indices: readonly number[]): Matrix {
  const out = new Float32Array(indices.length * dims)
  for (const [i, index] of indices.entries())
    out.set(rows.subarray(index * dims, (index + 1) * dims), i * dims)
  return out
}
