import { basename, dirname, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import {
  imagesIn,
  inside,
  isDirectory,
  isFile,
  notEmpty,
  numberedLines,
  readText,
  requireFile,
  stem,
} from './files.ts'
import { type DatasetReader, type FoundItem, isGoodLabel } from './item.ts'
import { leftOut, openTruth, turnedImages } from './left-out.ts'
import { checkMaskSizes, invertedMasks } from './mask-sizes.ts'

const IMAGES = join('Data', 'Images')
const MASKS = join('Data', 'Masks')
const LABELS = ['Normal', 'Anomaly']
const SPLITS = join('split_csv', '1cls.csv')
const COLUMNS = 'object,split,label,image,mask'

/**
 * VisA (Y. Zou et al., ECCV 2022, arXiv 2207.14315) as it is downloaded, one object: `candle/Data/Images/Normal`,
 * `…/Anomaly`, masks with numbers of classes in `candle/Data/Masks/Anomaly`. The splits are those of the one-class
 * set-up in `split_csv/1cls.csv`, beside the folder of the object: nine of ten normal images to teach, the others and all
 * anomalies to test; without that file there are none.
 */
export const visa: DatasetReader = {
  format: 'visa',
  taught: 'train',
  recognises: async (dir) => await isDirectory(join(dir, IMAGES, 'Normal')),
  async read(dir, { goodLabels } = {}) {
    const list = join(dirname(dir), SPLITS)
    const listed = (await isFile(list)) ? await readList(list, dir) : null
    const images = listed ?? (await walk(dir))
    const items = await mapInOrder(
      notEmpty(images, dir, `images in ${IMAGES}/Normal and /Anomaly`),
      async (found) => {
        const { file, split, label } = found
        const mask = join(dir, MASKS, label, `${stem(basename(file))}.png`)
        const bad = !isGoodLabel(label, goodLabels)
        return {
          id: file,
          image: join(dir, file),
          split,
          label,
          defective: bad,
          ...(bad && (await isFile(mask)) && { mask }),
        } satisfies FoundItem
      },
    )
    const bare = items.filter((i) => i.defective && !('mask' in i)).map((i) => i.id)
    return {
      format: 'visa',
      dir,
      classes: [...new Set(items.map((i) => i.label))].sort(),
      items,
      leftOut: [
        ...turnedImages(await checkMaskSizes(items), dir),
        ...(await invertedMasks(items, dir)),
        ...openTruth(
          listed ? [] : [`${items.length} images`],
          dir,
          'split_csv/1cls.csv beside the folder of the object: without it no image is set apart for teaching',
        ),
        ...leftOut(
          bare,
          dir,
          'a mask for every image with a defect; those without are in no score of pixels',
        ),
      ],
    }
  },
}

interface Found {
  /** Below the folder of the object. */
  file: string
  split: string
  label: string
}

async function walk(dir: string): Promise<Found[]> {
  const found = await mapInOrder(LABELS, async (label) => {
    const at = join(dir, IMAGES, label)
    const names = (await isDirectory(at)) ? await imagesIn(at) : []
    return names.map((f) => ({ file: join(IMAGES, label, f), split: 'all', label }))
  })
  return found.flat()
}

/** Rows of one object. @throws DAT_LAYOUT for other columns, splits and labels, and for images that are not there */
async function readList(list: string, dir: string): Promise<Found[]> {
  const object = basename(dir)
  const [head, ...rows] = numberedLines(await readText(list))
  if (head?.text !== COLUMNS)
    throw new CodedError('DAT_LAYOUT', {
      file: list,
      line: 1,
      expected: COLUMNS,
      actual: head?.text ?? 'nothing',
    })
  const own = rows.flatMap(({ line, text }) => {
    const [of = '', split = '', label = '', image = ''] = text.split(',')
    return of === object ? [{ line, split, label, image, text }] : []
  })
  if (own.length === 0)
    throw new CodedError('DAT_LAYOUT', {
      file: list,
      expected: `rows of ${object}, the name of the folder`,
      actual: [...new Set(rows.map(({ text }) => text.split(',')[0] ?? ''))].join(', ') || 'none',
    })
  return mapInOrder(own, async ({ line, split, label, image, text }) => {
    const file = image.slice(object.length + 1)
    const folder = basename(dirname(file))
    const odd =
      !/^(train|test)$/.test(split) || folder.toLowerCase() !== label || !image.startsWith(`${object}/`)
    if (odd)
      throw new CodedError('DAT_LAYOUT', {
        file: list,
        line,
        expected: `${object}, train or test, normal or anomaly, and an image in the folder of that name`,
        actual: text,
      })
    await requireFile(inside(dir, file, list, line), list, line)
    return { file, split, label: folder }
  })
}
