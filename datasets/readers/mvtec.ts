import { join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { foldersIn, imagesIn, isDirectory, notEmpty, stem } from './files.ts'
import { imageSize } from './image-size.ts'
import { checkGoodLabels, type FoundItem, type DatasetReader, isGoodLabel } from './item.ts'
import { leftOut } from './left-out.ts'

/**
 * MVTec AD: `train/good` (or another word for good, as BTAD's `train/ok`), `test/<class>`, `ground_truth/<class>/<stem>_mask.png` (or `<stem>.png`). Labelled bad
 * images under `train/<class>` are read too, as some sets of this layout have them. Masks are optional per image; a
 * mask without an image is an error.
 */
export const mvtec: DatasetReader = {
  format: 'mvtec',
  async recognises(dir) {
    if (await isDirectory(join(dir, 'train', 'good'))) return true
    return (await isDirectory(join(dir, 'ground_truth'))) && (await goodFolders(dir)).length > 0
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
    for (const split of ['train', 'test']) {
      if (!(await isDirectory(join(dir, split)))) continue
      for (const label of await foldersIn(join(dir, split))) {
        for (const f of await imagesIn(join(dir, split, label))) {
          const good = isGoodLabel(label, options.goodLabels)
          const mask = good ? undefined : masks.take(label, stem(f))
          items.push({
            id: join(split, label, f),
            image: join(dir, split, label, f),
            split,
            label,
            defective: !good,
            ...(mask === undefined ? {} : { mask }),
          })
        }
      }
    }
    const [orphan, ...more] = masks.left()
    if (orphan !== undefined) {
      throw new CodedError('DAT_LAYOUT', {
        file: orphan,
        expected: 'an image of the same name under test or train',
        actual: more.length === 0 ? 'none' : `none, nor for ${more.length} other masks`,
      })
    }
    await checkSizes(items)
    const marked = items.some((i) => i.mask !== undefined)
    const bare = items.filter((i) => i.defective === true && i.mask === undefined)
    const classes = [...new Set(items.map((i) => i.label ?? ''))].sort()
    return {
      format: 'mvtec',
      dir,
      classes,
      items: notEmpty(items, dir, 'images under train and test'),
      leftOut: leftOut(
        marked ? bare.map((i) => i.id) : [],
        dir,
        'a mask for every image with a defect; those without are in no score of pixels',
      ),
    }
  },
}

async function goodFolders(dir: string, good?: readonly string[]): Promise<string[]> {
  return (await trainFolders(dir)).filter((f) => isGoodLabel(f, good))
}

async function trainFolders(dir: string): Promise<string[]> {
  const train = join(dir, 'train')
  return (await isDirectory(train)) ? foldersIn(train) : []
}

/** A file that cannot be read is left to the evaluation. @throws DAT_ANNOTATION for a mask of another size than its image */
async function checkSizes(items: readonly FoundItem[]): Promise<void> {
  await mapInOrder(items, async ({ image, mask }) => {
    if (mask === undefined) return
    const [of, is] = await Promise.all([image, mask].map((f) => imageSize(f).catch(() => null)))
    if (!of || !is || (of.widthPx === is.widthPx && of.heightPx === is.heightPx)) return
    throw new CodedError('DAT_ANNOTATION', {
      file: mask,
      expected: `a mask of ${of.widthPx} × ${of.heightPx} px, like its image`,
      actual: `${is.widthPx} × ${is.heightPx} px`,
    })
  })
}

async function findMasks(dir: string): Promise<{
  take(label: string, name: string): string | undefined
  left(): string[]
}> {
  const open = new Map<string, string>()
  const root = join(dir, 'ground_truth')
  if (await isDirectory(root)) {
    for (const label of await foldersIn(root)) {
      for (const f of await imagesIn(join(root, label)))
        open.set(`${label}/${stem(f).replace(/_mask$/, '')}`, join(root, label, f))
    }
  }
  const all = new Map(open)
  return {
    take(label, name) {
      const key = `${label}/${name}`
      open.delete(key)
      return all.get(key)
    },
    left: () => [...open.values()],
  }
}
