import { BOARD_PX, type Design, type Pad, type Pour } from './design.ts'
import { distanceTo } from './distance.kernel.ts'
import { fillDisc, fillPolyline, fillRect, layer, type Layer } from './raster.kernel.ts'
import { drawText } from './stroke-font.ts'

/** Copper and drill holes of a design, coverage 0..255. */
export interface CopperLayers {
  copper: Layer
  holes: Layer
}

export function renderCopper(design: Design): CopperLayers {
  const copper = layer(BOARD_PX, BOARD_PX)
  const holes = layer(BOARD_PX, BOARD_PX)
  for (const t of design.traces) fillPolyline(copper, t.points, t.widthPx)
  for (const p of design.pads) fillPad(copper, p)
  for (const t of design.copperText)
    drawText(copper, t.text, t.x, t.y, t.heightPx, t.strokePx, t.quarterTurns)
  for (const pour of design.pours) fillPour(copper, pour, design)
  for (const f of design.fiducials) {
    fillDisc(copper, f.cx, f.cy, f.clearPx, 'cut')
    fillDisc(copper, f.cx, f.cy, f.radiusPx)
  }
  for (const p of design.pads) {
    if (p.holePx === 0) continue
    fillDisc(copper, p.cx, p.cy, p.holePx / 2, 'cut')
    fillDisc(holes, p.cx, p.cy, p.holePx / 2)
  }
  return { copper, holes }
}

function fillPad(copper: Layer, p: Pad): void {
  if (p.shape === 'disc') fillDisc(copper, p.cx, p.cy, p.widthPx / 2)
  else fillRect(copper, p.cx, p.cy, p.widthPx, p.heightPx, p.cornerPx)
}

/** Half of the narrowest bridge a pour may have, px: thinner slivers are not etched reliably and are left out. */
const SLIVER_PX = 5
const SMALLEST_PX = 500

function fillPour(copper: Layer, pour: Pour, design: Design): void {
  const n = BOARD_PX * BOARD_PX
  const mask = new Uint8Array(n)
  const distance = new Float32Array(n)
  for (let i = 0; i < n; i++) mask[i] = (copper.data[i] ?? 0) >= 128 ? 1 : 0
  distanceTo(mask, 1, BOARD_PX, BOARD_PX, distance)
  const [x1, y1, x2, y2] = pour.box
  const inside = new Uint8Array(n)
  for (let y = Math.max(0, y1); y < Math.min(BOARD_PX, y2); y++) {
    for (let x = Math.max(0, x1); x < Math.min(BOARD_PX, x2); x++) {
      const corner = Math.min(x - x1, x2 - 1 - x) + Math.min(y - y1, y2 - 1 - y)
      if (corner < pour.chamferPx) continue
      inside[y * BOARD_PX + x] = (distance[y * BOARD_PX + x] ?? 0) > pour.clearancePx ? 1 : 0
    }
  }
  clearBox(inside, design)
  for (const h of pour.holes) cutHole(inside, h.cx, h.cy, h.radiusPx)
  // Opening with a disc: what survives the erosion grows back to its old outline, with rounded corners.
  distanceTo(inside, 0, BOARD_PX, BOARD_PX, distance)
  for (let i = 0; i < n; i++) inside[i] = (distance[i] ?? 0) > SLIVER_PX ? 1 : 0
  dropSmall(inside)
  distanceTo(inside, 1, BOARD_PX, BOARD_PX, distance)
  for (let i = 0; i < n; i++) {
    const cover = Math.round((SLIVER_PX + 0.5 - (distance[i] ?? 0)) * 255)
    if (cover > (copper.data[i] ?? 0)) copper.data[i] = Math.min(255, cover)
  }
}

/** Keeps pours away from label and fiducials. */
function clearBox(inside: Uint8Array, design: Design): void {
  if (design.label) {
    const [x1, y1, x2, y2] = design.label
    for (let y = Math.max(0, y1 - 10); y < Math.min(BOARD_PX, y2 + 10); y++)
      inside.fill(0, y * BOARD_PX + x1 - 10, y * BOARD_PX + x2 + 10)
  }
  for (const f of design.fiducials) cutHole(inside, f.cx, f.cy, f.clearPx)
}

function cutHole(inside: Uint8Array, cx: number, cy: number, radius: number): void {
  for (let y = Math.max(0, cy - radius); y <= Math.min(BOARD_PX - 1, cy + radius); y++) {
    for (let x = Math.max(0, cx - radius); x <= Math.min(BOARD_PX - 1, cx + radius); x++) {
      if ((x - cx) * (x - cx) + (y - cy) * (y - cy) <= radius * radius) inside[y * BOARD_PX + x] = 0
    }
  }
}

function dropSmall(mask: Uint8Array): void {
  const seen = new Uint8Array(mask.length)
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] !== 1 || seen[start] === 1) continue
    const region: number[] = [start]
    seen[start] = 1
    for (let n = 0; n < region.length; n++) {
      const at = region[n] ?? 0
      const x = at % BOARD_PX
      for (const next of [
        x > 0 ? at - 1 : -1,
        x < BOARD_PX - 1 ? at + 1 : -1,
        at - BOARD_PX,
        at + BOARD_PX,
      ]) {
        if (next < 0 || next >= mask.length || seen[next] === 1 || mask[next] !== 1) continue
        seen[next] = 1
        region.push(next)
      }
    }
    if (region.length < SMALLEST_PX) for (const i of region) mask[i] = 0
  }
}
