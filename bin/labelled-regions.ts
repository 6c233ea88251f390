import { CodedError } from '../contracts/index.ts'
import { type Dataset, type DatasetItem, maskOfRuns, readMask } from '../datasets/index.ts'
import type { LabelledRegion, Pixels, SegmentImage } from '../models/index.ts'
import { pixelsOf } from './pixels-of.ts'

/**
 * Images of a data set with what is labelled in them; good ones have nothing. A bad image without mask or boxes cannot be
 * taught from, nor one with a crowd, where nobody says what is a defect and what is not: they are left out and counted on
 * standard error.
 *
 * @returns `golden`: the first image with a defect, once it has been read
 * @throws TCH_LABELS when nothing is labelled
 */
export function labelledRegions({ dir, format, items }: Dataset): {
  images: AsyncIterable<SegmentImage>
  count: number
  golden: () => Pixels | undefined
} {
  const clear = items.filter((i) => !(i.boxes ?? []).some((b) => b.crowd))
  const used = clear.filter((i) => i.boxes !== undefined || i.mask !== undefined || i.defective === false)
  if (!used.some((i) => i.mask !== undefined || (i.boxes ?? []).length > 0))
    throw new CodedError('TCH_LABELS', {
      file: dir,
      expected: 'images with masks, outlines or boxes',
      actual: `${items.length} images of layout ${format}, none with any`,
      hint: 'layouts mvtec, voc, yolo or coco',
    })
  if (clear.length < items.length)
    process.stderr.write(
      `${items.length - clear.length} of ${items.length} images have crowds (iscrowd); they are not used\n`,
    )
  if (used.length < clear.length)
    process.stderr.write(
      `${clear.length - used.length} of ${items.length} images show a defect that nobody has marked; they are not used\n`,
    )
  let first: Pixels | undefined
  async function* images(): AsyncGenerator<SegmentImage> {
    for (const item of used) {
      const pixels = await pixelsOf(item.image)
      const regions = await regionsOf(item)
      if (regions.length > 0) first ??= pixels
      yield { id: item.id, pixels, regions }
    }
  }
  return { images: images(), count: used.length, golden: () => first }
}

async function regionsOf(item: DatasetItem): Promise<LabelledRegion[]> {
  const mask = await readMask(item)
  if (mask === undefined && item.mask !== undefined)
    throw new CodedError('DAT_ANNOTATION', {
      file: item.mask,
      expected: `a mask that marks the defect of ${item.id}`,
      actual: 'a mask of 0 everywhere',
      hint: 'mark the defect, or take the image out of the data set',
    })
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
