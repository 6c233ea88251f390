import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import type { CsvRow } from './csv-rows.ts'
import { filesIn, foldersIn, imagesBelow, looseText, notEmpty, stem } from './files.ts'
import { imageSize } from './image-size.ts'
import { type DatasetReader, type FoundBox, type FoundItem, isGoodLabel } from './item.ts'
import { leftOut, openTruth } from './left-out.ts'
import { boundsOfRuns } from './run-lengths.ts'
import { splitNamed } from './splits.ts'
import {
  type BoxColumns,
  boxColumnsOf,
  boxOfTexts,
  boxTexts,
  IMAGE_COLUMNS,
  LABEL_COLUMNS,
  SPLIT_COLUMNS,
  unreadColumns,
} from './table-columns.ts'
import { imageFinder, plain, splitIn, splitOfWord } from './table-images.ts'
import { A_TABLE, csvFirst, tableColumns, tableRows } from './table-rows.ts'

const RUNS = 'encodedpixels'
/** The older form of Severstal: four rows for each image, `0002cc93b.jpg_1`. */
const BOTH = 'imageid_classid'
/** What a box is of in a table that names no classes, as that of Global Wheat. */
const UNNAMED = 'defect'
/** What a model is to fill in or has said, not what is true. */
const OF_MODELS = /submission|predict/i
/** Of Roboflow: a column of 0 and 1 for each class, which may be called as those of a table of one are (`one-hot.ts`). */
const ONE_HOT = /^_classes\.csv$/i

/**
 * Tables (CSV) of images in the folder itself or in that of a split: a class for each image (`filename,label`, or, where
 * there is no CSV, JSON `{ image: class }`), boxes (`filename,class,xmin,ymin,xmax,ymax`, half-open px, as Roboflow and RetinaNet have them, or
 * with middle or corner and size by the names of the columns; `table-columns.ts`), or the runs of Severstal (Kaggle 2019:
 * `ImageId,ClassId,EncodedPixels`, or `ImageId_ClassId,EncodedPixels`), pairs of first pixel from 1 and length down the
 * columns. Tables of submissions and predictions are no truth. A column `split`
 * counts before the names of files and folders. An image in no table is one without a defect where the
 * tables say where defects are, and is named; where they say classes, nobody looked at it.
 */
export const table: DatasetReader = {
  format: 'table',
  recognises: async (dir) => (await tablesIn(dir)).length > 0,
  async read(dir, { goodLabels } = {}) {
    const tables = notEmpty(await tablesIn(dir), dir, 'a table (CSV) of images and their classes')
    const images = await imagesBelow(dir)
    const items = new Map<string, FoundItem>()
    /** Images and their class of no box. */
    const bare = new Map<string, string>()
    /** Labels that were named as those of good parts: no box has them. */
    const good = new Set<string>()
    const regions = tables.every((t) => t.kind !== 'class')
    for (const t of tables) {
      const imageOf = imageFinder(t, images)
      for (const row of t.rows) {
        const { name, label } = namesIn(row, t)
        const image = imageOf(name, row.line)
        const split = splitNamed(cell(row, t.splitColumn)) ?? t.split ?? splitIn(image) ?? 'all'
        const item = items.get(image) ?? { id: image, image: join(dir, image), split, defective: null }
        items.set(image, item)
        if (goodLabels && label !== '' && isGoodLabel(label, goodLabels)) good.add(label)
        if (t.kind === 'class') addClass(item, label, goodLabels, t, row)
        else if (isOpen(row, t, label, goodLabels)) bare.set(image, label)
        else (item.boxes ??= []).push(...(await boxesIn(row, t, label, item.image)))
      }
    }
    const others = images.filter((f) => !items.has(f))
    const looked = new Set([...items.values()].map((i) => dirname(i.id)))
    const unnamed =
      regions && !tables.some((t) => namesGood(t, goodLabels))
        ? others.filter((f) => looked.has(dirname(f)))
        : []
    const split = [...items.values()][0]?.split ?? 'all'
    for (const id of unnamed)
      items.set(id, { id, image: join(dir, id), split: splitIn(id) ?? split, defective: null, boxes: [] })
    const all = notEmpty([...items.values()], dir, 'rows of images')
    const labels = all.flatMap((i) => i.label ?? i.boxes?.map((b) => b.class) ?? [])
    const unsaid = all.filter((i) => i.label === undefined && i.boxes === undefined)
    const open = unsaid.filter((i) => !bare.has(i.id))
    const submissions = (await filesIn(dir)).filter((f) => OF_MODELS.test(f))
    return {
      format: 'table',
      dir,
      classes: [...new Set([...labels, ...bare.values(), ...good])].sort(),
      items: all,
      leftOut: [
        ...openTruth(
          regions || all.some((i) => i.defective === false) ? [] : [...new Set(labels)].sort(),
          dir,
          'a class whose name means a good part: every part counts as bad',
          'where there are good parts, name their class with --good',
        ),
        ...openTruth(
          tables.flatMap((t) => t.others),
          dir,
          'a column label, class or category: these tables have others, and all their boxes are of one class',
        ),
        ...openTruth(unnamed, dir, 'a row for every image: these are in no table and count as good'),
        ...openTruth(
          open.map((i) => i.id),
          dir,
          'a class for every image: the cells of these are empty, and they are in no rate',
        ),
        ...openTruth(
          unsaid.filter((i) => bare.has(i.id)).map((i) => `${i.id} (${bare.get(i.id) ?? ''})`),
          dir,
          'a box, or a class whose name means a good part: these have a class alone and are in no rate',
          'where there are good parts, name their class with --good',
        ),
        ...leftOut(submissions, dir, 'tables of what is true: these are of submissions or predictions'),
      ],
    }
  },
}

