import type { Box } from '../../contracts/index.ts'
import { BOARD_PX, clip, grow, overlap, type Design, type DesignOptions, type Pad } from './design.ts'
import { placeParts, type Pin } from './parts.ts'
import type { Point } from './raster.kernel.ts'
import { createRng, type Rng } from './rng.ts'
import { claim, createGrid, isFree, ownerAt, route, type Cell } from './routing-grid.ts'
import { toPx, type Workbench } from './workbench.ts'

/** Lays a board out: reserved fields, parts, traces, pours, legend; deterministic for the seed. */
export function createDesign(seed: number, options: DesignOptions): Design {
  const rng = createRng(seed)
  const board = options.frame === 'board'
  const pitch = board ? rng.int(14, 17) : rng.pick([13, 14, 16, 18, 20, 24, 28, 34, 42, 56])
  const margin = board ? 16 : -Math.round(pitch * rng.range(0.6, 2.5))
  const cells = Math.floor((BOARD_PX - 2 * margin) / pitch) + 1
  const w: Workbench = {
    rng,
    design: {
      seed,
      traces: [],
      pads: [],
      pours: [],
      copperText: [],
      silkText: [],
      silkLines: [],
      fiducials: [],
      label: null,
    },
    grid: createGrid(cells, cells),
    pitch,
    origin: Math.round((BOARD_PX - (cells - 1) * pitch) / 2),
    tracePx: Math.max(5, Math.round(pitch * rng.range(0.36, 0.44))),
    nextNet: 1,
  }
  if (board) placeFiducials(w)
  if (options.label) placeLabel(w)
  const pins = placeParts(w, board)
  routeNets(w, pins)
  if (!board) placeCopperText(w)
  placePours(w)
  if (options.silk) placeLegend(w)
  return w.design
}

function block(w: Workbench, box: Box): void {
  for (let y = 0; y < w.grid.rows; y++) {
    for (let x = 0; x < w.grid.columns; x++) {
      const px = toPx(w, x)
      const py = toPx(w, y)
      if (px >= box[0] && px < box[2] && py >= box[1] && py < box[3]) claim(w.grid, x, y, -1, true)
    }
  }
}

function placeFiducials(w: Workbench): void {
  const radiusPx = 11
  const clearPx = 24
  const at = 40
  for (const [cx, cy] of [
    [at, at],
    [BOARD_PX - at, at],
    [at, BOARD_PX - at],
    [BOARD_PX - at, BOARD_PX - at],
  ] as const) {
    w.design.fiducials.push({ cx, cy, radiusPx, clearPx })
    block(w, [cx - clearPx - 8, cy - clearPx - 8, cx + clearPx + 8, cy + clearPx + 8])
  }
}

/** Room for a DataMatrix of 24 modules of 4 px with quiet zone, and three lines of text beside it. */
function placeLabel(w: Workbench): void {
  const width = 252
  const height = 112
  const x = w.rng.int(90, BOARD_PX - width - 90)
  const y = w.rng.pick([w.rng.int(30, 120), w.rng.int(BOARD_PX - height - 120, BOARD_PX - height - 30)])
  w.design.label = [x, y, x + width, y + height]
  block(w, grow(w.design.label, 12))
}

/** Joins pins to their neighbours, one net per pin pair, and lets the rest end in a via. */
function routeNets(w: Workbench, pins: Pin[]): void {
  const open = new Set(pins)
  for (const pin of pins) {
    if (!open.has(pin)) continue
    open.delete(pin)
    const near = [...open]
      .filter((o) => o.part !== pin.part)
      .sort((a, b) => gap(pin.cell, a.cell) - gap(pin.cell, b.cell))
      .slice(0, 4)
    const other = near.find((o) => gap(pin.cell, o.cell) < 34 && connect(w, pin, o))
    if (other) open.delete(other)
    else if (w.rng.chance(0.75)) endInVia(w, pin)
  }
}

const gap = (a: Cell, b: Cell): number => Math.max(Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1]))

function connect(w: Workbench, a: Pin, b: Pin): boolean {
  const wide = a.wide && b.wide
  retag(w, b, a.net)
  const cells = route(w.grid, a.cell, b.cell, a.net, wide ? 1 : 0, 12_000)
  if (!cells) {
    retag(w, b, b.net)
    return false
  }
  draw(w, cells, a.net, wide)
  return true
}

/** Gives the cells of a pin's pad to another net. */
function retag(w: Workbench, pin: Pin, net: number): void {
  for (const [x, y] of pin.cells) claim(w.grid, x, y, net, true)
}

function draw(w: Workbench, cells: Cell[], net: number, wide: boolean): void {
  for (const [x, y] of cells) {
    for (let dy = wide ? -1 : 0; dy <= (wide ? 1 : 0); dy++) {
      for (let dx = wide ? -1 : 0; dx <= (wide ? 1 : 0); dx++) claim(w.grid, x + dx, y + dy, net, wide)
    }
  }
  const widthPx = wide ? Math.round(w.pitch * w.rng.range(0.9, 1.6)) : w.tracePx
  w.design.traces.push({ points: straighten(w, cells), widthPx })
}

