import type { Box } from '../../contracts/index.ts'
import type { TextRectangle } from '../../models/index.ts'
import { cornersOf, type Line, runsDownwards, valueOf } from './text-lines.ts'

/**
 * How near to a border, in heights of the line, the ends and the sides of its rectangle lie where the border cuts it, or
 * lies in a gap between its characters: measured with PP-OCR. The smoothing of dots widens the rectangle.
 */
const REACH = { strokes: { ends: 0.25, sides: 0.15 }, dots: { ends: 0.05, sides: 0.05 } }
export type Print = keyof typeof REACH

/** By how much of its height a rectangle goes beyond the ink at least, where no border is near: measured with PP-OCR. */
const BLANK = 0.1
/** Heights of a line from its end to one that is its continuation: a blank and what a detector leaves of it. */
const GAP = 0.6
/** Heights of the line that are looked at beyond the region. */
const AROUND = 2

/** Whether the line may go on outside the box, as far as can be told from what lies in the box. */
export const leaves = (place: TextRectangle, box: Box, print: Print): boolean =>
  goesOver(grown(place, REACH[print].ends, REACH[print].sides), box)

/** The region with what lies around it, as far as the lines could go on: half-open, inside the image. */
export function around(
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  places: readonly TextRectangle[],
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): [number, number, number, number] {
  const by = Math.ceil(AROUND * Math.max(...places.map(heightOf)))
  return [Math.max(0, x1 - by), Math.max(0, y1 - by), Math.min(widthPx, x2 + by), Math.min(heightPx, y2 + by)]
}

/**
 * Whether a line that is near to the border of the region ends there all the same: seen with what lies around the region it
 * is the same line, its ink lies in the region, it reads the same, and nothing beside it goes on.
 *
 * @param wider   lines in `within`
 * @param within  the region with what lies around it; where it ends at the border of the image, nothing more can be told
 */
export function endsInside(
  { place }: Line,
  { value, pattern }: { value: string; pattern: RegExp },
  wider: readonly Line[],
  { box, within, print }: { box: Box; within: Box; print: Print },
): boolean {
  const isOut = (l: Line): boolean => goesOver(grown(l.place, -BLANK, -BLANK), box)
  const [same, ...others] = wider.filter((l) => overlaps(place, l.place, 0))
  if (same === undefined || others.length > 0 || isOut(same) || leaves(same.place, within, print))
    return false
  const values = same.readings.flatMap((r) => valueOf(pattern, r))
  if (values.length === 0 || values.some((v) => v.value !== value)) return false
  return !wider.some((l) => l !== same && isOut(l) && overlaps(same.place, l.place, GAP))
}

const heightOf = ({ widthPx, heightPx }: TextRectangle): number => Math.min(widthPx, heightPx)

/** @param ends heights of the line by which each of its ends goes on; `sides` likewise */
function grown(place: TextRectangle, ends: number, sides: number): TextRectangle {
  const high = 2 * heightOf(place)
  const [w, h] = runsDownwards(place) ? [sides, ends] : [ends, sides]
  return { ...place, widthPx: place.widthPx + w * high, heightPx: place.heightPx + h * high }
}

const goesOver = (place: TextRectangle, [x1, y1, x2, y2]: Box): boolean =>
  cornersOf(place).some(([x, y]) => x < x1 || y < y1 || x > x2 || y > y2)

/** Whether the other one lies on the middle of this line, or of what this one would be with longer ends. */
function overlaps(place: TextRectangle, other: TextRectangle, ends: number): boolean {
  const middle = grown(place, ends, -0.25)
  const [cos, sin] = [Math.cos(place.angleRad), Math.sin(place.angleRad)]
  const corners = cornersOf(other).map(([x, y]) => [x - place.cx, y - place.cy] as const)
  const along = corners.map(([x, y]) => x * cos + y * sin)
  const across = corners.map(([x, y]) => y * cos - x * sin)
  const meets = (at: number[], size: number): boolean =>
    Math.min(...at) < size / 2 && Math.max(...at) > -size / 2
  return meets(along, middle.widthPx) && meets(across, middle.heightPx)
}