interface Table {
  file: string
  kind: 'class' | 'boxes' | 'runs'
  image: string
  /** Empty where boxes have no class. */
  label: string
  boxColumns: BoxColumns | null
  /** Classes that have boxes. */
  boxed: ReadonlySet<string>
  splitColumn: string
  /** Itself with the columns that may say the classes of boxes which no known one does. */
  others: string[]
  /** That it is of by its name, or by its folder: `train.csv`, `train/_annotations.csv`. */
  split: string | undefined
  rows: CsvRow[]
}

/** Tables that name images of the set and say something of them. */
export async function tablesIn(dir: string): Promise<Table[]> {
  const levels = (await foldersIn(dir)).filter((f) => splitNamed(f) !== undefined)
  const files = await mapInOrder(['', ...levels], async (level) =>
    (await filesIn(join(dir, level))).flatMap((f) =>
      A_TABLE.test(f) && !OF_MODELS.test(f) && !ONE_HOT.test(f) ? [join(level, f)] : [],
    ),
  )
  if (files.flat().length === 0) return []
  const images = (await imagesBelow(dir)).map((f) => plain(basename(f)))
  const tables = (await mapInOrder(files.flat(), (f) => tableOf(dir, f, images))).flatMap((t) => t ?? [])
  const names = new Set(images.flatMap((f) => [f, stem(f)]))
  return csvFirst(tables.filter((t) => t.rows.some((row) => names.has(plain(imageIn(row, t))))))
}

/** @throws as `readCsv`; null for a table of other things, whatever is wrong with it */
async function tableOf(dir: string, path: string, images: readonly string[]): Promise<Table | null> {
  const file = join(dir, path)
  const columns = await tableColumns(file)
  const runs = columns.includes(RUNS)
  const image = runs && columns.includes(BOTH) ? BOTH : IMAGE_COLUMNS.find((c) => columns.includes(c))
  const label = image === BOTH ? BOTH : LABEL_COLUMNS.find((c) => columns.includes(c))
  const named = runs ? null : boxColumnsOf(columns)
  if (image === undefined || (label === undefined && named === null)) return null
  const splitColumn = SPLIT_COLUMNS.find((c) => columns.includes(c)) ?? ''
  const split = splitOfWord(stem(basename(path))) ?? splitIn(path)
  try {
    const rows = await tableRows(file)
    const own = [image, ...(label === undefined ? [] : [label]), ...(named?.columns ?? [])]
    const twice = own.find((c) => columns.indexOf(c) !== columns.lastIndexOf(c))
    if (twice === undefined) {
      const filled = named === null ? [] : rows.filter((row) => !hasNoBox(row, named))
      // Of classes alone where every row says one and none has a box.
      const ofBoxes = filled.length > 0 || label === undefined || isOfVoc(named)
      const boxColumns = ofBoxes ? named : null
      const boxed = new Set(filled.map((row) => (label === undefined ? UNNAMED : cell(row, label))))
      const kind = runs ? 'runs' : boxColumns ? 'boxes' : 'class'
      const others = label === undefined && boxColumns ? unreadColumns(path, columns, boxColumns) : []
      return { file, kind, image, label: label ?? '', boxColumns, boxed, splitColumn, others, split, rows }
    }
    throw new CodedError('DAT_ANNOTATION', {
      file,
      line: 1,
      expected: `one column ${twice}`,
      actual: 'several',
    })
  } catch (error) {
    const text = plain(looseText(await readFile(file).catch(() => Buffer.alloc(0))))
    if (images.some((f) => text.includes(f))) throw error
    return null
  }
}

const BOXES = {
  corners: 'xmin ≤ xmax, ymin ≤ ymax',
  size: 'x, y, width and height, no side negative,',
  centre: 'middle x and y, width and height, no side negative,',
}

/** File name of the image of a row; some other text where the row is a faulty one. */
const imageIn = (row: CsvRow, { image }: Table): string => {
  const name = basename(cell(row, image).replaceAll('\\', '/'))
  return image === BOTH ? name.replace(/_\d+$/, '') : name
}

