import { claim, isFree, type Cell } from './routing-grid.ts'
import { toPx, type Workbench } from './workbench.ts'

/** A pad a trace can start from. */
export interface Pin {
  part: number
  net: number
  /** Where the trace leaves. */
  cell: Cell
  /** All cells of the pad. */
  cells: Cell[]
  /** Large enough for a wide trace. */
  wide: boolean
}

type Place = (w: Workbench, part: number, pins: Pin[]) => boolean

/** Puts parts down at random free places until the board is reasonably full. */
export function placeParts(w: Workbench, board: boolean): Pin[] {
  const pins: Pin[] = []
  const small = w.grid.columns < 22
  const menu: readonly Place[] = w.rng.pick([
    [chip, chip, twoPads, ringPad],
    [chip, twoPads, twoPads, ringPad, bigPad],
    [ringPad, ringPad, bigPad, twoPads],
    [chip, bus, bus, ringPad],
  ])
  const full: readonly Place[] = board ? [chip, chip, twoPads, twoPads, ringPad, bus] : menu
  const target = Math.round((w.grid.columns * w.grid.rows) / (small ? 26 : 52))
  let part = 0
  for (let attempt = 0; attempt < target * 6 && part < target; attempt++) {
    if (w.rng.pick(full)(w, part, pins)) part++
  }
  return pins
}

/** Rectangle of cells as one pad. `share` of the outer half cells is covered. */
function rectPad(
  w: Workbench,
  part: number,
  x: number,
  y: number,
  cw: number,
  ch: number,
  share: number,
): Pin {
  const cells: Cell[] = []
  const net = w.nextNet++
  for (let cy = y; cy < y + ch; cy++)
    for (let cx = x; cx < x + cw; cx++) {
      claim(w.grid, cx, cy, net, true)
      cells.push([cx, cy])
    }
  const widthPx = Math.round((cw - 1 + share) * w.pitch)
  const heightPx = Math.round((ch - 1 + share) * w.pitch)
  w.design.pads.push({
    shape: 'rect',
    cx: toPx(w, x + (cw - 1) / 2),
    cy: toPx(w, y + (ch - 1) / 2),
    widthPx,
    heightPx,
    cornerPx: w.rng.pick([0, 2, 5]),
    holePx: 0,
  })
  return {
    part,
    net,
    cell: [x + (cw >> 1), y + (ch >> 1)],
    cells,
    wide: cw >= 2 && ch >= 2,
  }
}

/** Two facing rows of long narrow pads. */
function chip(w: Workbench, part: number, pins: Pin[]): boolean {
  const perSide = w.rng.int(3, 9)
  const body = w.rng.int(2, 5)
  const turned = w.rng.chance(0.5)
  const long = perSide
  const across = body + 4
  const cw = turned ? across : long
  const ch = turned ? long : across
  const x = w.rng.int(0, w.grid.columns - cw)
  const y = w.rng.int(0, w.grid.rows - ch)
  if (!isFree(w.grid, x, y, cw, ch, 1)) return false
  for (let n = 0; n < perSide; n++) {
    for (const side of [0, 1]) {
      const off = side === 0 ? 0 : across - 2
      const pin = turned
        ? rectPad(w, part, x + off, y + n, 2, 1, 0.55)
        : rectPad(w, part, x + n, y + off, 1, 2, 0.55)
      // The trace leaves outwards, half of the time inwards under the body.
      const inner = w.rng.chance(0.3)
      const end = (side === 0) !== inner ? 0 : 1
      pins.push({ ...pin, cell: pin.cells[end] ?? pin.cell, wide: false })
    }
  }
  return true
}

/** A resistor or capacitor. */
function twoPads(w: Workbench, part: number, pins: Pin[]): boolean {
  const side = w.rng.int(1, 2)
  const apart = w.rng.int(2, 3)
  const turned = w.rng.chance(0.5)
  const long = 2 * side + apart
  const cw = turned ? side : long
  const ch = turned ? long : side
  const x = w.rng.int(0, w.grid.columns - cw)
  const y = w.rng.int(0, w.grid.rows - ch)
  if (!isFree(w.grid, x, y, cw, ch, 1)) return false
  const share = w.rng.range(0.6, 0.9)
  for (const off of [0, side + apart]) {
    pins.push(rectPad(w, part, turned ? x : x + off, turned ? y + off : y, side, side, share))
  }
  return true
}

/** A through-hole pad. */
function ringPad(w: Workbench, part: number, pins: Pin[]): boolean {
  const size = w.rng.int(2, 3)
  const count = w.rng.pick([1, 1, 2, 4])
  const step = size + 2
  const long = (count - 1) * step + size
  const x = w.rng.int(0, Math.max(0, w.grid.columns - size))
  const y = w.rng.int(0, Math.max(0, w.grid.rows - long))
  if (!isFree(w.grid, x, y, size, long, 1)) return false
  for (let n = 0; n < count; n++) {
    pins.push(disc(w, part, x, y + n * step, size, w.rng.chance(0.85)))
  }
  return true
}

function disc(w: Workbench, part: number, x: number, y: number, size: number, drilled: boolean): Pin {
  const pin = rectPad(w, part, x, y, size, size, 0.9)
  const pad = w.design.pads.at(-1)
  if (pad) {
    pad.shape = 'disc'
    pad.holePx = drilled ? Math.round(pad.widthPx * 0.44) : 0
  }
  return { ...pin, wide: size >= 3 }
}

/** A connector field or heat spreader. */
function bigPad(w: Workbench, part: number, pins: Pin[]): boolean {
  const cw = w.rng.int(3, 6)
  const ch = w.rng.int(2, 8)
  const x = w.rng.int(0, w.grid.columns - 1)
  const y = w.rng.int(0, w.grid.rows - 1)
  if (!isFree(w.grid, x, y, cw, ch, 1)) return false
  pins.push(rectPad(w, part, x, y, cw, ch, 0.8))
  return true
}

/** Parallel lines running a long way, without pads; each ends free or at the edge. */
function bus(w: Workbench, _part: number, _pins: Pin[]): boolean {
  const lanes = w.rng.int(3, 8)
  const turned = w.rng.chance(0.5)
  const longest = turned ? w.grid.rows : w.grid.columns
  const long = w.rng.int(Math.floor(longest * 0.3), longest)
  const cw = turned ? lanes : long
  const ch = turned ? long : lanes
  const x = w.rng.int(0, w.grid.columns - cw)
  const y = w.rng.int(0, w.grid.rows - ch)
  if (!isFree(w.grid, x, y, cw, ch, 1)) return false
  for (let lane = 0; lane < lanes; lane++) {
    const net = w.nextNet++
    for (let n = 0; n < long; n++) {
      claim(w.grid, turned ? x + lane : x + n, turned ? y + n : y + lane, net, false)
    }
    const a = turned ? ([toPx(w, x + lane), toPx(w, y)] as const) : ([toPx(w, x), toPx(w, y + lane)] as const)
    const b = turned
      ? ([toPx(w, x + lane), toPx(w, y + long - 1)] as const)
      : ([toPx(w, x + long - 1), toPx(w, y + lane)] as const)
    w.design.traces.push({ points: [a, b], widthPx: w.tracePx })
  }
  return true
}
