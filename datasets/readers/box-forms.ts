import { type Box, CodedError } from '../../contracts/index.ts'
import type { FoundBox } from './item.ts'

interface Seen {
  found: FoundBox
  size: { widthPx: number; heightPx: number }
}

/** Over the edge by so much, px: more than rounding. */
const OVER_PX = 1.5
/** Or by such a share of the image: hands slip, and what is drawn by programs is turned and moved, by less. */
const OVER_SIDE = 0.1
/** Share of the boxes of a set that are over the edge of their images where sizes are in truth corners; of corners, half would be. */
const OVER_SHARE = 0.2
/** One alone may be a slip of a hand, which is cut and said. */
const FEWEST_OVER = 2

/**
 * Boxes whose numbers mean something else than the layout says look like the work of a poor model. A whole set tells:
 * corners in place of sizes run over the edges and are all in order as corners (or have their areas), and shares of the
 * image in place of px lie all in its first pixel.
 *
 * @throws DAT_ANNOTATION at the first box
 */
export function checkForms(boxes: readonly Seen[]): void {
  const [first] = boxes
  if (first === undefined) return
  const large = boxes.filter(({ size }) => Math.min(size.widthPx, size.heightPx) > 1)
  const shares = large.some(({ found }) => !found.box.every(Number.isInteger))
  if (
    shares &&
    large.length === boxes.length &&
    boxes.every(({ found: { box } }) => box[2] <= 1 && box[3] <= 1)
  )
    throw fault(
      first,
      'boxes in px',
      'shares of the image, 0..1',
      'multiply them by width and height of the image',
    )
  for (const form of ['centre', 'size'] as const) {
    const all = boxes.filter(({ found }) => found.written?.form === form)
    const over = all.filter(({ found, size }) => isOver(found, size))
    const [one] = over.length > 0 ? over : all
    const areas = all.length > 0 && all.every(({ found }) => areaSaysCorners(found))
    if (one === undefined || !(areas || over.length >= Math.max(FEWEST_OVER, OVER_SHARE * all.length)))
      continue
    if (!all.every(({ found, size }) => fitsAsCorners(numbersOf(found), size))) continue
    throw fault(
      one,
      form === 'centre'
        ? 'the middle of each box, its width and height'
        : 'the upper left corner of each box, its width and height',
      areas
        ? 'areas of corners x1, y1, x2, y2'
        : `corners x1, y1, x2, y2: ${over.length} of ${all.length} boxes run over the edge, and all are in order as corners`,
      'write width and height in place of the second corner',
    )
  }
}

/** The four numbers as they were written, px. */
function numbersOf({ box: [x1, y1, x2, y2], written }: FoundBox): Box {
  const [w, h] = [x2 - x1, y2 - y1]
  return written?.form === 'centre' ? [(x1 + x2) / 2, (y1 + y2) / 2, w, h] : [x1, y1, w, h]
}

function isOver({ box: [x1, y1, x2, y2], written }: FoundBox, { widthPx, heightPx }: Seen['size']): boolean {
  const far = (px: number, side: number): boolean => px > Math.max(OVER_PX, OVER_SIDE * side)
  const before = written?.form === 'centre' && (far(-x1, widthPx) || far(-y1, heightPx))
  return before || far(x2 - widthPx, widthPx) || far(y2 - heightPx, heightPx)
}

const fitsAsCorners = ([x1, y1, x2, y2]: Box, { widthPx, heightPx }: Seen['size']): boolean =>
  Math.min(x1, y1) >= -OVER_PX && x1 < x2 && y1 < y2 && x2 <= widthPx + OVER_PX && y2 <= heightPx + OVER_PX

/** Equal but for rounding. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= Math.max(1, 1e-3 * Math.abs(b))

function areaSaysCorners(found: FoundBox): boolean {
  const area = found.written?.areaPx
  const [a, b, c, d] = numbersOf(found)
  return area !== undefined && c > a && d > b && near((c - a) * (d - b), area) && !near(c * d, area)
}

const fault = ({ found, size }: Seen, expected: string, actual: string, hint: string): CodedError =>
  new CodedError('DAT_ANNOTATION', {
    ...found.place,
    expected: `${expected}, of images such as this one of ${size.widthPx} × ${size.heightPx} px`,
    actual,
    hint,
  })
