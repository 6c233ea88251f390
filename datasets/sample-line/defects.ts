import type { Box } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/thread.ts'
import { grownMask, labelRegions } from './components.kernel.ts'
import { PLAN, type DefectClass, type Stroke } from './defect-shapes.ts'
import { BOARD_PX, clip, grow, overlap } from './design.ts'
import type { SampleProduct } from './product.ts'
import { fillDisc, fillPolyline, type Layer, type Point } from './raster.kernel.ts'
import type { Rng } from './rng.ts'

export interface TrueDefect {
  class: DefectClass
  /** Bounds of the changed pixels plus the margin, golden-template px. */
  box: Box
}

/** DAT_EMPTY that knows which class found no place. */
export class NoRoomError extends CodedError {
  readonly defect: DefectClass

  constructor(defect: DefectClass, product: string, others: number) {
    super('DAT_EMPTY', {
      expected: `a place for a defect of class ${defect} on ${product}`,
      actual: `none free in ${TRIES} tries beside ${others} other defects`,
      hint: 'ask for fewer defects or take another product seed',
    })
    this.defect = defect
  }
}

const TRIES = 1000

/** Free space around the changed pixels in the boxes of DeepPCB: 10 px, median of 688 boxes of its training list. */
const BOX_MARGIN_PX = 10

/** A pixel counts as changed when its coverage moved by this much: visible after blur and noise. */
const CHANGED = 64

/**
 * Puts defects on the copper of one board. Each really is of its class: in a window around it the numbers of
 * copper and substrate regions change as the class demands (`TOPOLOGY`), and a short joins two different nets.
 *
 * @param copper coverage of the product, changed in place
 * @throws DAT_EMPTY when the product offers no place for a class (`NoRoomError`)
 */
export function injectDefects(
  product: SampleProduct,
  copper: Layer,
  classes: readonly DefectClass[],
  rng: Rng,
  marginPx = BOX_MARGIN_PX,
): TrueDefect[] {
  const made: TrueDefect[] = []
  for (const cls of classes) {
    let done: Box | null = null
    for (let attempt = 0; attempt < TRIES && !done; attempt++) {
      done = tryOne(product, copper, cls, made, rng)
    }
    if (!done) {
      throw new NoRoomError(cls, product.id, made.length)
    }
    made.push({ class: cls, box: clip(grow(done, marginPx)) })
  }
  return made
}

/** Draws on a copy of the surroundings and keeps it only when it proves true. */
function tryOne(
  product: SampleProduct,
  copper: Layer,
  cls: DefectClass,
  made: readonly TrueDefect[],
  rng: Rng,
): Box | null {
  const strokes = PLAN[cls](product, rng)
  if (!strokes) return null
  const window = clip(grow(extent(strokes), 12))
  const before = cutOut(copper, window)
  const after: Layer = { ...before, data: before.data.slice() }
  for (const s of strokes) {
    const points = s.points.map(([x, y]): Point => [x - window[0], y - window[1]])
    const first = points[0]
    if (points.length === 1 && first) fillDisc(after, first[0], first[1], s.widthPx / 2, s.ink)
    else fillPolyline(after, points, s.widthPx, s.ink)
  }
  const local = bounds(before, after)
  if (!local || inHole(product, before, after, window) || !provesTrue(before, after, cls)) return null
  const [ox, oy] = window
  const changed: Box = [local[0] + ox, local[1] + oy, local[2] + ox, local[3] + oy]
  const apart = grow(changed, BOX_MARGIN_PX)
  if (apart[0] < 0 || apart[1] < 0 || apart[2] > BOARD_PX || apart[3] > BOARD_PX) return null
  if (product.reserved.some((r) => overlap(r, apart)) || made.some((d) => overlap(d.box, apart))) return null
  for (let y = 0; y < after.heightPx; y++) {
    const row = after.data.subarray(y * after.widthPx, (y + 1) * after.widthPx)
    copper.data.set(row, (oy + y) * BOARD_PX + ox)
  }
  return changed
}

/** Copper drawn into a drill hole would not be seen, and is not there. */
function inHole(product: SampleProduct, before: Layer, after: Layer, window: Box): boolean {
  const holes = cutOut(product.layers.holes, window)
  return after.data.some((v, i) => v > (before.data[i] ?? 0) && (holes.data[i] ?? 0) > 0)
}

function extent(strokes: readonly Stroke[]): Box {
  let box: Box = [BOARD_PX, BOARD_PX, 0, 0]
  for (const s of strokes) {
    const r = s.widthPx / 2 + 1
    for (const [x, y] of s.points) {
      box = [
        Math.min(box[0], x - r),
        Math.min(box[1], y - r),
        Math.max(box[2], x + r),
        Math.max(box[3], y + r),
      ]
    }
  }
  return box
}

function cutOut(from: Layer, window: Box): Layer {
  const widthPx = window[2] - window[0]
  const heightPx = window[3] - window[1]
  const data = new Uint8Array(widthPx * heightPx)
  for (let y = 0; y < heightPx; y++) {
    const start = (window[1] + y) * from.widthPx + window[0]
    data.set(from.data.subarray(start, start + widthPx), y * widthPx)
  }
  return { data, widthPx, heightPx }
}

function bounds(before: Layer, after: Layer): Box | null {
  let x1 = before.widthPx
  let y1 = before.heightPx
  let x2 = 0
  let y2 = 0
  for (let y = 0; y < before.heightPx; y++) {
    for (let x = 0; x < before.widthPx; x++) {
      const i = y * before.widthPx + x
      if (Math.abs((before.data[i] ?? 0) - (after.data[i] ?? 0)) < CHANGED) continue
      if (x < x1) x1 = x
      if (x >= x2) x2 = x + 1
      if (y < y1) y1 = y
      y2 = y + 1
    }
  }
  return x2 - x1 >= 3 && y2 - y1 >= 3 ? [x1, y1, x2, y2] : null
}

/** How the numbers of copper and substrate regions in the window change. */
const TOPOLOGY: Record<DefectClass, (copper: number, substrate: number) => boolean> = {
  open: (c) => c >= 1,
  short: (c) => c <= -1,
  mousebite: (c, s) => c === 0 && s === 0,
  spur: (c, s) => c === 0 && s === 0,
  copper: (c, s) => c === 1 && s === 0,
  pinhole: (c, s) => c === 0 && s === 1,
}

/**
 * True not only as drawn, but also after etching one pixel more or less: a bridge or a gap of a single pixel would
 * be another defect after blur and binarisation.
 */
function provesTrue(before: Layer, after: Layer, cls: DefectClass): boolean {
  for (const grown of [0, -1, 1] as const) {
    const a = regions(before, grown)
    const b = regions(after, grown)
    if (!TOPOLOGY[cls](b[0] - a[0], b[1] - a[1])) return false
  }
  return true
}

/** Numbers of copper and of substrate regions, with copper grown by one pixel on all sides, shrunk, or as it is. */
function regions(copper: Layer, grown: -1 | 0 | 1): [number, number] {
  const { widthPx: w, heightPx: h } = copper
  const mask = new Uint8Array(w * h)
  for (let i = 0; i < mask.length; i++) mask[i] = (copper.data[i] ?? 0) >= 128 ? 1 : 0
  const shown = grown === 0 ? mask : grownMask(mask, w, h, grown === 1 ? 1 : 0)
  const labels = new Int32Array(w * h)
  return [labelRegions(shown, w, [0, 0, w, h], 1, labels), labelRegions(shown, w, [0, 0, w, h], 0, labels)]
}
