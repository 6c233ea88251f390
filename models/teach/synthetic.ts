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
  const image = Float32Array.from(good)
  const mask = new Float32Array(width * height)
  const defects = 1 + Math.floor(3 * random())
  for (let i = 0; i < defects; i++) {
    const kind = Math.floor(4 * random())
    if (kind === 0) scratch(image, mask, width, height, random)
    else if (kind === 3) misplacedPatch(image, mask, width, height, other, random)
    else spot(image, mask, width, height, kind === 2, random)
  }
  const data = Uint8Array.from(image, Math.round)
  const columns = width / cellPx
  const coverage = new Float32Array(columns * (height / cellPx))
  for (let at = 0; at < mask.length; at++) {
    if ((mask[at] ?? 0) < 0.5 || !changed(good, data, at)) continue
    const cell = Math.floor(Math.floor(at / width) / cellPx) * columns + Math.floor((at % width) / cellPx)
    coverage[cell] = (coverage[cell] ?? 0) + 1 / (cellPx * cellPx)
  }
  return { data, coverage }
}

const changed = (a: Uint8Array, b: Uint8Array, at: number): boolean =>
  [0, 1, 2].some((k) => Math.abs((a[at * 3 + k] ?? 0) - (b[at * 3 + k] ?? 0)) > VISIBLE)
