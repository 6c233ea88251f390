import type { WorkingSize } from './working-size.ts'
import { misplacedPatch, scratch, spot } from './damage.kernel.ts'

/** Grey levels by which a pixel must have changed to count as defective. */
const VISIBLE = 12

export interface DamagedImage {
  /** HWC, 3 channels */
  data: Uint8Array<ArrayBuffer>
  /** Share of changed pixels per cell, 0..1, rows top to bottom. */
  coverage: Float32Array
}

/**
 * A good image with one to three synthetic defects.
 *
 * @param good  HWC, 3 channels
 * @param other another good image of the same size, the source of misplaced patches
 * @param cellPx side of a cell of the patch grid
 */
export function damaged(
  good: Uint8Array,
  other: Uint8Array,
  width: number,
  height: number,
  cellPx: number,
  random: () => number,
): DamagedImage {
  const image = new Float32Array(good)
  const mask = new Float32Array(width * height)
  const defects = 1 + Math.floor(3 * random())
  for (let i = 0; i < defects; i++) {
    const kind = Math.floor(4 * random())
    if (kind === 0) scratch(image, mask, width, height, random)
    else if (kind === 3) misplacedPatch(image, mask, width, height, other, random)
    else spot(image, mask, width, height, kind === 2, random)
  }
  // rounds as it stores
  const data = new Uint8Array(new Uint8ClampedArray(image).buffer)
  const columns = width / cellPx
  const coverage = new Float32Array(columns * (height / cellPx))
  for (let at = 0; at < mask.length; at++) {
    if ((mask[at] ?? 0) < 0.5 || !changed(good, data, at)) continue
    const cell = Math.floor(Math.floor(at / width) / cellPx) * columns + Math.floor((at % width) / cellPx)
    coverage[cell] = (coverage[cell] ?? 0) + 1 / (cellPx * cellPx)
  }
  return { data, coverage }
}

/**
 * Side of the part of a tiled image that one copy is damaged in, px: a defect has a size of its own and is not larger
 * where more is photographed.
 */
const PART_PX = 512

/**
 * As `damaged`, in a part of the image around a cell.
 *
 * @param middle of the part, as far as the image reaches
 */
export function damagedPart(
  good: Uint8Array,
  other: Uint8Array,
  { widthPx, heightPx, grid }: WorkingSize,
  middle: number,
  random: () => number,
): DamagedImage {
  const { stridePx } = grid
  const [w, h] = [widthPx, heightPx].map((side) => Math.floor(Math.min(side, PART_PX) / stridePx)) as [
    number,
    number,
  ]
  const first = (at: number, cells: number, part: number): number =>
    Math.min(Math.max(0, at - (part >> 1)), cells - part)
  const u = first(middle % grid.width, grid.width, w)
  const v = first(Math.floor(middle / grid.width), grid.height, h)
  const part = (image: Uint8Array): Uint8Array => {
    const out = new Uint8Array(w * h * stridePx ** 2 * 3)
    eachRow((inside, outside, length) => out.set(image.subarray(outside, outside + length), inside))
    return out
  }
  const eachRow = (use: (inside: number, outside: number, length: number) => void): void => {
    const length = w * stridePx * 3
    for (let y = 0; y < h * stridePx; y++)
      use(y * length, ((v * stridePx + y) * widthPx + u * stridePx) * 3, length)
  }
  const made = damaged(part(good), part(other), w * stridePx, h * stridePx, stridePx, random)
  const data = Uint8Array.from(good)
  eachRow((inside, outside, length) => data.set(made.data.subarray(inside, inside + length), outside))
  const coverage = new Float32Array(grid.width * grid.height)
  for (let y = 0; y < h; y++)
    coverage.set(made.coverage.subarray(y * w, (y + 1) * w), (v + y) * grid.width + u)
  return { data, coverage }
}

function changed(a: Uint8Array, b: Uint8Array, at: number): boolean {
  for (let i = at * 3; i < at * 3 + 3; i++) if (Math.abs((a[i] ?? 0) - (b[i] ?? 0)) > VISIBLE) return true
  return false
}
