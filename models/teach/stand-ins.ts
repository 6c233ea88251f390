import { mapInOrder } from '../../contracts/index.ts'
import { farthestFirst } from './coreset.kernel.ts'
import { takeRows, type Covered } from './coreset.ts'
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
 */
export async function standIns(
  rows: Matrix,
  groups: readonly number[],
  { chosen, squares, member }: Covered,
  dims: number,
  matrices: MatrixSessions,
  checkCancelled: () => void,
): Promise<StandIns> {
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
      const { far, distance } = await farFrom(rows, own, left, radius, dims, matrices)
      const list = Uint32Array.from(far.keys())
      const removed = chosen.length - left.length
      return farthestFirst(takeRows(rows, dims, far), dims, distance, list, removed, radius).map(
        (i) => far[i] ?? 0,
      )
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

/** Members a row is compared with before it is asked whether one of them covers it. */
const STRETCH = 512

/**
 * Rows that no member covers, with their squared distance to the nearest. Most are covered by one of the first they
 * meet, and are not compared with the others.
 */
async function farFrom(
  rows: Matrix,
  wanted: readonly number[],
  members: readonly number[],
  radius: number,
  dims: number,
  matrices: MatrixSessions,
): Promise<{ far: readonly number[]; distance: Matrix }> {
  let far = wanted
  let distance = new Float32Array(far.length).fill(Infinity)
  // the last ones chosen lie where most rows are
  for (let end = members.length; end > 0 && far.length > 0; end -= STRETCH) {
    const some = takeRows(rows, dims, members.slice(Math.max(0, end - STRETCH), end))
    const nearest = await matrices.nearest(takeRows(rows, dims, far), some, dims)
    const still = distance.map((d, i) => Math.min(d, nearest[i] ?? 0))
    const left = [...still.keys()].filter((i) => (still[i] ?? 0) > radius)
    far = left.map((i) => far[i] ?? 0)
    distance = Float32Array.from(left, (i) => still[i] ?? 0)
  }
  return { far, distance }
}
