import { basename, dirname, join } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { foldersIn, imagesBelow, notEmpty, stem } from './files.ts'
import { type DatasetReader, isGoodLabel, type ReadOptions } from './item.ts'
import { areDrawn, hasSetsInside, judgedByMasks, masksOf } from './masks-beside.ts'
import { splitNamed } from './splits.ts'
import { splitOfWord } from './table-images.ts'

/** Folders of masks beside those of their images. */
const OF_MASKS = /^((.*[-_ ])?masks?([-_ ]images?)?|gt|ground[-_ ]?truths?)$/i
/** The same where what lies beside is called images: elsewhere it is a class. */
const OF_LABELS = /^(((train|val|test)[-_ ])?lab(els?)?|annotations?|segmentation(class)?)$/i
const OF_IMAGES = /^((train|val|test)[-_ ])?(images?|imgs?|jpegimages)$/i
/** Ends of the names of masks; AITEX numbers them where an image has two. */
const END = /[-_](label|mask|gt)\d*$/i

/**
 * Masks in a folder of their own beside those of the images: `images/x.jpg` and `masks/x.png`, in each split or with the
 * splits below, `good/`, `defect/` and `mask/`, and `Defect_images/0001_002_00.png`, `Mask_images/0001_002_00_mask.png`,
 * `NODefect_images/<roll>/…` (AITEX, J. Silvestre-Blanes et al., Autex Research Journal 19, 2019), `train_img/`,
 * `train_lab/`, `test_img/` and `test_lab/` (DeepCrack, Y. Liu et al., Neurocomputing 338, 2019). What they say of the
 * parts is as in `masks-beside`. An image of which several masks are has none, and is named, where its folder says that
 * it is bad; elsewhere the set is refused.
 */
export const masksApart: DatasetReader = {
  format: 'masks-apart',
  taught: 'train',
  async recognises(dir) {
    // Splits may be below: `images/train`, `masks/train`.
    const ofLayout = (await foldersIn(dir)).every((f) =>
      [OF_IMAGES, OF_MASKS, OF_LABELS].some((r) => r.test(f)),
    )
    if (!ofLayout && (await hasSetsInside(dir))) return false
    const files = await imagesBelow(dir)
    const beside = siblings(files)
    const places = [...new Set(files.map(dirname))].map((f) => f.split(/[/\\]/))
    const below = places.some((place) => {
      const at = place.findIndex((f, n) => isOfMasks(f, beside(place.slice(0, n))))
      return place.slice(0, Math.max(at, 0)).some((f) => splitNamed(f) === undefined)
    })
    // Of folders that are no splits each is a set by itself.
    if (below) return false
    return await areDrawn(dir, masksOf(pairsIn(files, {}).pairs))
  },
  async read(dir, { goodLabels } = {}) {
    const { pairs, odd } = pairsIn(await imagesBelow(dir), { goodLabels })
    notEmpty(
      masksOf(pairs),
      dir,
      'a folder of masks beside one of images, such as masks/x.png and images/x.png',
    )
    const [first, ...more] = odd
    if (first !== undefined)
      throw new CodedError('DAT_LAYOUT', {
        file: join(dir, first.mask),
        expected: 'one image of its name in the folders beside, and one mask for each',
        actual: `${first.actual}${more.length > 0 ? `; ${more.length} more like it` : ''}`,
      })
    return { format: 'masks-apart', ...(await judgedByMasks(dir, pairs, goodLabels)) }
  },
}

interface Odd {
  mask: string
  actual: string
}

/** Images with their masks, and the masks of no image or of several. Paths below the data set. */
function pairsIn(
  files: readonly string[],
  { goodLabels }: ReadOptions,
): { pairs: Map<string, string | undefined>; odd: Odd[] } {
  const images: string[] = []
  const masks: { file: string; place: string[]; at: number }[] = []
  const beside = siblings(files)
  for (const file of files) {
    const place = dirname(file).split(/[/\\]/)
    const at = place.findIndex((f, n) => isOfMasks(f, beside(place.slice(0, n))))
    if (at < 0) images.push(file)
    else masks.push({ file, place, at })
  }
  const byStem = new Map<string, string[]>()
  for (const f of images) byStem.set(stem(f), [...(byStem.get(stem(f)) ?? []), f])
  const pairs = new Map<string, string | undefined>(images.map((f) => [f, undefined]))
  const taken = new Set<string>()
  const odd: Odd[] = []
  for (const { file, place, at } of masks) {
    const name = stem(basename(file))
    // Beside `train_masks` images of `test_images` may have the same names.
    const split = splitOfWord(place[at] ?? '')
    const partners = beside(place.slice(0, at)).filter(
      (f) => split === undefined || (splitOfWord(f) ?? split) === split,
    )
    const found = [name, name.replace(END, '')].flatMap((image) =>
      partners.flatMap(
        (f) => byStem.get(join(...place.slice(0, at), f, ...place.slice(at + 1), image)) ?? [],
      ),
    )
    const unlike = [...new Set(found)]
    const bad = unlike.filter((f) => !isGoodLabel(f.split(/[/\\]/)[at] ?? '', goodLabels))
    const [image, ...others] = bad.length > 0 ? bad : unlike
    if (image === undefined || others.length > 0)
      odd.push({ mask: file, actual: image === undefined ? 'none' : unlike.join(' and ') })
    else if (taken.has(image)) {
      pairs.set(image, undefined)
      const byFolder = beside(place.slice(0, at)).some((f) => isGoodLabel(f, goodLabels))
      if (!byFolder) odd.push({ mask: file, actual: `another mask of ${image}` })
    } else {
      taken.add(image)
      pairs.set(image, file)
    }
  }
  return { pairs, odd }
}

/** The folders directly in a folder, by its path from the data set. */
function siblings(files: readonly string[]): (above: readonly string[]) => readonly string[] {
  const found = new Map<string, Set<string>>()
  for (const place of new Set(files.map((f) => dirname(f)))) {
    const folders = place.split(/[/\\]/).filter((f) => f !== '.')
    folders.forEach((folder, n) => {
      const above = folders.slice(0, n).join('/')
      found.set(above, (found.get(above) ?? new Set()).add(folder))
    })
  }
  return (above) => [...(found.get(above.join('/')) ?? [])]
}

const isOfMasks = (folder: string, beside: readonly string[]): boolean =>
  OF_MASKS.test(folder) || (OF_LABELS.test(folder) && beside.some((f) => OF_IMAGES.test(f)))
