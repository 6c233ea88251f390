import { join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { foldersIn, imagesIn, isDirectory, notEmpty, stem } from './files.ts'
import { OF_SOMETHING_ELSE } from './folder-per-class.ts'
import { checkGoodLabels, type FoundItem, type DatasetReader, isGoodLabel } from './item.ts'
import { leftOut, openTruth, turnedImages } from './left-out.ts'
import { checkMaskSizes, invertedMasks } from './mask-sizes.ts'
import { readMaskFile } from './read-mask.ts'
import { splitNamed } from './splits.ts'

/** Test images in MVTec AD 2, whose private ones have no truth. */
const PUBLIC = 'test_public'
const TRUTH = 'ground_truth'

/**
 * MVTec AD: `train/good` (or another word for good, as BTAD's `train/ok`), `test/<class>`, `ground_truth/<class>/<stem>_mask.png` (or `<stem>.png`). Labelled bad
 * images under `train/<class>` are read too, as some sets of this layout have them; a mask of two images is that of the
 * test image. Masks are optional per image; a mask without an image is an error, as is one that marks something on a
 * good part. MVTec LOCO AD has a folder of masks for each image, MVTec AD 2 the test images and masks in `test_public`;
 * both have `validation`. AeBAD-S (Z. Zhang et al., Computers in Industry 149, 2023) has a folder more below that of the class, of images as of masks. MVTec 3D-AD has the photographs of each class in `rgb`, their masks in `gt` beside it. Sets of one's own have `val`, `Test` …; other folders beside the masks are not used.
 */
export const mvtec: DatasetReader = {
  format: 'mvtec',
  taught: 'train',
  async recognises(dir) {
    const good = await goodFolders(dir)
    return good.includes('good') || (good.length > 0 && (await truthIn(dir)).length > 0)
  },
  async read(dir, options = {}) {
    if (options.goodLabels) checkGoodLabels(options.goodLabels, await trainFolders(dir))
    if ((await goodFolders(dir, options.goodLabels)).length === 0) {
      throw new CodedError('DAT_LAYOUT', {
        file: dir,
        expected: 'train/good with images of good parts',
        actual: `folders ${(await foldersIn(dir)).join(', ') || 'none'}`,
      })
    }
    const masks = await findMasks(dir)
    const items: FoundItem[] = []
    const apart: Mask[] = []
    for (const [part, split] of await partsIn(dir)) {
      for (const label of (await foldersIn(join(dir, part))).filter((f) => !isTruth(f))) {
        const good = isGoodLabel(label, options.goodLabels)
        const { folder, marks } = await photographsIn(dir, join(part, label), label)
        for (const m of marks.values()) apart.push(m)
        for (const f of await photographs(dir, folder)) {
          const id = join(folder, f)
          const mask = marks.get(stem(f)) ?? masks.get(`${label}/${stem(f)}`)
          const item: FoundItem = {
            id,
            image: join(dir, id),
            split,
            label,
            defective: !good,
            ...(mask === undefined || good ? {} : { mask: mask.place }),
          }
          mask?.images.push(item)
          items.push(item)
        }
      }
    }
    const all = [...masks.values(), ...apart]
    const used = all.filter((m) => m.images.length > 0 || m.files[0] === m.place)
    const shared = used.flatMap(giveToTest)
    await checkMasks(used, (label) => isGoodLabel(label, options.goodLabels))
    const files = new Map(used.map((m) => [m.place, m.files]))
    const turned = await checkMaskSizes(items, (mask) => files.get(mask) ?? [])
    const several = items.filter((i) => i.mask !== undefined && (files.get(i.mask)?.length ?? 0) > 1)
    const marked = items.some((i) => i.mask !== undefined)
    const bare = items.filter((i) => i.defective === true && i.mask === undefined)
    const classes = [...new Set(items.map((i) => i.label ?? ''))].sort()
    const judged = items.filter((i) => i.split !== 'train')
    // Folders without any mask: where none of the others is good, either, one of them may be.
    const withMask = new Set(judged.filter((i) => i.mask !== undefined).map((i) => i.label))
    const unmarked = classes.filter((c) => !withMask.has(c) && judged.some((i) => i.label === c))
    return {
      format: 'mvtec',
      dir,
      classes,
      items: notEmpty(items, dir, 'images under train and test'),
      seen: used.flatMap((m) => m.files),
      leftOut: [
        ...turnedImages(turned, dir),
        ...(await invertedMasks(items, dir)),
        ...openTruth(
          judged.every((i) => i.defective) ? unmarked : [],
          dir,
          'a folder whose name means a good part: every part counts as bad',
          'where there are good parts, name their folder with --good',
        ),
        ...openTruth(
          shared,
          dir,
          'a mask for each image: those of these are taken for the test images of their names',
        ),
        ...openTruth(
          several.length > 0 ? [`${several.length} images`] : [],
          dir,
          'scores of pixels as of MVTec AD: sPRO, by which MVTec LOCO AD is ranked, is not computed, and the masks of an image are taken together',
        ),
        ...leftOut(
          marked ? bare.map((i) => i.id) : [],
          dir,
          'a mask for every image with a defect; those without are in no score of pixels',
        ),
      ],
    }
  },
}

/** Folders of images and their splits, in the order of these. */
async function partsIn(dir: string): Promise<[part: string, split: string][]> {
  const folders = await foldersIn(dir)
  const splitOf = (part: string): string | undefined => (part === PUBLIC ? 'test' : splitNamed(part))
  return ['train', 'val', 'test'].flatMap((split) =>
    folders.flatMap((part): [string, string][] => (splitOf(part) === split ? [[part, split]] : [])),
  )
}

/** What marks the defects of one image. */
interface Mask {
  label: string
  /** An image, or a folder of such. */
  place: string
  files: string[]
  /** The images it may belong to. */
  images: FoundItem[]
}

/** Where the images of a class lie, and masks beside them by their stems: of MVTec 3D-AD, each kind in a folder of its own. */
async function photographsIn(
  dir: string,
  at: string,
  label: string,
): Promise<{ folder: string; marks: Map<string, Mask> }> {
  const folder = join(at, 'rgb')
  const marks = new Map<string, Mask>()
  if ((await imagesIn(join(dir, at))).length > 0 || !(await isDirectory(join(dir, folder))))
    return { folder: at, marks }
  const truth = join(dir, at, 'gt')
  for (const f of (await isDirectory(truth)) ? await imagesIn(truth) : []) {
    const place = join(truth, f)
    marks.set(stem(f), { label, place, files: [place], images: [] })
  }
  return { folder, marks }
}

/** Images of a class; of AeBAD-S they lie one folder deeper, in that of the light, view or background they were taken in. */
async function photographs(dir: string, folder: string): Promise<string[]> {
  const own = await imagesIn(join(dir, folder))
  if (own.length > 0) return own
  const below = await foldersIn(join(dir, folder))
  if (below.some((f) => OF_SOMETHING_ELSE.test(f))) return []
  return (
    await mapInOrder(below, async (f) => (await imagesIn(join(dir, folder, f))).map((i) => join(f, i)))
  ).flat()
}

/** A mask of one test image and others is that of the test image, as MVTec's are; returns the others, now without. */
function giveToTest(mask: Mask): string[] {
  const own = mask.images.filter((i) => i.split === 'test' && i.mask !== undefined)
  if (own.length !== 1) return []
  const others = mask.images.filter((i) => !own.includes(i))
  for (const item of others) delete item.mask
  mask.images = own
  return others.map((i) => i.id)
}

/**
 * @throws DAT_LAYOUT for a mask of no image or of several; DAT_ANNOTATION for one that marks a defect on a good part
 */
async function checkMasks(masks: readonly Mask[], isGood: (label: string) => boolean): Promise<void> {
  const [orphan, ...more] = masks.filter((m) => m.images.length === 0)
  if (orphan !== undefined) {
    throw new CodedError('DAT_LAYOUT', {
      file: orphan.place,
      expected: 'an image of the same name under test or train',
      actual: more.length === 0 ? 'none' : `none, nor for ${more.length} other masks`,
    })
  }
  for (const { label, place, images } of masks) {
    if (isGood(label)) {
      const { data } = await readMaskFile(place)
      if (data.includes(1))
        throw new CodedError('DAT_ANNOTATION', {
          file: place,
          expected: 'a black mask, if any, for a good part',
          actual: `${data.reduce((n, v) => n + v, 0)} px marked`,
        })
    } else if (images.length > 1) {
      throw new CodedError('DAT_LAYOUT', {
        file: place,
        expected: 'one image for each mask',
        actual: images.map((i) => i.id).join(' and '),
      })
    }
  }
}

async function goodFolders(dir: string, good?: readonly string[]): Promise<string[]> {
  return (await trainFolders(dir)).filter((f) => isGoodLabel(f, good))
}

/** Folders in that of the training images. */
async function trainFolders(dir: string): Promise<string[]> {
  const parts = (await partsIn(dir)).filter(([, split]) => split === 'train')
  return (await mapInOrder(parts, ([part]) => foldersIn(join(dir, part)))).flat()
}

const isTruth = (folder: string): boolean => folder.toLowerCase() === TRUTH

/** Folders of masks in the set and beside the public test images. */
async function truthIn(dir: string): Promise<string[]> {
  const roots = [dir, join(dir, PUBLIC)]
  const found = await mapInOrder(roots, async (root) =>
    (await isDirectory(root)) ? (await foldersIn(root)).filter(isTruth).map((f) => join(root, f)) : [],
  )
  return found.flat()
}

/** Masks by `<class>/<stem of the image>`, the folder below that of the class before it where images lie in such. */
async function findMasks(dir: string): Promise<Map<string, Mask>> {
  const found = new Map<string, Mask>()
  const parts = (await partsIn(dir)).map(([part]) => part)
  const ofImages = async (label: string, name: string): Promise<boolean> =>
    (
      await mapInOrder(
        parts,
        async (part) =>
          (await isDirectory(join(dir, part, label, name))) &&
          (await imagesIn(join(dir, part, label))).length === 0,
      )
    ).includes(true)
  const add = (key: string, label: string, place: string, files = [place]): void =>
    void found.set(`${label}/${key}`, { label, place, files, images: [] })
  const ownName = (f: string): string => stem(f).replace(/_mask$/i, '')
  for (const root of await truthIn(dir)) {
    for (const label of await foldersIn(root)) {
      const at = join(root, label)
      for (const f of await imagesIn(at)) add(ownName(f), label, join(at, f))
      for (const name of await foldersIn(at)) {
        const place = join(at, name)
        const files = await imagesIn(place)
        if (await ofImages(label, name))
          for (const f of files) add(join(name, ownName(f)), label, join(place, f))
        else if (files.length > 0)
          add(
            name,
            label,
            place,
            files.map((f) => join(place, f)),
          )
      }
    }
  }
  return found
}
