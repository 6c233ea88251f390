import { join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { checkBoxes } from './check-boxes.ts'
import { coco } from './coco.ts'
import { cvat } from './cvat.ts'
import { deeppcb } from './deeppcb.ts'
import { foldersIn, imagesIn, isDirectory } from './files.ts'
import {
  folderPerClass,
  foldersBeforeTables,
  foldersSayGood,
  refuseFoldersAndTables,
} from './folder-per-class.ts'
import { folder } from './folder.ts'
import type { Dataset, DatasetItem, DatasetReader, ReadOptions } from './item.ts'
import { checkGoodLabels, GOOD_LABELS, isGoodLabel } from './item.ts'
import { labelStudio } from './label-studio.ts'
import { leftOut, unusedFiles } from './left-out.ts'
import { labelme } from './labelme.ts'
import { masksApart } from './masks-apart.ts'
import { masksBeside } from './masks-beside.ts'
import { mvtec } from './mvtec.ts'
import { supervisely } from './supervisely.ts'
import { table } from './table.ts'
import { neuCls } from './neu-cls.ts'
import { oneHot } from './one-hot.ts'
import { realIad } from './real-iad.ts'
import { splitNamed } from './splits.ts'
import { refuseUnreadLabels } from './unread-labels.ts'
import { visa } from './visa.ts'
import { voc } from './voc.ts'
import { yolo } from './yolo.ts'

/** Every layout; the order is the order in which a folder is asked what it is, special before general. */
export const READERS: readonly DatasetReader[] = [
  deeppcb,
  visa,
  yolo,
  labelme,
  coco,
  cvat,
  supervisely,
  voc,
  mvtec,
  realIad,
  masksBeside,
  masksApart,
  table,
  neuCls,
  labelStudio,
  folderPerClass,
  oneHot,
  folder,
]

export const DATASET_FORMATS: readonly string[] = READERS.map((r) => r.format)

export interface OpenOptions extends ReadOptions {
  /** Layout; default: found out from the folder. */
  format?: string
  /** Only this split. */
  split?: string
  /** Where no split is named, without the images that the layout has for teaching: they say nothing of a model. */
  forJudging?: boolean
  /** Only the first so many items. */
  limit?: number
}

/**
 * Reads a data set.
 *
 * @throws CFG_USAGE for an unknown format, or good labels that no image has; DAT_LAYOUT, DAT_ANNOTATION, DAT_EMPTY
 */
export async function openDataset(dir: string, options: OpenOptions = {}): Promise<Dataset> {
  if (!(await isDirectory(dir)))
    throw new CodedError('DAT_LAYOUT', { file: dir, expected: 'a folder', actual: 'none' })
  const reader = options.format === undefined ? await recognise(dir) : named(options.format)
  const { labels, ...set } = await reader.read(dir, options)
  if (options.goodLabels)
    checkGoodLabels(
      options.goodLabels,
      set.items.flatMap((i) => i.label ?? (i.boxes ? set.classes : [])),
    )
  const unused = await unusedFiles({ ...set, ...(labels && { labels }) })
  const splits = [...new Set(set.items.map((i) => i.split))]
  const { taught } = reader
  // Folders that mean it are called `valid`, `validation` … too, and so is it asked for.
  const asked =
    options.split === undefined || splits.includes(options.split)
      ? options.split
      : (splitNamed(options.split) ?? options.split)
  const spared = options.forJudging && asked === undefined && splits.some((s) => s !== taught)
  const wanted = set.items.filter(({ split }) => (spared ? split !== taught : split === (asked ?? split)))
  const sparedCount = spared ? set.items.filter(({ split }) => split === taught).length : 0
  // Each image once, though several splits or files name it.
  const taken = new Set<string>()
  const items = wanted.filter(({ image }) => !taken.has(image) && taken.add(image)).slice(0, options.limit)
  if (items.length === 0) {
    throw new CodedError('DAT_EMPTY', {
      file: dir,
      expected: `items of split "${options.split ?? 'any'}"`,
      actual: `splits ${splits.join(', ')}`,
    })
  }
  const checked = await checkBoxes(items, dir)
  return {
    ...set,
    goodLabels: options.goodLabels ?? GOOD_LABELS,
    items: checked.items.map((item) => badByBoxes(item, options.goodLabels)),
    allImages: set.items.map(({ id, image, split }) => ({ id, image, split })),
    leftOut: [
      ...(set.leftOut ?? []),
      ...checked.leftOut,
      ...unused,
      ...leftOut(
        sparedCount > 0 ? [`split ${taught}, ${sparedCount} images`] : [],
        dir,
        'images that no model of this layout is taught with',
        '--split train judges these',
      ),
    ],
  }
}

/** A region of a class that means good says that the part was looked at, not that it is bad. */
function badByBoxes(item: DatasetItem, goodLabels?: readonly string[]): DatasetItem {
  const { defective, boxes = [] } = item
  const good = boxes.filter((b) => isGoodLabel(b.class, goodLabels))
  return defective === null && good.length > 0 ? { ...item, defective: good.length < boxes.length } : item
}

function named(format: string): DatasetReader {
  const reader = READERS.find((r) => r.format === format)
  if (reader) return reader
  throw new CodedError('CFG_USAGE', {
    path: '--dataset',
    expected: `one of ${DATASET_FORMATS.join(', ')}`,
    actual: format,
  })
}

async function readerOf(dir: string): Promise<DatasetReader | undefined> {
  for (const r of READERS) {
    if (r === table && (await foldersBeforeTables(dir))) continue
    if (r === labelStudio && (await foldersSayGood(dir))) continue
    if (r === folderPerClass && !(await foldersSayGood(dir)))
      for (const other of READERS) if (await other.mayBe?.(dir)) return other
    if (await r.recognises(dir)) return r
  }
  return undefined
}

async function recognise(dir: string): Promise<DatasetReader> {
  const reader = await readerOf(dir)
  if (reader === table) await refuseFoldersAndTables(dir)
  if (reader === folderPerClass) await refuseUnreadLabels(dir, 'folder-per-class')
  else if (reader === folder) await refuseUnreadLabels(dir, 'folder')
  if (reader) return reader
  const inside = await setsInside(dir)
  if (inside.length === 0) {
    await refuseUnreadLabels(dir)
    await refuseOneClass(dir)
  }
  throw new CodedError('DAT_LAYOUT', {
    file: dir,
    expected: `the layout of one of ${DATASET_FORMATS.join(', ')}`,
    actual: 'no layout that is known',
    hint:
      inside.length > 0
        ? `name one of the sets in it: ${inside.slice(0, NAMED).join(', ')}${inside.length > NAMED ? ' …' : ''}`
        : 'name the layout with --dataset to see what is missing',
  })
}

/** @throws DAT_LAYOUT where the only folder holds images: a class alone, or images one folder too deep */
async function refuseOneClass(dir: string): Promise<void> {
  const [only, ...more] = await foldersIn(dir)
  if (only === undefined || more.length > 0 || (await imagesIn(join(dir, only))).length === 0) return
  throw new CodedError('DAT_LAYOUT', {
    file: dir,
    expected: 'a folder for each of two classes or more',
    actual: `one class alone, ${only}`,
    hint: `where it is no class, name ${join(dir, only)} itself`,
  })
}

const NAMED = 8

/**
 * Folders that are data sets of their own, as those of MVTec AD, VisA and DAGM are, one for each product; or what lies in
 * the one folder of an archive, which unpacked into another.
 */
async function setsInside(dir: string, above = '', depth = 0): Promise<string[]> {
  const folders = (await foldersIn(dir)).filter((f) => splitNamed(f) === undefined)
  const sets = await mapInOrder(folders, async (f) => {
    const reader = await readerOf(join(dir, f)).catch(() => undefined)
    if (reader !== undefined && reader !== folder) return [`${join(above, f)} (${reader.format})`]
    // Archives unpack into a folder within one of the same name.
    const within = folders.length === 1 || (await foldersIn(join(dir, f))).length === 1
    return within && depth < DEEPEST ? setsInside(join(dir, f), join(above, f), depth + 1) : []
  })
  return sets.flat()
}

/** Folders around a set that are looked through. */
const DEEPEST = 4
