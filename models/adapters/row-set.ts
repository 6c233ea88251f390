import type { GoldenDifference, Tolerance } from './adapter.ts'

/** Detections of one image: boxes xyxy, 4 per row. */
export interface Rows {
  count: number
  boxes: Float32Array
  scores: Float32Array
  labels: ArrayLike<number | bigint>
}

/**
 * Rows are ordered by score, and near-equal scores swap places from one processor to the next. So rows are
 * matched as a set: each recorded row at or above the floor needs a replayed row of its label within the
 * tolerance, and each replayed row a recorded one. Rows whose score is within the tolerance of the floor may come
 * or go.
 *
 * @param where names of the outputs, for people
 */
export function rowSetDifference(
  where: string,
  floor: number,
  want: Rows,
  got: Rows,
  tolerance: Tolerance,
): GoldenDifference | null {
  const missing = unmatched(floor, want, got, tolerance)
  if (missing !== null)
    return {
      where: `${where} [0, ${missing.at}]`,
      want: missing.row,
      got: missing.nearest,
      difference: missing.difference,
    }
  const surplus = unmatched(floor, got, want, tolerance)
  if (surplus !== null)
    return {
      where: `${where} [0, ${surplus.at}]`,
      want: surplus.nearest,
      got: surplus.row,
      difference: surplus.difference,
    }
  return null
}

interface Unmatched {
  at: number
  row: string
  nearest: string
  difference: number
}

/** The first row of `from` (above the floor) without a partner of its own in `to`. */
function unmatched(floor: number, from: Rows, to: Rows, { atol, rtol }: Tolerance): Unmatched | null {
  const taken = new Set<number>()
  for (let k = 0; k < from.count; k++) {
    const score = from.scores[k] ?? 0
    if (score < floor + atol + rtol * Math.abs(score)) continue
    let nearest = -1
    let difference = Infinity
    for (let j = 0; j < to.count; j++) {
      if (taken.has(j) || from.labels[k] !== to.labels[j]) continue
      const d = rowDistance(from, k, to, j)
      if (d < difference) [nearest, difference] = [j, d]
    }
    if (nearest >= 0 && rowWithin(from, k, to, nearest, atol, rtol)) {
      taken.add(nearest)
      continue
    }
    return {
      at: k,
      row: rowText(from, k),
      nearest: nearest < 0 ? 'no row of this label' : rowText(to, nearest),
      difference,
    }
  }
  return null
}

const rowValues = (r: Rows, k: number): number[] => [...r.boxes.subarray(k * 4, k * 4 + 4), r.scores[k] ?? 0]

const rowDistance = (a: Rows, i: number, b: Rows, j: number): number => {
  const other = rowValues(b, j)
  return Math.max(...rowValues(a, i).map((v, n) => Math.abs(v - (other[n] ?? 0))))
}

function rowWithin(a: Rows, i: number, b: Rows, j: number, atol: number, rtol: number): boolean {
  const other = rowValues(b, j)
  return rowValues(a, i).every((v, n) => Math.abs(v - (other[n] ?? 0)) <= atol + rtol * Math.abs(v))
}

const rowText = (r: Rows, k: number): string =>
  `label ${r.labels[k]} score ${r.scores[k]?.toFixed(4)} box [${rowValues(r, k)
    .slice(0, 4)
    .map((v) => v.toFixed(2))
    .join(', ')}]`
