import { relative } from 'node:path'
import { type Box, CodedError, type ErrorFact, mapInOrder } from '../../contracts/index.ts'
import { imageHeader } from './image-size.ts'
import type { DatasetItem, TrueBox } from './item.ts'
import { leftOut, turnedImages } from './left-out.ts'

/** So far over the edge, px, boxes come from rounding and from counting pixels from 0 or 1. */
const ROUNDING_PX = 1

/**
 * Holds the boxes of every layout to their images: what is over the edge is cut off and said, as are images that EXIF
 * says to show turned. An image that cannot be read is left to the evaluation.
 *
 * @throws DAT_ANNOTATION for a box outside of its image or without an area: nothing could ever be found there
 */
export async function checkBoxes(
  items: readonly DatasetItem[],
  dir: string,
): Promise<{ items: DatasetItem[]; leftOut: ErrorFact[] }> {
  const turned: string[] = []
  const cut: string[] = []
  const empty: CodedError[] = []
  const checked = await mapInOrder(items, async (item): Promise<DatasetItem> => {
    const { boxes = [], image } = item
    const size = boxes.length === 0 ? null : await imageHeader(image).catch(() => null)
    if (size === null) return item
    const name = relative(dir, image)
    if (size.turned) turned.push(name)
    if (boxes.some(({ box }) => overEdgePx(box, size) > ROUNDING_PX)) cut.push(name)
    return {
      ...item,
      boxes: boxes.map((truth) => {
        const box = cutBox(truth.box, size)
        if (box[0] >= box[2] || box[1] >= box[3]) empty.push(nothingInside(truth, image, size))
        return { ...truth, box }
      }),
    }
  })
  const [first, ...more] = empty
  if (first) {
    const { detail } = first
    const others = more.length === 0 ? '' : `; ${more.length} more like it`
    throw new CodedError('DAT_ANNOTATION', { ...detail, actual: `${detail.actual}${others}` })
  }
  return {
    items: checked,
    leftOut: [
      ...turnedImages(turned.sort(), dir),
      ...leftOut(cut.sort(), dir, 'boxes inside their images: those of these images are cut at the edge'),
    ],
  }
}

interface Size {
  widthPx: number
  heightPx: number
  turned: boolean
}

const overEdgePx = ([x1, y1, x2, y2]: Box, { widthPx, heightPx }: Size): number =>
  Math.max(-x1, -y1, x2 - widthPx, y2 - heightPx)

const cutBox = ([x1, y1, x2, y2]: Box, { widthPx, heightPx }: Size): Box => [
  Math.max(0, x1),
  Math.max(0, y1),
  Math.min(widthPx, x2),
  Math.min(heightPx, y2),
]

function nothingInside(
  { class: name, box: [x1, y1, x2, y2] }: TrueBox,
  file: string,
  { widthPx, heightPx, turned }: Size,
): CodedError {
  return new CodedError('DAT_ANNOTATION', {
    file,
    expected: `boxes with an area inside the ${widthPx} × ${heightPx} px of the image`,
    actual: `${name} from ${x1}, ${y1} to ${x2}, ${y2}`,
    ...(turned && { hint: 'the EXIF orientation of the image is not used: label it as it is stored' }),
  })
}