const cell = (row: CsvRow, column: string): string => row.cells.get(column) ?? ''

const fault = ({ file }: Table, { line }: CsvRow, expected: string, actual: string): CodedError =>
  new CodedError('DAT_ANNOTATION', { file, line, expected, actual: actual.slice(0, 120) })

function namesIn(row: CsvRow, t: Table): { name: string; label: string } {
  const named = cell(row, t.image)
  if (t.image !== BOTH) return { name: named, label: t.label === '' ? UNNAMED : cell(row, t.label) }
  const [, name, label] = /^(.+)_(\d+)$/.exec(named) ?? []
  if (name === undefined || label === undefined) throw fault(t, row, '<image>_<class>', named)
  return { name, label }
}

/** @throws DAT_ANNOTATION for a second class of one image */
function addClass(
  item: FoundItem,
  label: string,
  good: readonly string[] | undefined,
  t: Table,
  row: CsvRow,
): void {
  if (item.label !== undefined && label !== '' && item.label !== label)
    throw fault(t, row, `one class for each image, ${item.label} for ${item.id}`, label)
  // An empty cell, as of a test set whose truth is kept: nobody says.
  if (label !== '') Object.assign(item, { label, defective: !isGoodLabel(label, good) })
}

/** Roboflow and RetinaNet write these, a class or none beside empty ones for good parts. */
const isOfVoc = (boxes: BoxColumns | null): boolean => boxes?.columns.join() === 'xmin,ymin,xmax,ymax'

const hasNoBox = (row: CsvRow, columns: BoxColumns): boolean =>
  boxTexts(columns, (c) => cell(row, c)).every((v) => v === '')

/** Whether good parts have rows, too: then nobody looked at the images without one. Of Pascal VOC's columns they may. */
function namesGood({ boxColumns, label, rows }: Table, good: readonly string[] | undefined): boolean {
  if (boxColumns === null || isOfVoc(boxColumns)) return false
  return rows.some((row) => hasNoBox(row, boxColumns) || isGoodLabel(cell(row, label), good))
}

/**
 * Whether a row without a box has a class that nobody says to mean a good part.
 *
 * @throws DAT_ANNOTATION where others of the class have boxes: the part would count as a good one
 */
function isOpen(row: CsvRow, t: Table, label: string, good: readonly string[] | undefined): boolean {
  const { boxColumns } = t
  if (boxColumns === null || label === '' || t.label === '' || isGoodLabel(label, good)) return false
  if (!hasNoBox(row, boxColumns)) return false
  if (t.boxed.has(label))
    throw fault(t, row, `a box in ${boxColumns.columns.join(', ')}, as others of the class have`, label)
  return !isOfVoc(boxColumns)
}

async function boxesIn(row: CsvRow, t: Table, label: string, image: string): Promise<FoundBox[]> {
  const place = { file: t.file, line: row.line }
  if (t.boxColumns) {
    const texts = boxTexts(t.boxColumns, (c) => cell(row, c))
    if (hasNoBox(row, t.boxColumns)) return []
    const box = boxOfTexts(texts, t.boxColumns)
    const { form, columns } = t.boxColumns
    if (label === '' || box === null)
      throw fault(
        t,
        row,
        `a class, and numbers ${BOXES[form]} in ${columns.join(', ')}`,
        [label, ...texts].join(','),
      )
    return [{ class: label, box, place, ...(form !== 'corners' && { written: { form } }) }]
  }
  const text = cell(row, RUNS)
  if (text === '' || text === '-1') return []
  if (label === '') throw fault(t, row, 'a class for every row with pixels', 'none')
  const size = await imageSize(image).catch(() => null)
  // Judging it says what is wrong with the image; until then its defect counts, wherever it is.
  if (size === null) return [{ class: label, box: [0, 0, 1, 1], place }]
  const counts = countsOf(text.split(/\s+/).map(Number), size.widthPx * size.heightPx)
  if (counts === null)
    throw fault(
      t,
      row,
      `pairs of first pixel and length, one behind the other, inside ${size.widthPx} × ${size.heightPx} px`,
      text,
    )
  const runs = { ...size, counts }
  return [{ class: label, box: boundsOfRuns(runs), runs, place }]
}

/** Run lengths of COCO from pairs of first pixel, from 1, and length; null when they are none of so many px. */
function countsOf(numbers: readonly number[], totalPx: number): number[] | null {
  if (numbers.length % 2 === 1) return null
  const counts: number[] = []
  let at = 0
  for (let n = 0; n < numbers.length; n += 2) {
    const [start = NaN, length = NaN] = [numbers[n], numbers[n + 1]]
    const from = start - 1
    if (!Number.isInteger(from) || !Number.isInteger(length) || from < at || length < 1) return null
    counts.push(from - at, length)
    at = from + length
  }
  return at > totalPx ? null : [...counts, totalPx - at]
}
