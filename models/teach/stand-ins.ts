import { mapInOrder } from '../../contracts/index.ts'
import { farthestFirst } from './coreset.kernel.ts'
import { takeRows } from './coreset.ts'
import type { Matrix, MatrixSessions } from './matrix-sessions.ts'

/** Patches that would be in the bank had a group not been taught. */
export interface StandIns {
  /** [stand-ins][dims] */
  members: Matrix
  /** The group without which each is in the bank. */
  without: readonly number[]
  /** Number of the member in whose place each stands. */
  like: readonly number[]
}

/**
 * A greedy coreset keeps one of several patches that are alike. Where its group is masked, nothing is left there,
 * though another group has shown the same: its images would look more unusual than new ones do. So the patches of
 * other groups whose nearest member is of the group are covered again, farthest first, as closely as the whole bank
 * covers all: no row is farther from what is left than the farthest was.
 *
 * @param rows   [n][dims], what the bank was chosen from
 * @param groups of each row
 * @param chosen indices of the members
 */
export async function standIns(
  rows: Matrix,
  groups: readonly number[],
  chosen: readonly number[],
  dims: number,
  matrices: MatrixSessions,
  checkCancelled: () => void,
): Promise<StandIns> {
  const members = takeRows(rows, dims, chosen)
  const { squares, member } = await matrices.nearestMember(rows, members, dims)
  const radius = squares.reduce((a, b) => Math.max(a, b), 0)
  const groupOf = (m: number): number => groups[chosen[m] ?? 0] ?? -1
  const orphans = new Map<number, number[]>()
  for (const [row, m] of member.entries()) {
    const group = groupOf(m)
    if (groups[row] === group) continue
    const own = orphans.get(group)
    if (own === undefined) orphans.set(group, [row])
    else own.push(row)
  }
  const found = await mapInOrder(
    [...orphans],
    async ([group, own]) => {
      checkCancelled()
      const left = chosen.filter((i) => groups[i] !== group)
      if (left.length === 0) return []
      const uncovered = takeRows(rows, dims, own)
      const distance = await matrices.nearest(uncovered, takeRows(rows, dims, left), dims)
      const list = Uint32Array.from(own.keys()).filter((i) => (distance[i] ?? 0) > radius)
      const removed = chosen.length - left.length
      return farthestFirst(uncovered, dims, distance, list, removed, radius).map((i) => own[i] ?? 0)
    },
    matrices.lanes,
  )
  const at = found.flat()
  return {
    members: takeRows(rows, dims, at),
    without: [...orphans.keys()].flatMap((group, i) => (found[i] ?? []).map(() => group)),
    like: at.map((row) => member[row] ?? 0),
  }
}
