import type { CodeRead } from '../../contracts/index.ts'
import { insidePolygon } from '../kernels/index.ts'
import type { Box } from './code-patch.ts'

type Placed = Pick<CodeRead, 'corners'>

/** What is kept about a symbol that is read again: share of its length. */
const ABOUT = 0.5
/** Pixels of the lines that are read again, and what is kept before and behind them: share of the length of the symbol. */
const ENLARGED_LINES = 64
const QUIET = 0.15

export const apart = (a: Placed, b: Placed): number => {
  const [[ax, ay], [bx, by]] = [middleOf(a), middleOf(b)]
  return Math.hypot(ax - bx, ay - by)
}

export const lengthOf = ({ corners: [a = [0, 0], b = a, c = a] }: Placed): number =>
  Math.max(Math.hypot(b[0] - a[0], b[1] - a[1]), Math.hypot(c[0] - b[0], c[1] - b[1]))

/** The place of a symbol and a little about it, inside `box`. */
export function placeOf(r: Placed, [x1, y1, x2, y2]: Box): Box {
  const about = Math.ceil(ABOUT * lengthOf(r))
  const [xs, ys] = [r.corners.map(([x]) => x), r.corners.map(([, y]) => y)]
  return [
    Math.max(x1, Math.min(...xs) - about),
    Math.max(y1, Math.min(...ys) - about),
    Math.min(x2, Math.max(...xs) + about),
    Math.min(y2, Math.max(...ys) + about),
  ]
}

export const middleOf = ({ corners }: Placed): readonly [number, number] => [
  corners.reduce((sum, [x]) => sum + x, 0) / corners.length,
  corners.reduce((sum, [, y]) => sum + y, 0) / corners.length,
]

/** Whether a point lies in the symbol: its box would hold a neighbour where both are tilted. */
export const covers = ({ corners }: Placed, [x, y]: readonly [number, number]): boolean =>
  insidePolygon(Float64Array.from(corners.flat()), 2 * corners.length, x, y)

export const contains = ([x1, y1, x2, y2]: Box, [x, y]: readonly [number, number]): boolean =>
  x >= x1 && x < x2 && y >= y1 && y < y2

/**
 * Lines through the middle of bars, with what is quiet beside them, inside `box`: all of a large symbol, enlarged, would cost
 * several times its frame.
 */
export function linesOf(r: Placed, box: Box): Box {
  const [[ax, ay] = [0, 0], [bx, by] = [0, 0]] = r.corners
  const [x, y] = middleOf(r)
  const quiet = Math.ceil(QUIET * Math.hypot(bx - ax, by - ay))
  const [xs, ys] = [r.corners.map((c) => c[0]), r.corners.map((c) => c[1])]
  const [x1, y1, x2, y2] =
    Math.abs(bx - ax) >= Math.abs(by - ay)
      ? [Math.min(...xs) - quiet, y - ENLARGED_LINES / 2, Math.max(...xs) + quiet, y + ENLARGED_LINES / 2]
      : [x - ENLARGED_LINES / 2, Math.min(...ys) - quiet, x + ENLARGED_LINES / 2, Math.max(...ys) + quiet]
  return [
    Math.max(box[0], Math.floor(x1)),
    Math.max(box[1], Math.floor(y1)),
    Math.min(box[2], Math.ceil(x2)),
    Math.min(box[3], Math.ceil(y2)),
  ]
}

export function byPlace(a: Placed & Pick<CodeRead, 'text'>, b: Placed & Pick<CodeRead, 'text'>): number {
  const [ax = 0, ay = 0] = a.corners[0] ?? []
  const [bx = 0, by = 0] = b.corners[0] ?? []
  return ay - by || ax - bx || (a.text < b.text ? -1 : 1)
}
