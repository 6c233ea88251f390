/** Cell of the routing grid: column, row. */
export type Cell = readonly [number, number]

/** Owner 0 = free, -1 = blocked, else the number of a net; `solid` cells are pads, vias and wide traces. */
export interface RoutingGrid {
  columns: number
  rows: number
  owner: Int32Array
  solid: Uint8Array
}

export const createGrid = (columns: number, rows: number): RoutingGrid => ({
  columns,
  rows,
  owner: new Int32Array(columns * rows),
  solid: new Uint8Array(columns * rows),
})

export function ownerAt(g: RoutingGrid, x: number, y: number): number {
  return x < 0 || y < 0 || x >= g.columns || y >= g.rows ? -1 : (g.owner[y * g.columns + x] ?? -1)
}

export function claim(g: RoutingGrid, x: number, y: number, net: number, solid: boolean): void {
  if (x < 0 || y < 0 || x >= g.columns || y >= g.rows) return
  g.owner[y * g.columns + x] = net
  if (solid) g.solid[y * g.columns + x] = 1
}

/** Is the whole rectangle of cells free, with a ring of `halo` cells around it that may leave the grid? */
export function isFree(g: RoutingGrid, x: number, y: number, w: number, h: number, halo: number): boolean {
  if (x < 0 || y < 0 || x + w > g.columns || y + h > g.rows) return false
  for (let cy = y - halo; cy < y + h + halo; cy++) {
    for (let cx = x - halo; cx < x + w + halo; cx++) {
      if (cx < 0 || cy < 0 || cx >= g.columns || cy >= g.rows) continue
      if (ownerAt(g, cx, cy) !== 0) return false
    }
  }
  return true
}

const STEPS: readonly Cell[] = [
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
]

/** A cell the net may enter, with `radius` cells of free room around it. */
function enterable(g: RoutingGrid, x: number, y: number, net: number, radius: number): boolean {
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      const o = ownerAt(g, x + dx, y + dy)
      if (o !== 0 && o !== net) return false
    }
  }
  return true
}

/**
 * A diagonal step passes its two side cells at 0.7 of the pitch: too near for a pad, near enough for one trace
 * corner, and never between two cells of another net (the traces would cross).
 */
function diagonalClear(g: RoutingGrid, x: number, y: number, dx: number, dy: number, net: number): boolean {
  let others = 0
  for (const [sx, sy] of [
    [x + dx, y],
    [x, y + dy],
  ] as const) {
    const o = ownerAt(g, sx, sy)
    if (o === 0 || o === net || o === -1) continue
    if (g.solid[sy * g.columns + sx] === 1) return false
    others++
  }
  return others < 2
}

/**
 * Shortest path in eight directions with a price on bends, by A*. Sharp turns (more than 45°) are not made.
 *
 * @returns cells from `from` to `to`, or null when there is no way within `budget` expansions
 */
export function route(
  g: RoutingGrid,
  from: Cell,
  to: Cell,
  net: number,
  radius: number,
  budget: number,
): Cell[] | null {
  const states = g.columns * g.rows * 9
  const cost = new Float32Array(states).fill(Infinity)
  const back = new Int32Array(states).fill(-1)
  const heap: [number, number][] = []
  const push = (key: number, state: number): void => {
    heap.push([key, state])
    for (let n = heap.length - 1; n > 0;) {
      const up = (n - 1) >> 1
      const a = heap[n]
      const b = heap[up]
      if (!a || !b || b[0] <= a[0]) break
      heap[n] = b
      heap[up] = a
      n = up
    }
  }
  const pop = (): number => {
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last) return -1
    if (heap.length > 0) {
      heap[0] = last
      for (let n = 0; ;) {
        let least = n
        for (const child of [2 * n + 1, 2 * n + 2]) {
          const c = heap[child]
          const l = heap[least]
          if (c && l && c[0] < l[0]) least = child
        }
        if (least === n) break
        const a = heap[n]
        const b = heap[least]
        if (!a || !b) break
        heap[n] = b
        heap[least] = a
        n = least
      }
    }
    return first[1]
  }
  const estimate = (x: number, y: number): number => {
    const dx = Math.abs(x - to[0])
    const dy = Math.abs(y - to[1])
    return Math.max(dx, dy) + 0.41421356 * Math.min(dx, dy)
  }
  const stateOf = (x: number, y: number, dir: number): number => (y * g.columns + x) * 9 + dir
  const start = stateOf(from[0], from[1], 8)
  cost[start] = 0
  push(estimate(from[0], from[1]), start)
  for (let n = 0; n < budget; n++) {
    const state = pop()
    if (state < 0) return null
    const dir = state % 9
    const cell = (state - dir) / 9
    const x = cell % g.columns
    const y = (cell - x) / g.columns
    if (x === to[0] && y === to[1]) return unwind(g, back, state)
    const sofar = cost[state] ?? Infinity
    for (let d = 0; d < 8; d++) {
      const turn = dir === 8 ? 0 : Math.min((d - dir + 8) % 8, (dir - d + 8) % 8)
      if (turn > 1) continue
      const [dx, dy] = STEPS[d] ?? [0, 0]
      const nx = x + dx
      const ny = y + dy
      const arriving = nx === to[0] && ny === to[1]
      if (!enterable(g, nx, ny, net, arriving ? 0 : radius)) continue
      if (dx !== 0 && dy !== 0 && !diagonalClear(g, x, y, dx, dy, net)) continue
      const price = sofar + (dx !== 0 && dy !== 0 ? 1.41421356 : 1) + turn * 0.6
      const next = stateOf(nx, ny, d)
      if (price >= (cost[next] ?? 0)) continue
      cost[next] = price
      back[next] = state
      push(price + estimate(nx, ny), next)
    }
  }
  return null
}

function unwind(g: RoutingGrid, back: Int32Array, end: number): Cell[] {
  const cells: Cell[] = []
  for (let s = end; s >= 0; s = back[s] ?? -1) {
    const cell = (s - (s % 9)) / 9
    const x = cell % g.columns
    cells.push([x, (cell - x) / g.columns])
  }
  return cells.reverse()
}