/** Cells to corners. */
function straighten(w: Workbench, cells: Cell[]): Point[] {
  const points: Point[] = []
  cells.forEach((c, n) => {
    const a = cells[n - 1]
    const b = cells[n + 1]
    const bend = !a || !b || b[0] - c[0] !== c[0] - a[0] || b[1] - c[1] !== c[1] - a[1]
    if (bend) points.push([toPx(w, c[0]), toPx(w, c[1])])
  })
  return points
}

function endInVia(w: Workbench, pin: Pin): void {
  for (let attempt = 0; attempt < 6; attempt++) {
    const x = pin.cell[0] + w.rng.int(-9, 9)
    const y = pin.cell[1] + w.rng.int(-9, 9)
    if (gap(pin.cell, [x, y]) < 2 || !viaFits(w, x, y)) continue
    claim(w.grid, x, y, pin.net, true)
    const cells = route(w.grid, pin.cell, [x, y], pin.net, 0, 3000)
    if (cells) {
      draw(w, cells, pin.net, false)
      w.design.pads.push(via(w, x, y))
      return
    }
    w.grid.owner[y * w.grid.columns + x] = 0
    w.grid.solid[y * w.grid.columns + x] = 0
  }
}

/** A via is nearly a pitch wide: no pad may stand beside it, a trace may, if it does not pass diagonally. */
function viaFits(w: Workbench, x: number, y: number): boolean {
  if (x < 1 || y < 1 || x >= w.grid.columns - 1 || y >= w.grid.rows - 1) return false
  for (let dy = -1; dy <= 1; dy++) {
    for (let dx = -1; dx <= 1; dx++) if (ownerAt(w.grid, x + dx, y + dy) !== 0) return false
  }
  return true
}

function via(w: Workbench, x: number, y: number): Pad {
  const d = Math.max(11, w.pitch * 0.92)
  return {
    shape: 'disc',
    cx: toPx(w, x),
    cy: toPx(w, y),
    widthPx: d,
    heightPx: d,
    cornerPx: 0,
    holePx: Math.max(5, Math.round(d * 0.42)),
  }
}

function placeCopperText(w: Workbench): void {
  if (!w.rng.chance(0.35)) return
  const heightPx = w.rng.int(18, 34)
  const text = boardCode(w.rng)
  for (let attempt = 0; attempt < 30; attempt++) {
    const turned = w.rng.chance(0.5)
    const long = Math.ceil((text.length * heightPx) / w.pitch) + 1
    const high = Math.ceil(heightPx / w.pitch) + 1
    const x = w.rng.int(0, w.grid.columns - 1)
    const y = w.rng.int(0, w.grid.rows - 1)
    if (!isFree(w.grid, x, y, turned ? high : long, turned ? long : high, 1)) continue
    w.design.copperText.push({
      text,
      x: toPx(w, x) + 2,
      y: toPx(w, y) + 2,
      heightPx,
      strokePx: 3,
      quarterTurns: turned ? 1 : 0,
    })
    for (let cy = 0; cy < (turned ? long : high); cy++)
      for (let cx = 0; cx < (turned ? high : long); cx++) claim(w.grid, x + cx, y + cy, -1, true)
    return
  }
}

const LETTERS = 'ABCDEFGHKLMNPRSTUVWXZ'
const boardCode = (rng: Rng): string =>
  `${LETTERS[rng.int(0, LETTERS.length - 1)] ?? 'A'}${rng.int(1, 9)}-${String(rng.int(0, 9999)).padStart(4, '0')}`

function placePours(w: Workbench): void {
  const count = w.rng.int(1, 3)
  for (let n = 0; n < count; n++) {
    const width = w.rng.int(140, 420)
    const height = w.rng.int(140, 420)
    const x = w.rng.int(-60, BOARD_PX - width + 60)
    const y = w.rng.int(-60, BOARD_PX - height + 60)
    const holes = Array.from({ length: w.rng.int(0, 3) }, () => ({
      cx: x + w.rng.int(40, width - 40),
      cy: y + w.rng.int(40, height - 40),
      radiusPx: w.rng.int(6, 26),
    }))
    w.design.pours.push({
      box: [x, y, x + width, y + height],
      chamferPx: w.rng.pick([0, 20, 60]),
      clearancePx: w.rng.int(7, 12),
      holes,
    })
  }
}

/** Legend in the free places: part names and outline corners; never on copper. */
function placeLegend(w: Workbench): void {
  const heightPx = 11
  let left = 9
  for (let attempt = 0; attempt < 200 && left > 0; attempt++) {
    const text = left === 9 ? boardCode(w.rng) : `${w.rng.pick(['R', 'C', 'U', 'D', 'L'])}${w.rng.int(1, 99)}`
    const long = Math.ceil((text.length * heightPx + 4) / w.pitch) + 1
    const x = w.rng.int(1, w.grid.columns - long - 2)
    const y = w.rng.int(1, w.grid.rows - 3)
    if (!isFree(w.grid, x, y, long, 2, 0)) continue
    const at: Box = clip([toPx(w, x), toPx(w, y), toPx(w, x + long), toPx(w, y + 2)])
    if (w.design.pours.some((p) => overlap(grow(p.box, 4), at))) continue
    w.design.silkText.push({
      text,
      x: at[0] + 3,
      y: at[1] + 2,
      heightPx,
      strokePx: 2,
      quarterTurns: 0,
    })
    for (let cy = 0; cy < 2; cy++) for (let cx = 0; cx < long; cx++) claim(w.grid, x + cx, y + cy, -1, true)
    left--
  }
}
