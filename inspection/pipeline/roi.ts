import { type Box, CodedError, type CodeRead, type Recipe, type Roi } from '../../contracts/index.ts'
import { fillPolygon, insidePolygon } from '../kernels/index.ts'
import { contains as boxContains, middleOf } from './code-place.ts'

/** True when the point (px of the part frame) lies in the region; the border belongs to it at the top and left. */
function contains(roi: Roi, x: number, y: number): boolean {
  if (roi.shape === 'rect') {
    const [x1, y1, x2, y2] = roi.box
    return x >= x1 && x < x2 && y >= y1 && y < y2
  }
  const points = Float64Array.from(roi.points.flat())
  return insidePolygon(points, points.length, x, y)
}

/** Where a tool may look: inside its ROI, outside every excluded one. */
export interface ToolArea {
  /** HW, 1 = inside; null = everywhere. */
  mask: Uint8Array | null
  /**
   * Whether any pixel of this box may be looked at. Where in its box a defect lies is not known (a crack around an
   * excluded print has the print in its middle), so that no other finding may be dropped.
   */
  allows(box: Box): boolean
  /** Smallest box around the ROI, half-open, inside the image. */
  box: readonly [number, number, number, number]
}

/** @throws CFG_UNKNOWN_REFERENCE when the recipe has no such region; CFG_INVALID when nothing is left to look at */
export function toolArea(recipe: Recipe, roi: string | undefined, exclude: readonly string[]): ToolArea {
  const { widthPx, heightPx } = recipe.view
  const wanted = roi === undefined ? null : roiOf(recipe, roi)
  const banned = exclude.map((name) => roiOf(recipe, name))
  const box = wanted === null ? ([0, 0, widthPx, heightPx] as const) : bounds(wanted, widthPx, heightPx)
  if (wanted === null && banned.length === 0) return { mask: null, allows: () => true, box }
  const mask = new Uint8Array(widthPx * heightPx)
  if (wanted === null) mask.fill(1)
  else paint(wanted, widthPx, heightPx, 1, mask)
  for (const b of banned) paint(b, widthPx, heightPx, 0, mask)
  if (!mask.includes(1))
    throw new CodedError('CFG_INVALID', {
      path: `rois.${roi ?? exclude.join('+')}`,
      expected: `a region with pixels inside ${widthPx} × ${heightPx} px`,
      actual: banned.length > 0 ? 'none left after the exclusions' : 'none',
    })
  return { mask, allows: (found) => touches(mask, widthPx, box, found), box }
}

/**
 * Whether the mask has a pixel in the box; of a box without an extent the pixel that it lies in counts.
 *
 * @param inside the mask has pixels here only
 */
function touches(mask: Uint8Array, widthPx: number, inside: ToolArea['box'], [x1, y1, x2, y2]: Box): boolean {
  // A box on the border of the image lies in its last pixel.
  const first = (at: number, size: number): number => Math.min(Math.max(0, Math.floor(at)), size - 1)
  const [u, v] = [first(x1, widthPx), first(y1, mask.length / widthPx)]
  const [left, right] = [Math.max(inside[0], u), Math.min(inside[2], Math.max(u + 1, Math.ceil(x2)))]
  const [top, bottom] = [Math.max(inside[1], v), Math.min(inside[3], Math.max(v + 1, Math.ceil(y2)))]
  if (left >= right) return false
  for (let y = top; y < bottom; y++)
    if (mask.subarray(y * widthPx + left, y * widthPx + right).includes(1)) return true
  return false
}

/** Names of the recipe's regions that contain the point, in the order of the recipe. */
export const roisAt = (recipe: Recipe, x: number, y: number): string[] =>
  Object.entries(recipe.rois)
    .filter(([, roi]) => contains(roi, x, y))
    .map(([name]) => name)

/** Whether the middle of a code lies in the smallest box around a region of the recipe, which is where `code@1` looks first. */
export function isAbout(recipe: Recipe, roi: string, code: Pick<CodeRead, 'corners'>): boolean {
  const { widthPx, heightPx } = recipe.view
  return boxContains(bounds(roiOf(recipe, roi), widthPx, heightPx), middleOf(code))
}

export function roiOf(recipe: Recipe, name: string): Roi {
  const roi = recipe.rois[name]
  if (!roi)
    throw new CodedError('CFG_UNKNOWN_REFERENCE', {
      expected: `a region of \`rois\` (${Object.keys(recipe.rois).join(', ') || 'none defined'})`,
      actual: name,
    })
  return roi
}

/** Writes `value` into the pixels whose centre lies in the region. */
export function paint(roi: Roi, widthPx: number, heightPx: number, value: number, out: Uint8Array): void {
  if (roi.shape === 'polygon') {
    fillPolygon(Float64Array.from(roi.points.flat()), widthPx, heightPx, value, out)
    return
  }
  const [x1, y1, x2, y2] = bounds(roi, widthPx, heightPx)
  for (let y = y1; y < y2; y++) out.fill(value, y * widthPx + x1, y * widthPx + x2)
}

/** Half-open box around the region, cut to the image. */
function bounds(roi: Roi, widthPx: number, heightPx: number): readonly [number, number, number, number] {
  const [x1, y1, x2, y2] =
    roi.shape === 'rect'
      ? roi.box
      : [
          Math.floor(Math.min(...roi.points.map((p) => p[0]))),
          Math.floor(Math.min(...roi.points.map((p) => p[1]))),
          Math.ceil(Math.max(...roi.points.map((p) => p[0]))),
          Math.ceil(Math.max(...roi.points.map((p) => p[1]))),
        ]
  return [Math.max(0, x1), Math.max(0, y1), Math.min(widthPx, x2), Math.min(heightPx, y2)]
}
