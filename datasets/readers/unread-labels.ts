import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import {
  filesBelow,
  foldersIn,
  imagesBelow,
  isImage,
  looseText,
  numberedLines,
  readText,
  stem,
  imagesIn,
} from './files.ts'
import { isGoodLabel } from './item.ts'
import { refuseMaskClasses } from './masks-as-classes.ts'
import { OF_A_MASK } from './masks-beside.ts'
import { looksLikeMask } from './read-mask.ts'
import { splitNamed } from './splits.ts'
import { IMAGE_COLUMNS } from './table-columns.ts'
import { isAnnotation } from './voc.ts'

/** How layouts name the folders of images and of what is said about them. */
const OF_A_LAYOUT =
  /^(((train|val|test)_)?images?|imgs?|labels?|(images|labels)t[rs]|annotations?|annots|ground[-_ ]?truths?|(.*[-_ ])?masks?([-_ ]images?)?|jpegimages|imagesets|segmentation(class|object))$/i

/** Whether a reader may take a folder of this name for none of a class of parts. */
export const isLayoutFolder = (name: string): boolean =>
  splitNamed(name) !== undefined || OF_A_LAYOUT.test(name)

/** What is missing, by the files in which the labels are. */
const MISSING: Record<string, string> = {
  '.txt':
    'data.yaml or classes.txt with the names of the classes (YOLO), or a table (CSV) of images and classes',
  '.xml': 'XML in annotations/ with images/ beside it, or XML beside its image (Pascal VOC)',
  '.json':
    'annotations/*.json, annotations.json or <split>/_annotations.coco.json (COCO), JSON of LabelMe, Label Studio or Supervisely, or { image: class }',
  '.csv':
    'a table (CSV) with the columns filename and label, or filename, class, xmin, ymin, xmax, ymax, or ImageId, ClassId, EncodedPixels; folders named after the class of their images; or labels as COCO, Pascal VOC or YOLO',
}
const MISSING_MASKS = 'train/good, test/<class> and ground_truth/<class>/<image>_mask.png (MVTec)'

/**
 * Masks beside their images would be judged as parts, and whether a part is good is in them alone.
 *
 * @throws DAT_LAYOUT with the first
 */
async function refuseMasksBeside(dir: string): Promise<void> {
  const images = await imagesBelow(dir)
  const stems = new Set(images.map(stem))
  const [mask, ...more] = images.filter(
    (f) => OF_A_MASK.test(stem(f)) && stems.has(stem(f).replace(OF_A_MASK, '')),
  )
  if (mask === undefined) return
  throw new CodedError('DAT_LAYOUT', {
    file: dir,
    expected: MISSING_MASKS,
    actual: `masks beside their images, such as ${mask}${more.length > 0 ? ` and ${more.length} more` : ''}`,
    hint: 'pictures of parts in spite of their names: name the layout with --dataset',
  })
}

/**
 * Some programs that unpack take the folders of an archive made on Windows for parts of the names: what says which parts
 * are good is in them. Windows itself has no such names.
 *
 * @throws DAT_LAYOUT with the first
 */
async function refuseFlattened(dir: string): Promise<void> {
  const flat = (await imagesIn(dir)).find((f) => f.includes('\\'))
  if (flat === undefined) return
  throw new CodedError('DAT_LAYOUT', {
    file: dir,
    expected: 'folders, and images in them',
    actual: `names with folders in them, such as ${flat}`,
    hint: 'unpack the archive with a program that makes folders of backslashes, as 7z; images without labels in spite of it: --dataset folder',
  })
}

const OF_MASKS = /mask|truth|segmentation/i

/** Folders of a layout; one such name alone among folders of images is a class, unless it is one of masks. */
async function layoutFolders(dir: string): Promise<string[]> {
  const all = await foldersIn(dir)
  const found = all.filter((f) => OF_A_LAYOUT.test(f))
  const [only] = found
  if (only === undefined || found.length > 1) return found
  if (OF_MASKS.test(only) && (!/mask/i.test(only) || (await hasMasks(join(dir, only))))) return found
  if (all.length === 1 && !OF_MASKS.test(only)) return found
  for (const f of all) if ((await imagesBelow(join(dir, f))).length === 0) return found
  return []
}

