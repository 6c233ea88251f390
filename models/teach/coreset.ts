import type { Matrix, MatrixSessions } from './matrix-sessions.ts'
import { farthestFirst, keepNearer, largestIndices } from './coreset.kernel.ts'

/** Candidates per round; a larger list makes fewer rounds and more work in each. */
export const LIST = 256

/**
 * Greedy k-center coreset (Gonzalez 1985; the subsampling of PatchCore): each next member is the row farthest from
 * those chosen so far, so that no row is farther from the coreset than twice what the best choice could reach.
 *
 * Exact, in rounds: the farthest `LIST` rows are held, and members are taken from them as long as the best of them is
 * at least as far as every row outside could be; then onnxruntime updates the distances of all rows at once.
 *
 * @param rows  [n, dims]
 * @param first index of the first member
 * @returns indices of at most `size` rows in the order they were chosen; fewer when the rest are copies of them
 */
export async function coreset(
  rows: Matrix,
  dims: number,
  size: number,
  first: number,
  matrices: MatrixSessions,
  checkCancelled: () => void,
): Promise<number[]> {
  const n = rows.length / dims
  const chosen = [first]
  const distance = new Float32Array(n).fill(Infinity)
  const held = await matrices.hold(rows, dims)
  try {
    let added = [first]
    while (chosen.length < Math.min(size, n)) {
      checkCancelled()
      keepNearer(distance, await held.nearest(takeRows(rows, dims, added)))
      const list = largestIndices(distance, Math.min(LIST, n))
      // no row outside the list is farther than the last one in it
      const bound = list.length === n ? 0 : (distance[list.at(-1) ?? 0] ?? 0)
      added = farthestFirst(rows, dims, distance, list, size - chosen.length, bound)
      if (added.length === 0) break
      chosen.push(...added)
    }
    return chosen
  } finally {
    await held.close()
  }
}

/** Copies of the rows of these indices. */
export function takeRows(rows: Matrix, dims: number, indices: readonly number[]): Matrix {
  const out = new Float32Array(indices.length * dims)
  for (const [i, index] of indices.entries())
    out.set(rows.subarray(index * dims, (index + 1) * dims), i * dims)
  return out
}
