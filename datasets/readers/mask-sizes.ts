import { relative } from 'node:path'
import { CodedError, type WordedFact, mapInOrder } from '../../contracts/index.ts'
import { imageHeader, imageSize } from './image-size.ts'
import type { DatasetItem } from './item.ts'
import { openTruth } from './left-out.ts'
import { readMaskFile } from './read-mask.ts'

/**
 * Holds masks to the size of their images. A file that cannot be read is left to the evaluation.
 *
 * @param filesOf the images that one mask consists of; default: itself
 * @returns ids of images with a mask that EXIF says to show turned
 * @throws DAT_ANNOTATION for a mask of another size than its image
 */
export async function checkMaskSizes(
  items: readonly DatasetItem[],
  filesOf: (mask: string) => readonly string[] = (mask) => [mask],
): Promise<string[]> {
  const turned = await mapInOrder(items, async ({ id, image, mask }) => {
    const files = mask === undefined ? [] : filesOf(mask)
    const of = files.length === 0 ? null : await imageHeader(image).catch(() => null)
    if (of === null) return []
    for (const file of files) {
      const is = await imageSize(file).catch(() => null)
      if (is === null || (of.widthPx === is.widthPx && of.heightPx === is.heightPx)) continue
      throw new CodedError('DAT_ANNOTATION', {
        file,
        expected: `a mask of ${of.widthPx} × ${of.heightPx} px, like its image`,
        actual: `${is.widthPx} × ${is.heightPx} px`,
        ...(of.turned && {
          hint: 'the EXIF orientation of the image is not used: store it turned, or mark it as it is stored',
        }),
      })
    }
    return of.turned ? [id] : []
  })
  return turned.flat()
}

/** Masks of a set that are looked at, evenly over it. */
const LOOKED_AT = 9

/** DAT_TRUTH when most masks mark more than half of their image: they may be dark where the defect is. */
export async function invertedMasks(items: readonly DatasetItem[], dir: string): Promise<WordedFact[]> {
  const all = items.flatMap((i) => i.mask ?? [])
  const looked = all.filter((_, n) => n % Math.ceil(all.length / LOOKED_AT) === 0)
  const large = await mapInOrder(looked, async (mask) => {
    const { data } = await readMaskFile(mask).catch(() => ({ data: new Uint8Array(0) }))
    return data.reduce((n, v) => n + v, 0) * 2 > data.length ? [relative(dir, mask)] : []
  })
  const found = large.flat()
  return found.length * 2 <= looked.length
    ? []
    : openTruth(
        found,
        dir,
        'masks that are bright where the defect is: these mark more than half of their image',
        'invert them if their defects are dark',
      )
}
