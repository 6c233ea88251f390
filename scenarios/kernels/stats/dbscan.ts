import { outside } from './domain.ts'

/**
 * Clusters of points that lie close together: a point with at least `least` points within `eps` (itself counted, the
 * border included) is a core, and cores within `eps` of each other are one cluster together with what is near them.
 * Ester, Kriegel, Sander & Xu, KDD-96. Labels as scikit-learn gives them: in the order of the points, a point on the border
 * of two clusters in the first. Cells as wide as `eps` keep the search local; many points in one cell cost their square.
 *
 * @returns cluster of each point, from 0; -1 = in none
 * @throws EVT_MODULE for a radius or a least number that is not above 0
 */
export function dbscan(points: readonly (readonly [number, number])[], eps: number, least: number): number[] {
  if (!(eps > 0 && least >= 1)) throw outside('dbscan', 'eps > 0, least >= 1', `${eps}, ${least}`)
  const cellOf = (v: number): number => Math.floor(v / eps)
  const cells = new Map<string, number[]>()
  for (const [i, [x, y]] of points.entries()) {
    const key = `${cellOf(x)} ${cellOf(y)}`
    const cell = cells.get(key)
    if (cell === undefined) cells.set(key, [i])
    else cell.push(i)
  }
  const near = (i: number): number[] => {
    const [x, y] = points[i] ?? [NaN, NaN]
    const found: number[] = []
    for (let cx = cellOf(x) - 1; cx <= cellOf(x) + 1; cx++)
      for (let cy = cellOf(y) - 1; cy <= cellOf(y) + 1; cy++)
        for (const j of cells.get(`${cx} ${cy}`) ?? []) {
          const [u, v] = points[j] ?? [NaN, NaN]
          if ((u - x) ** 2 + (v - y) ** 2 <= eps * eps) found.push(j)
        }
    return found
  }
  const label = points.map(() => -1)
  let clusters = 0
  for (let i = 0; i < points.length; i++) {
    if (label[i] !== -1) continue
    const around = near(i)
    if (around.length < least) continue
    const open = [i]
    label[i] = clusters
    // Grows while it is gone through.
    for (const j of open) {
      const further = j === i ? around : near(j)
      if (further.length < least) continue
      for (const k of further)
        if (label[k] === -1) {
          label[k] = clusters
          open.push(k)
        }
    }
    clusters += 1
  }
  return label
}
