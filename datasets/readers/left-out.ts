import { extname, join, relative, resolve } from 'node:path'
import { asCoded, CodedError, toFact, toWordedFact, type WordedFact } from '../../contracts/index.ts'
import { filesBelow, isDirectory, isImage } from './files.ts'
import type { FoundDataset } from './item.ts'
import { foundInChinese, inChinese, type Said } from './said.ts'

/** Pictures of a kind that no part of the program reads. */
const UNREAD = new Set(['.gif', '.avif', '.heic', '.heif', '.jp2', '.jxl', '.svg'])

const isUnread = (name: string): boolean => UNREAD.has(extname(name).toLowerCase())

const NAMED = 5

const fact =
  (code: 'DAT_LEFT_OUT' | 'DAT_TRUTH' | 'DAT_NO_DEFECT') =>
  (names: readonly string[], file: string, expected: Said, hint?: Said): WordedFact[] => {
    if (names.length === 0) return []
    const found = (of: readonly string[]): string =>
      `${names.length}: ${of.join(', ')}${names.length > NAMED ? ' …' : ''}`
    const first = names.slice(0, NAMED)
    const zh = { expected: inChinese(expected), actual: found(first.map(foundInChinese)) }
    return [
      toWordedFact(
        new CodedError(code, {
          file,
          expected,
          actual: found(first),
          ...(hint !== undefined && { hint }),
          zh: { ...zh, ...(hint !== undefined && { hint: inChinese(hint) }) },
        }),
      ),
    ]
  }

/** DAT_LEFT_OUT with count and first names; nothing when there are none. */
export const leftOut = fact('DAT_LEFT_OUT')

/** DAT_TRUTH in the same form: what the labels leave open, and how it was taken. */
export const openTruth = fact('DAT_TRUTH')

/** DAT_NO_DEFECT in the same form: files of annotations in which none is. */
export const noDefect = fact('DAT_NO_DEFECT')

/** Labelled images that EXIF says to show turned: whoever labelled them may have seen them so. */
export const turnedImages = (names: readonly string[], dir: string): WordedFact[] =>
  leftOut(
    names,
    dir,
    'labels of the pixels as they are stored: the EXIF orientation of these images is not used',
  )

/**
 * Pictures in and below a folder of which only `taken` are used; none beside a single file. A sub-folder that cannot be
 * read is said in their place: nothing is taken from there.
 */
export async function picturesBeside(dir: string, taken: readonly string[]): Promise<WordedFact[]> {
  if (!(await isDirectory(dir))) return []
  const used = new Set(taken.map((f) => resolve(f)))
  try {
    const free = (await filesBelow(dir)).filter((f) => !used.has(resolve(dir, f)))
    return leftOut(
      free.filter((f) => isImage(f) || isUnread(f)),
      dir,
      'images as jpg, png, bmp, tif, webp, pgm or ppm in the folder itself',
    )
  } catch (error) {
    return [toFact(asCoded(error, 'DAT_LAYOUT', { file: dir }))]
  }
}

/** What lies in the folder of a data set and is no part of it: images, and annotations of images that are not there. */
export async function unusedFiles({ dir, items, labels, seen = [] }: FoundDataset): Promise<WordedFact[]> {
  const taken = items.flatMap((i) => [i.image, i.reference ?? [], i.mask ?? []].flat())
  const used = new Set([...taken, ...seen].map((f) => resolve(f)))
  const read = new Set(labels?.used.map((f) => resolve(f)))
  const free = (await filesBelow(dir)).map((f) => resolve(dir, f)).filter((f) => !used.has(f))
  const named = (files: readonly string[]): string[] => files.map((f) => relative(dir, f))
  return [
    ...leftOut(named(free.filter(isImage)), dir, 'no images beside those that the layout names'),
    ...leftOut(named(free.filter(isUnread)), dir, 'images as jpg, png, bmp, tif, webp, pgm or ppm'),
    ...(labels === undefined
      ? []
      : leftOut(
          named(free.filter((f) => !read.has(f) && labels.pattern.test(join('/', relative(dir, f))))),
          dir,
          'an image for every label file',
        )),
  ]
}
