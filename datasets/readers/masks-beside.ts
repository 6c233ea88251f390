import { basename, dirname, extname, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { foldersIn, imagesBelow, notEmpty, stem } from './files.ts'
import {
  type DatasetReader,
  type FoundDataset,
  type FoundItem,
  isGoodLabel,
  type ReadOptions,
} from './item.ts'
import { leftOut, openTruth, turnedImages } from './left-out.ts'
import { checkMaskSizes, invertedMasks } from './mask-sizes.ts'
import { isBrokenMask, looksLikeMask, readMaskFile } from './read-mask.ts'
import { splitNamed } from './splits.ts'
import { splitOfWord } from './table-images.ts'

/** Ends of the names of masks: `_label` of KolektorSDD and DAGM, `_GT` of KolektorSDD2. */
export const OF_A_MASK = /[-_](label|mask|gt)$/i
/** A mask with more behind its name, as the `_GT (copy)` of a file manager: no part either. */
const ALMOST_A_MASK = /[-_](label|mask|gt)\b/i
/** Folders of masks below that of their images, as DAGM has them. */
const MASK_FOLDER = /^(labels?|masks?|gt|ground_?truth)$/i
const PHOTOGRAPH = new Set(['.jpg', '.jpeg', '.bmp', '.tif', '.tiff'])
/** Masks that are looked at to tell them from photographs. */
const LOOKED_AT = 5

/**
 * Masks beside their images: `train/10000.png` and `train/10000_GT.png` (KolektorSDD2, J. Božič et al., Computers in
 * Industry 129, 2021), `kos01/Part0.jpg` and `kos01/Part0_label.bmp` (KolektorSDD, D. Tabernik et al., Journal of
 * Intelligent Manufacturing, 2019), `Train/0576.PNG` and `Train/Label/0576_label.PNG` (DAGM 2007), `MT_Crack/Imgs/x.jpg`
 * and `x.png` (magnetic tiles, Y. Huang et al., The Visual Computer, 2018), `NG/…/x.jpg` and `x.png` (Real-IAD).
 *
 * Where one of the folders means good parts, the folder is the class; elsewhere a part is bad when its mask marks
 * something. An image without mask is good where every mask marks something; nobody looked at it where good parts have
 * black masks. Splits are folders.
 */
export const masksBeside: DatasetReader = {
  format: 'masks-beside',
  taught: 'train',
  async recognises(dir) {
    return !(await hasSetsInside(dir)) && (await areDrawn(dir, masksOf(pairsIn(await imagesBelow(dir)))))
  },
  async read(dir, { goodLabels } = {}) {
    const pairs = pairsIn(await imagesBelow(dir))
    notEmpty(masksOf(pairs), dir, 'masks beside their images, such as x_GT.png, x_mask.png or x_label.png')
    return { format: 'masks-beside', ...(await judgedByMasks(dir, pairs, goodLabels)) }
  },
}

type Pairs = ReadonlyMap<string, string | undefined>

/** Whether there are masks, and those looked at are drawn. */
export async function areDrawn(
  dir: string,
  masks: readonly [image: string, mask: string][],
): Promise<boolean> {
  const looked = masks.filter((_, n) => n % Math.ceil(masks.length / LOOKED_AT) === 0)
  const alike = await mapInOrder(looked, ([image, mask]) => looksLikeMask(join(dir, mask), join(dir, image)))
  // What cannot be read says neither.
  return alike.includes(true) && !alike.includes(false)
}

/** @param pairs images and the mask of each, paths below the data set */
export async function judgedByMasks(
  dir: string,
  pairs: Pairs,
  goodLabels: ReadOptions['goodLabels'],
): Promise<Omit<FoundDataset, 'format'>> {
  const masks = masksOf(pairs)
  const { marks, numbers } = await marksOf(dir, masks)
  const byFolder = [...pairs.keys()].some((f) => isGoodLabel(classFolder(f), goodLabels))
  const everyImage = [...marks.values()].includes(0)
  // Beside the folders of classes nothing says what an image shows.
  const judged = [...pairs].filter(([image]) => !byFolder || classFolder(image) !== '')
  const items = judged.map(([image, mask]): FoundItem => {
    const px = mask === undefined ? undefined : marks.get(mask)
    const broken = mask !== undefined && px === undefined
    const told = byFolder
      ? !isGoodLabel(classFolder(image), goodLabels)
      : px === undefined
        ? everyImage
          ? null
          : false
        : px > 0
    // One that cannot be read might say otherwise, but for a folder of bad parts.
    const bad = broken && told !== true ? null : told
    if (byFolder && bad === false && mask !== undefined && px) refuseMark(join(dir, mask), px)
    return {
      id: image,
      image: join(dir, image),
      split: splitOf(image),
      defective: bad,
      ...(bad !== null && { label: byFolder ? classFolder(image) : bad ? 'defect' : 'good' }),
      // A black one says nothing of where the defect is.
      ...(bad && mask !== undefined && px !== 0 && { mask: join(dir, mask) }),
    }
  })
  const bare = byFolder ? [] : items.filter((i) => pairs.get(i.id) === undefined).map((i) => i.id)
  const open = new Set(items.filter((i) => i.defective === null).map((i) => i.id))
  const broken = masks.flatMap(([image, mask]) => (open.has(image) && !marks.has(mask) ? [mask] : []))
  const unmarked = items.filter((i) => i.defective === true && !i.mask).map((i) => i.id)
  return {
    dir,
    classes: [...new Set(items.flatMap((i) => i.label ?? []))].sort(),
    items,
    seen: masks.map(([, mask]) => join(dir, mask)),
    leftOut: [
      ...turnedImages(await checkMaskSizes(items), dir),
      ...(await invertedMasks(items, dir)),
      ...openTruth(
        items.some((i) => i.defective === false) ? [] : [`${items.length} images`],
        dir,
        'a part without a mark: every part counts as bad',
        'pictures of parts that are named as masks are: --dataset folder',
      ),
      ...openTruth(
        byFolder || numbers.length < 2 ? [] : numbers.map(String),
        dir,
        'masks of one value: these numbers count as one class of defects',
        'classes of their own: a folder for each, or outlines or boxes with classes',
      ),
      ...openTruth(
        bare,
        dir,
        everyImage
          ? 'a mask for every image, black ones for good parts: images without are in no rate'
          : 'black masks for good parts: images without a mask count as good',
      ),
      ...openTruth(broken, dir, 'masks that can be read: these are broken, and their images in no rate'),
      ...leftOut(
        unmarked,
        dir,
        'a mask that marks something for every image with a defect; those without are in no score of pixels',
      ),
    ],
  }
}

/** Share of the masks that may be broken, or one: with more the archive was not unpacked as it should be. */
const BROKEN_SHARE = 0.1

/**
 * So many pixels each mask marks, by its path below the data set, none of one that is broken; and the values that do, where
 * they may be numbers of classes.
 *
 * @throws DAT_ANNOTATION for the first broken one of many, and for a photograph
 */
async function marksOf(
  dir: string,
  masks: readonly [image: string, mask: string][],
): Promise<{ marks: Map<string, number>; numbers: number[] }> {
  const broken: { n: number; error: unknown }[] = []
  const numbers = new Set<number>()
  const marks = await mapInOrder(masks, async ([image, mask], n): Promise<[string, number][]> => {
    const read = await readMaskFile(join(dir, mask)).catch((error: unknown) => {
      if (!isBrokenMask(error)) throw error
      broken.push({ n, error })
    })
    if (read === undefined) return []
    const px = read.data.reduce((sum, v) => sum + v, 0)
    for (const n of read.numbers ?? []) numbers.add(n)
    if (px * 2 > read.data.length) await refusePhotograph(join(dir, mask), join(dir, image))
    return [[mask, px]]
  })
  // Several are read at a time.
  const [first] = broken.sort((a, b) => a.n - b.n)
  if (first && (broken.length > Math.max(1, BROKEN_SHARE * masks.length) || broken.length === masks.length))
    throw first.error
  return { marks: new Map(marks.flat()), numbers: [...numbers].sort((a, b) => a - b) }
}

function refuseMark(file: string, px = 0): never {
  throw new CodedError('DAT_ANNOTATION', {
    file,
    expected: 'a black mask, if any, for a good part',
    actual: `${px} px marked`,
  })
}

/** @throws DAT_ANNOTATION for a picture that is no mask: nearly all of it would be a defect */
async function refusePhotograph(file: string, image: string): Promise<void> {
  if ((await looksLikeMask(file, image)) !== false) return
  throw new CodedError('DAT_ANNOTATION', {
    file,
    expected: `a mask of ${basename(image)}`,
    actual: 'a photograph',
    hint: 'put it into another folder, or name it otherwise',
  })
}

export const masksOf = (pairs: Pairs): [image: string, mask: string][] =>
  [...pairs].flatMap(([image, mask]): [string, string][] => (mask === undefined ? [] : [[image, mask]]))

/** Images and the mask of each, paths below the data set; masks are no images of their own. */
function pairsIn(files: readonly string[]): Map<string, string | undefined> {
  const named = new Map<string, string[]>()
  for (const f of files) named.set(stem(f), [...(named.get(stem(f)) ?? []), f])
  const pairs = new Map<string, string | undefined>()
  for (const alike of named.values()) {
    const photograph = alike.find((f) => PHOTOGRAPH.has(extname(f).toLowerCase()))
    const mask = alike.find((f) => extname(f).toLowerCase() === '.png')
    if (alike.length === 2 && photograph !== undefined && mask !== undefined) pairs.set(photograph, mask)
    else for (const f of alike) if (!ALMOST_A_MASK.test(basename(f))) pairs.set(f, undefined)
  }
  for (const f of files.filter((name) => OF_A_MASK.test(stem(name)))) {
    const image = stem(basename(f)).replace(OF_A_MASK, '')
    const at = dirname(f)
    const places = MASK_FOLDER.test(basename(at)) ? [at, dirname(at)] : [at]
    const own = places.flatMap((place) => (named.get(join(place, image)) ?? []).filter((i) => pairs.has(i)))
    if (own.length === 1 && own[0] !== undefined) pairs.set(own[0], f)
  }
  return pairs
}

/**
 * Masks among images, each in the folder of its image.
 *
 * @returns the masks, and those of them that mark something; none where they are photographs
 * @throws DAT_ANNOTATION when a mask cannot be read
 */
export async function masksAmong(files: readonly string[]): Promise<{ masks: string[]; marking: string[] }> {
  const drawn = await mapInOrder(masksOf(pairsIn(files)), async ([image, mask]) =>
    (await looksLikeMask(mask, image)) === true ? [mask] : [],
  )
  const masks = drawn.flat()
  const marking = await mapInOrder(masks, async (m) => ((await readMaskFile(m)).data.includes(1) ? [m] : []))
  return { masks, marking: marking.flat() }
}

const folders = (file: string): string[] => dirname(file).split(/[/\\]/)

/** The first folder that is no split; empty for none. */
const classFolder = (file: string): string =>
  folders(file).find((f) => f !== '.' && splitOfWord(f) === undefined) ?? ''

const splitOf = (file: string): string => folders(file).flatMap((f) => splitOfWord(f) ?? [])[0] ?? 'all'

/** Folders of several products, each with splits or classes of its own, are several sets. */
export async function hasSetsInside(dir: string): Promise<boolean> {
  const products = (await foldersIn(dir)).filter((f) => splitNamed(f) === undefined)
  const inside = await mapInOrder(products, (f) => foldersIn(join(dir, f)))
  return inside.flat().some((f) => splitNamed(f) !== undefined || isGoodLabel(f))
}
