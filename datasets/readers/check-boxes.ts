import { relative } from 'node:path'
import { type Box, CodedError, type WordedFact, mapInOrder } from '../../contracts/index.ts'
import { checkForms } from './box-forms.ts'
import { imageHeader } from './image-size.ts'
import type { DatasetItem, FoundBox, FoundItem, TrueBox } from './item.ts'
import { leftOut, turnedImages } from './left-out.ts'

/** So far over the edge, px, boxes come from rounding and from counting pixels from 0 or 1. */
const ROUNDING_PX = 1

/**
 * Holds the boxes of every layout to their images: what is over the edge is cut off and said, as are images that EXIF
 * says to show turned. A box without an area inside its image is left out and said; an image with no other box is left
 * out with it, since it would count as a good part. An image that cannot be read is left to the evaluation.
 *
 * @throws DAT_ANNOTATION for a box far outside of its image, which belongs to another one, and as `checkForms`; DAT_EMPTY
 *         when no image is left
 */
export async function checkBoxes(
  items: readonly FoundItem[],
  dir: string,
): Promise<{ items: DatasetItem[]; leftOut: WordedFact[] }> {
  const checked = await mapInOrder(items, (found) => checkItem(found, dir))
  checkForms(checked.flatMap(({ size, boxes }) => (size ? boxes.map((found) => ({ found, size })) : [])))
  const [first, ...more] = checked.flatMap((c) => c.strange)
  if (first) {
    const { detail } = first
    const others = more.length === 0 ? '' : `; ${more.length} more like it`
    throw new CodedError('DAT_ANNOTATION', { ...detail, actual: `${detail.actual}${others}` })
  }
  const images = (of: readonly Checked[]): string[] => of.map(({ item }) => relative(dir, item.image)).sort()
  const bare = checked.filter((c) => c.empty.length > 0 && c.item.boxes?.length === 0)
  const facts = [
    ...turnedImages(images(checked.filter((c) => c.turned)), dir),
    ...leftOut(
      images(checked.filter((c) => c.cut)),
      dir,
      'boxes inside their images: those of these images are cut at the edge',
    ),
    ...leftOut(
      checked.flatMap((c) => c.empty).map(({ place }) => placeText(place, dir)),
      dir,
      'boxes with an area inside their images: these boxes are not used',
    ),
    ...leftOut(images(bare), dir, 'images with a box that can be used among theirs: these are not used'),
  ]
  if (bare.length === checked.length)
    throw new CodedError('DAT_EMPTY', {
      file: dir,
      expected: 'boxes with an area inside their images',
      actual: `none in ${bare.length} images, first ${placeText(bare[0]?.empty[0]?.place ?? { file: dir }, dir)}`,
    })
  return { items: checked.filter((c) => !bare.includes(c)).map((c) => c.item), leftOut: facts }
}

interface Checked {
  item: DatasetItem
  /** As they were found; null for an image that cannot be read or has none. */
  boxes: readonly FoundBox[]
  size: Size | null
  turned: boolean
  cut: boolean
  empty: FoundBox[]
  strange: CodedError[]
}

async function checkItem(found: FoundItem, dir: string): Promise<Checked> {
  const { boxes, ...rest } = found
  const size = !boxes?.length ? null : await imageHeader(found.image).catch(() => null)
  if (!boxes || size === null) {
    const item = boxes ? { ...rest, boxes: boxes.map(withoutPlace) } : rest
    return { item, boxes: [], size: null, turned: false, cut: false, empty: [], strange: [] }
  }
  const inside = boxes.filter(({ box }) => hasArea(cutBox(box, size)))
  return {
    item: { ...rest, boxes: inside.map((b) => ({ ...withoutPlace(b), box: cutBox(b.box, size) })) },
    boxes,
    size,
    turned: size.turned,
    cut: inside.some(({ box }) => overEdgePx(box, size) > ROUNDING_PX),
    empty: boxes.filter((b) => !inside.includes(b)),
    strange: boxes.filter(({ box }) => isFar(box, size)).map((b) => farOutside(b, found.image, size, dir)),
  }
}

interface Size {
  widthPx: number
  heightPx: number
  turned: boolean
}

function withoutPlace(found: FoundBox): TrueBox {
  const { place: _, written: __, ...box } = found
  return box
}

const placeText = ({ file, line, path }: FoundBox['place'], dir: string): string =>
  `${relative(dir, file)}${line === undefined ? '' : `:${line}`}${path === undefined ? '' : ` ${path}`}`

const overEdgePx = ([x1, y1, x2, y2]: Box, { widthPx, heightPx }: Size): number =>
  Math.max(-x1, -y1, x2 - widthPx, y2 - heightPx)

const cutBox = ([x1, y1, x2, y2]: Box, { widthPx, heightPx }: Size): Box => [
  Math.max(0, x1),
  Math.max(0, y1),
  Math.min(widthPx, x2),
  Math.min(heightPx, y2),
]

const hasArea = ([x1, y1, x2, y2]: Box): boolean => x1 < x2 && y1 < y2

/** Beside the image by more than half of the box: no slip of a hand at the edge. */
const isFar = ([x1, y1, x2, y2]: Box, { widthPx, heightPx }: Size): boolean =>
  Math.max(-x2, x1 - widthPx) > Math.max(ROUNDING_PX, (x2 - x1) / 2) ||
  Math.max(-y2, y1 - heightPx) > Math.max(ROUNDING_PX, (y2 - y1) / 2)

function farOutside(
  { class: name, box: [x1, y1, x2, y2], place }: FoundBox,
  file: string,
  { widthPx, heightPx, turned }: Size,
  dir: string,
): CodedError {
  return new CodedError('DAT_ANNOTATION', {
    file,
    expected: `boxes inside the ${widthPx} × ${heightPx} px of the image`,
    actual: `${name} from ${x1}, ${y1} to ${x2}, ${y2} in ${placeText(place, dir)}`,
    ...(turned && { hint: 'the EXIF orientation of the image is not used: label it as it is stored' }),
  })
}
