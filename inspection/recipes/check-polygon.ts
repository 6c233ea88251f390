import { CodedError, type Recipe } from '../../contracts/index.ts'
import { toolArea } from '../pipeline/roi.ts'

type Point = readonly [number, number]

/**
 * A polygon lies in the view, has pixels, and its sides do not cross: inside is what an odd number of sides lies
 * around, so that points in a wrong order leave holes in which nobody looks.
 *
 * @throws CFG_INVALID
 */
export function checkPolygon(recipe: Recipe, name: string, points: readonly Point[]): void {
  const { widthPx, heightPx } = recipe.view
  const refuse = (path: string, expected: string, actual: string): never => {
    throw new CodedError('CFG_INVALID', { path, expected, actual })
  }
  points.forEach(([x, y], k) => {
    if (!(x >= 0 && x <= widthPx && y >= 0 && y <= heightPx))
      refuse(
        `rois.${name}.points[${k}]`,
        `a point inside ${widthPx} × ${heightPx} px`,
        JSON.stringify([x, y]),
      )
  })
  const crossed = crossing(points)
  if (crossed)
    refuse(
      `rois.${name}.points`,
      'a polygon whose sides do not cross',
      `the sides behind points ${crossed.join(' and ')} do`,
    )
  toolArea(recipe, name, [])
}

/** The first two sides that cross, by the index of the point at which each begins; null when none do. */
function crossing(points: readonly Point[]): [number, number] | null {
  const n = points.length
  const at = (k: number): Point => points[k % n] ?? [0, 0]
  for (let i = 0; i < n; i++)
    for (let j = i + 2; j < n; j++) if (cross(at(i), at(i + 1), at(j), at(j + 1))) return [i, j]
  return null
}

/** Whether two sides cross inside of both; sides that only touch leave no hole. */
const cross = (a: Point, b: Point, c: Point, d: Point): boolean =>
  side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0

/** On which side of the line from a to b the point lies: -1, 0 or 1. */
const side = ([ax, ay]: Point, [bx, by]: Point, [x, y]: Point): number =>
  Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax))
