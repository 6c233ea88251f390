import { basename, dirname, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { imagesBelow, stem } from './files.ts'
import { looksLikeMask } from './read-mask.ts'

/** Images of a folder that are looked at. */
const LOOKED_AT = 5
/** What tools add to the name of an image for that of its mask: `_segm`, `_gt`, `_L`. */
const ADDED = /[-_][a-z]+\d*$/i

/**
 * Folders of masks have names that no list is long enough for: `train_lab` beside `train_img` (DeepCrack, Y. Liu et al.,
 * Neurocomputing 338, 2019), `croppedgt` (GAPs384), `Semantic Maps`, `ground_truth_1`. Taken for classes, every mask
 * would be a bad part, and every image beside it. What they show tells: each is drawn, and a photograph of its name lies
 * in another folder.
 *
 * @throws DAT_LAYOUT with the first such folder
 */
export async function refuseMaskClasses(dir: string): Promise<void> {
  const images = await imagesBelow(dir)
  const byName = new Map<string, string[]>()
  for (const f of images) byName.set(nameOf(f), [...(byName.get(nameOf(f)) ?? []), f])
  const partners = (f: string): string[] =>
    [nameOf(f), nameOf(f).replace(ADDED, '')]
      .flatMap((name) => byName.get(name) ?? [])
      .filter((other) => dirname(other) !== dirname(f))
  // Of several people each may have drawn masks: `ground_truth_1` and `ground_truth_2`.
  const photographOf = async (f: string): Promise<string | undefined> => {
    for (const other of partners(f)) if ((await looksLikeMask(join(dir, other))) === false) return other
    return undefined
  }
  for (const folder of new Set(images.map(dirname))) {
    const own = images.filter((f) => dirname(f) === folder)
    if (own.some((f) => partners(f).length === 0)) continue
    const looked = own.filter((_, n) => n % Math.ceil(own.length / LOOKED_AT) === 0)
    const drawn = await mapInOrder(looked, async (f) => {
      const image = await photographOf(f)
      return image !== undefined && (await looksLikeMask(join(dir, f), join(dir, image))) === true
        ? [image]
        : []
    })
    if (!drawn.every(([image]) => image !== undefined)) continue
    throw new CodedError('DAT_LAYOUT', {
      file: join(dir, folder),
      expected:
        'masks in a folder that is named so (masks, gt, ground_truth) beside images, or in ground_truth/<class> of MVTec',
      actual: `a folder of what look like masks, ${basename(looked[0] ?? '')} of ${drawn[0]?.[0] ?? ''}`,
      hint: 'pictures of parts in spite of it: --dataset folder-per-class',
    })
  }
}

const nameOf = (file: string): string => stem(basename(file))
