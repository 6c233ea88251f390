import { CodedError } from '../../contracts/index.ts'
import { type Dataset, type DatasetItem, maskOfRuns, readMask } from '../../datasets/index.ts'
import { countRuns, linkRuns, RUN_INTS } from '../../inspection/index.ts'
import {
  BrokenImages,
  ColourSeen,
  type LabelledRegion,
  type Pixels,
  type SegmentImage,
} from '../../models/index.ts'
import { pixelsOf } from '../images/pixels-of.ts'

/**
 * Images of a data set with what is labelled in them; good ones have nothing. A bad image without mask or boxes cannot be
 * taught from, nor one with an empty mask, nor one with a crowd or a difficult object, where nobody says what is a defect and what is not: they
 * are left out and counted on standard error, the empty masks once all have been read.
 *
 * @param colour is told of every image that is used
 * @returns `count`: images at most; once they have been read, `golden`: the first one with a defect, and `apart`: how many
 * masks mark several places, each of which is one region
 * @throws TCH_LABELS when nothing is labelled; the images throw it at their end when all masks were empty
 */
export function labelledRegions(
  { dir, format, items }: Dataset,
  colour = new ColourSeen(),
  signal?: AbortSignal,
): {
  images: AsyncIterable<SegmentImage>
  count: number
  golden: () => Pixels | undefined
  apart: () => number
} {
  const clear = items.filter((i) => !(i.boxes ?? []).some((b) => b.crowd))
  const used = clear.filter((i) => i.boxes !== undefined || i.mask !== undefined || i.defective === false)
  if (!used.some((i) => i.mask !== undefined || (i.boxes ?? []).length > 0))
    throw new CodedError('TCH_LABELS', {
      file: dir,
      expected: 'images with masks, outlines or boxes',
      actual: `${items.length} images of layout ${format}, none with any`,
      hint: 'layouts mvtec, visa, masks-beside, masks-apart, labelme, cvat, voc, yolo, coco or table',
    })
  if (clear.length < items.length)
    process.stderr.write(
      `${items.length - clear.length} of ${items.length} images have crowds (iscrowd) or difficult objects; they are not used\n`,
    )
  if (used.length < clear.length)
    process.stderr.write(
      `${clear.length - used.length} of ${items.length} images show a defect that nobody has marked; they are not used\n`,
    )
  let first: Pixels | undefined
  let apart = 0
  async function* images(): AsyncGenerator<SegmentImage> {
    let empty = 0
    const broken = new BrokenImages()
    for (const item of used) {
      signal?.throwIfAborted()
      const regions = await regionsOf(item)
      if (regions === null) {
        empty += 1
        continue
      }
      const pixels = await broken.read(() => pixelsOf(item.image))
      // Behind a broken one the others are only looked at, to name all.
      if (pixels === null || broken.any) continue
      colour.add(pixels)
      if (regions.length > 0) first ??= pixels
      if (item.mask !== undefined && regions.some(marksApart)) apart += 1
      yield { id: item.id, pixels, regions }
    }
    broken.refuse()
    if (empty > 0 && first === undefined)
      throw new CodedError('TCH_LABELS', {
        file: dir,
        expected: 'masks that mark the defects',
        actual: `${empty} masks of 0 everywhere, and no other labels`,
      })
    if (empty > 0)
      process.stderr.write(
        `${empty} of ${items.length} images have a mask of 0 everywhere; they are not used\n`,
      )
  }
  return { images: images(), count: used.length, golden: () => first, apart: () => apart }
}

const marksApart = ({ shape }: LabelledRegion): boolean => 'mask' in shape && partsOf(shape.mask) > 1

function partsOf({ data, widthPx }: Pixels): number {
  return linkRuns(data, widthPx, new Int32Array(RUN_INTS * countRuns(data, widthPx)))
}

/** Null for a defect whose mask marks nothing: taught from, it would count as good. */
async function regionsOf(item: DatasetItem): Promise<LabelledRegion[] | null> {
  const mask = await readMask(item)
  if (mask === undefined && item.mask !== undefined) return null
  if (mask) return [{ class: item.label ?? 'defect', shape: { mask: { ...mask, channels: 1 } } }]
  return (item.boxes ?? []).map((b) => ({
    class: b.class,
    shape: b.runs
      ? { mask: { ...b.runs, data: maskOfRuns(b.runs), channels: 1 } }
      : b.polygons
        ? { polygons: b.polygons }
        : { box: b.box },
  }))
}