/** Whether the images of a folder are drawn; a class may be named after the solder mask of boards. */
async function hasMasks(dir: string): Promise<boolean> {
  const [first] = await imagesBelow(dir)
  return first === undefined || (await looksLikeMask(join(dir, first))) === true
}

async function firstLabels(dir: string, files: readonly string[]): Promise<string | undefined> {
  for (const f of files)
    if (extname(f).toLowerCase() in MISSING && (await mayBeLabels(join(dir, f)))) return f
  return undefined
}

/** Keys of COCO, LabelMe and Supervisely, and of each box in the lists of Tianchi. */
const LABEL_KEYS = ['images', 'annotations', 'shapes', 'objects', 'bbox']

/** Four numbers of a box, apart or with commas, and whatever else a line has. */
const BOX = /(^|[\s,;])(-?[\d.]+(e[-+]?\d+)?[\s,;]+){3}-?[\d.]+(e[-+]?\d+)?([\s,;]|$)/i

/** Whether a file says where defects are, by its content: cameras and other programs write such files beside images, too. */
async function mayBeLabels(file: string): Promise<boolean> {
  const kind = extname(file).toLowerCase()
  try {
    if (kind === '.txt') {
      // Class names and remarks may be of any encoding.
      const lines = numberedLines((await readFile(file)).toString('latin1'))
      return lines.every(({ text }) => BOX.test(text))
    }
    if (kind === '.xml') return await isAnnotation(file)
    if (kind !== '.json') return true
    const read: unknown = JSON.parse(await readText(file))
    const value: unknown = Array.isArray(read) ? read[0] : read
    return typeof value === 'object' && value !== null && LABEL_KEYS.some((key) => key in value)
  } catch {
    // What cannot be read may be labels.
    return true
  }
}

/** So much of a table, and so many images, are looked at. */
const TABLE = { bytes: 1e6, images: 200 }

/** The beginning of a file, whatever its encoding; empty when it cannot be read. */
async function headOf(file: string): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of createReadStream(file, { end: TABLE.bytes - 1 })) chunks.push(chunk as Buffer)
  } catch {
    return ''
  }
  return looseText(Buffer.concat(chunks))
}

