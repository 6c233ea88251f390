import { dbscan } from '../../scenarios/index.ts'
import type { DefectPlaces } from '../../traceability/query/index.ts'
import type { Places } from './ports.ts'

/** Neighbours lie within this share of the longer side of the frame. */
const RADIUS = 0.02
/** Defects that make a cluster, at least. */
const LEAST = 5
/** Squares along the longer side of the heat map. */
const CELLS = 48
const MAX_CLUSTERS = 20
const SHOWN_PARTS = 5

type Point = NonNullable<DefectPlaces['view']>['points'][number]

/**
 * Where defects repeat: DBSCAN over the middles of their boxes, and counts of a grid.
 *
 * @param radius of neighbours, as a share of the longer side of the frame
 */
export function placesOf({ recipes, view }: DefectPlaces, radius = RADIUS): Places {
  if (view === null) return { recipes, view: null }
  const { points, recipe, widthPx, heightPx, image, older } = view
  const longer = Math.max(widthPx, heightPx, 1)
  const radiusPx = radius * longer
  const least = leastOf(points.length, radiusPx, widthPx * heightPx)
  const labels = dbscan(
    points.map((p) => [p.x, p.y] as const),
    radiusPx,
    least,
  )
  const members = new Map<number, Point[]>()
  for (const [i, label] of labels.entries()) {
    const point = points[i]
    if (point === undefined || label < 0) continue
    const own = members.get(label)
    if (own === undefined) members.set(label, [point])
    else own.push(point)
  }
  const cellPx = longer / CELLS
  return {
    recipes,
    view: {
      recipe,
      widthPx,
      heightPx,
      image,
      n: points.length,
      older,
      radiusPx,
      least,
      clusters: [...members.values()]
        .sort((a, b) => b.length - a.length)
        .slice(0, MAX_CLUSTERS)
        .map(clusterOf),
      scattered: labels.filter((l) => l < 0).length,
      cellPx,
      cells: cellsOf(points, cellPx),
    },
  }
}

/**
 * How many neighbours make a core. Of `n` defects spread evenly over the frame a circle would hold `m` = n × its share of
 * the area, more or less √m (Poisson); four times that above it is no chance, even among thousands of circles.
 */
function leastOf(n: number, radiusPx: number, areaPx: number): number {
  const m = (n * Math.PI * radiusPx ** 2) / Math.max(areaPx, 1)
  return Math.max(LEAST, Math.ceil(m + 4 * Math.sqrt(m)))
}

function clusterOf(own: readonly Point[]): NonNullable<Places['view']>['clusters'][number] {
  const mean = (of: readonly number[]): number => of.reduce((s, v) => s + v, 0) / of.length
  const [x, y] = [mean(own.map((p) => p.x)), mean(own.map((p) => p.y))]
  const mm = own.flatMap((p) => (p.mm === null ? [] : [p.mm]))
  const classes = new Map<string, number>()
  for (const p of own) classes.set(p.class, (classes.get(p.class) ?? 0) + 1)
  const parts = [...new Set(own.map((p) => p.inspectionId))]
  return {
    x,
    y,
    mm: mm.length < own.length ? null : [mean(mm.map((p) => p[0])), mean(mm.map((p) => p[1]))],
    radiusPx: Math.max(...own.map((p) => Math.hypot(p.x - x, p.y - y))),
    n: own.length,
    parts: parts.length,
    classes: [...classes].sort((a, b) => b[1] - a[1]).map(([name, n]) => ({ class: name, n })),
    inspections: parts.slice(0, SHOWN_PARTS),
  }
}

function cellsOf(points: readonly Point[], cellPx: number): { column: number; row: number; n: number }[] {
  const cells = new Map<string, { column: number; row: number; n: number }>()
  for (const { x, y } of points) {
    const [column, row] = [Math.floor(x / cellPx), Math.floor(y / cellPx)]
    const cell = cells.get(`${column} ${row}`)
    if (cell === undefined) cells.set(`${column} ${row}`, { column, row, n: 1 })
    else cell.n += 1
  }
  return [...cells.values()]
}