/** Tables, and what other programs write about all images of a set: Label Studio, VIA, CreateML … */
const LISTS = /\.(csv|tsv|json|jsonl|ndjson|manifest|xml)$/i
/** Text with a class or boxes behind each name, as Caffe, PaddleClas and Keras have it. */
const TEXT_LIST = /\.(txt|lst)$/i
/** Lists, logs, sums (also of 8 digits), sizes, units and times say other things: a class has a word or few digits. */
const SAID_BEHIND =
  /^["'\s,;:]+((?!(?=\D*\d)[\dA-Fa-f]{8}$)(-?\d{1,3}|(\d{1,3}[_-])?\p{L}[\p{L}\p{N}_-]{0,23})|(-?[\d.]+[,;\s]+){4,}[\p{L}\p{N}_-]+)$/u
const FEWEST_LINES = 2

const saysClasses = (text: string, images: readonly string[]): boolean =>
  numberedLines(text).filter((line) =>
    images.some((i) => {
      const at = line.text.indexOf(i)
      return at >= 0 && SAID_BEHIND.test(line.text.slice(at + i.length))
    }),
  ).length >= FEWEST_LINES

/** Of confirmed false calls that this program exports: where they come from, no labels. */
const OF_OWN = 'provenance.json'
/** IDs in place of names: so long, or the letters may stand in any text. */
const ID = /^[\w-]{4,}$/
/** Digits alone may be of what was measured. */
const LETTERED_ID = /^(?=.*[a-z_-])[\w-]{4,}$/i

/** Whether a table has a column of images, as far as its name tells. */
const namesColumn = (text: string): boolean => {
  const [head = ''] = text.split(/\r?\n/, 1)
  return head.split(/[,;\t]/).some((c) => IMAGE_COLUMNS.includes(c.replaceAll('"', '').trim().toLowerCase()))
}

/**
 * A table, or another file about several images, that names some, in the folder itself or in one of a split. What a
 * camera writes beside one image is none.
 */
async function firstList(dir: string, files: readonly string[]): Promise<string | undefined> {
  const all = files.filter(isImage)
  const images = all.slice(0, TABLE.images).map((f) => basename(f))
  const stems = new Set(all.map((f) => stem(basename(f))))
  for (const f of files) {
    const at = dirname(f)
    const isText = TEXT_LIST.test(f)
    if (!(isText || LISTS.test(f)) || f === OF_OWN || !(at === '.' || splitNamed(at) !== undefined)) continue
    const text = await headOf(join(dir, f))
    if (isText) {
      if (saysClasses(text, images)) return f
      continue
    }
    const isTable = /\.[ct]sv$/i.test(f)
    const ids = isTable ? new Set(text.split(/[\s,;|"']+/)) : new Set<string>()
    const isId = namesColumn(text) ? ID : LETTERED_ID
    const named = images.filter((i) => text.includes(i) || (isId.test(stem(i)) && ids.has(stem(i))))
    if (isTable ? named.length > 0 : named.length > 0 && !stems.has(stem(basename(f)))) return f
  }
  return undefined
}

/**
 * Folders of images and labels whose layout nothing recognised must not be taken for classes: every part would count as
 * a defective one of class `images`; nor for images without labels.
 *
 * @param as what they would be taken for; absent = nothing
 * @throws DAT_LAYOUT with what is missing
 */
export async function refuseUnreadLabels(dir: string, as?: 'folder-per-class' | 'folder'): Promise<void> {
  await refuseMasksBeside(dir)
  if (as === 'folder') await refuseFlattened(dir)
  if (as === 'folder-per-class') await refuseMaskClasses(dir)
  const levels = (await foldersIn(dir)).flatMap((f) => (splitNamed(f) === undefined ? [] : [f]))
  const folders: string[] = []
  for (const level of levels.length > 0 ? levels : ['.'])
    for (const f of await layoutFolders(join(dir, level)))
      if (as !== 'folder' || OF_MASKS.test(f)) folders.push(join(level, f))
  const files = await filesBelow(dir)
  const images = files.filter(isImage)
  // Where folders say which parts are good, texts in others may be what was measured; else they are in a folder of their
  // own, too, as those of KITTI: label_2 beside image_2.
  const saidGood = as === 'folder-per-class' && images.some((f) => isGoodLabel(basename(dirname(f))))
  const nameOf = (f: string): string => stem(saidGood ? f : basename(f))
  const named = new Set(images.map(nameOf))
  const beside = (f: string): boolean => named.has(nameOf(f))
  const notes =
    // A table of one image is what was measured there; one of labels names its images.
    (await firstLabels(
      dir,
      files.filter((f) => beside(f) && extname(f).toLowerCase() !== '.csv'),
    )) ??
    (folders.length > 0 ? await firstLabels(dir, files) : undefined) ??
    (as !== 'folder-per-class' ? await firstList(dir, files) : undefined)
  if (folders.length === 0 && notes === undefined) return
  const masks = folders.some((f) => OF_MASKS.test(f))
  throw new CodedError('DAT_LAYOUT', {
    file: dir,
    expected:
      notes !== undefined
        ? (MISSING[extname(notes).toLowerCase()] ?? MISSING['.csv'] ?? 'labels')
        : masks
          ? MISSING_MASKS
          : 'labels of these images, or folders named after the class of their images',
    actual: [
      ...(folders.length === 0 ? [] : [`folders ${folders.join(', ')}`]),
      ...(notes === undefined ? [] : [`labels such as ${notes}`]),
    ].join('; '),
    hint:
      as === 'folder'
        ? 'images without labels in spite of it: --dataset folder'
        : 'folders that are classes in spite of it: --dataset folder-per-class',
  })
}
