import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { csvColumns, type CsvRow, readCsv } from './csv-rows.ts'
import { filesIn, foldersIn, imagesBelow, notEmpty, stem } from './files.ts'
import { imageSize } from './image-size.ts'
import { type DatasetReader, type FoundBox, type FoundItem, isGoodLabel } from './item.ts'
import { leftOut, openTruth } from './left-out.ts'
import { boundsOfRuns } from './run-lengths.ts'
import { splitNamed } from './splits.ts'
import { imageFinder, splitIn, splitOfWord } from './table-images.ts'

const IMAGE = [
  'imageid',
  'image_id',
  'image',
  'image_name',
  'filename',
  'file_name',
  'path',
  'file',
  'name',
  'id',
]
const LABEL = ['label', 'class', 'classid', 'class_id', 'class_name', 'category', 'target', 'defect']
const SPLIT = ['split', 'subset', 'set']
const RUNS = 'encodedpixels'
/** The older form of Severstal: four rows for each image, `0002cc93b.jpg_1`. */
const BOTH = 'imageid_classid'
const SIDES = ['xmin', 'ymin', 'xmax', 'ymax']
/** What a model is to fill in or has said, not what is true. */
const OF_MODELS = /submission|predict/i
/** Of Roboflow: a column of 0 and 1 for each class, which may be called as those of a table of one are. */
const ONE_HOT = /^_classes\.csv$/i

/**
 * Tables (CSV) of images in the folder itself or in that of a split: a class for each image (`filename,label`), boxes
 * (`filename,class,xmin,ymin,xmax,ymax`, half-open px, as Roboflow and RetinaNet have them), or the runs of Severstal
 * (Kaggle 2019: `ImageId,ClassId,EncodedPixels`, or `ImageId_ClassId,EncodedPixels`), pairs of first pixel from 1 and
 * length down the columns. Tables of submissions and predictions are no truth. A column `split`
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
    const regions = tables.every((t) => t.kind !== 'class')
    for (const t of tables) {
      const imageOf = imageFinder(t, images)
      for (const row of t.rows) {
        const { name, label } = namesIn(row, t)
        const image = imageOf(name, row.line)
        const split = splitNamed(cell(row, t.splitColumn)) ?? t.split ?? splitIn(image) ?? 'all'
        const item = items.get(image) ?? { id: image, image: join(dir, image), split, defective: null }
        items.set(image, item)
        if (t.kind === 'class') addClass(item, label, goodLabels, t, row)
        else (item.boxes ??= []).push(...(await boxesIn(row, t, label, item.image)))
      }
    }
    const others = images.filter((f) => !items.has(f))
    const looked = new Set([...items.values()].map((i) => dirname(i.id)))
    const unnamed = regions ? others.filter((f) => looked.has(dirname(f))) : []
    const split = [...items.values()][0]?.split ?? 'all'
    for (const id of unnamed)
      items.set(id, { id, image: join(dir, id), split: splitIn(id) ?? split, defective: null, boxes: [] })
    const all = notEmpty([...items.values()], dir, 'rows of images')
    const labels = all.flatMap((i) => i.label ?? i.boxes?.map((b) => b.class) ?? [])
    const open = all.filter((i) => i.label === undefined && i.boxes === undefined)
    const submissions = (await filesIn(dir)).filter((f) => OF_MODELS.test(f))
    return {
      format: 'table',
      dir,
      classes: [...new Set(labels)].sort(),
      items: all,
      leftOut: [
        ...openTruth(
          regions || all.some((i) => i.defective === false) ? [] : [...new Set(labels)].sort(),
          dir,
          'a class whose name means a good part: every part counts as bad',
          'where there are good parts, name their class with --good',
        ),
        ...openTruth(unnamed, dir, 'a row for every image: these are in no table and count as good'),
        ...openTruth(
          open.map((i) => i.id),
          dir,
          'a class for every image: the cells of these are empty, and they are in no rate',
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
  label: string
  splitColumn: string
  /** That it is of by its name, or by its folder: `train.csv`, `train/_annotations.csv`. */
  split: string | undefined
  rows: CsvRow[]
}

/** Tables that name images of the set and say something of them. */
export async function tablesIn(dir: string): Promise<Table[]> {
  const levels = (await foldersIn(dir)).filter((f) => splitNamed(f) !== undefined)
  const files = await mapInOrder(['', ...levels], async (level) =>
    (await filesIn(join(dir, level))).flatMap((f) =>
      /\.csv$/i.test(f) && !OF_MODELS.test(f) && !ONE_HOT.test(f) ? [join(level, f)] : [],
    ),
  )
  if (files.flat().length === 0) return []
  const images = (await imagesBelow(dir)).map((f) => basename(f).toLowerCase())
  const tables = (await mapInOrder(files.flat(), (f) => tableOf(dir, f, images))).flatMap((t) => t ?? [])
  const names = new Set(images.flatMap((f) => [f, stem(f)]))
  return tables.filter((t) => t.rows.some((row) => names.has(imageIn(row, t).toLowerCase())))
}

/** @throws as `readCsv`; null for a table of other things, whatever is wrong with it */
async function tableOf(dir: string, path: string, images: readonly string[]): Promise<Table | null> {
  const file = join(dir, path)
  const columns = await csvColumns(file)
  const runs = columns.includes(RUNS)
  const image = runs && columns.includes(BOTH) ? BOTH : IMAGE.find((c) => columns.includes(c))
  const label = image === BOTH ? BOTH : LABEL.find((c) => columns.includes(c))
  if (image === undefined || label === undefined) return null
  const kind = runs ? 'runs' : SIDES.every((c) => columns.includes(c)) ? 'boxes' : 'class'
  const splitColumn = SPLIT.find((c) => columns.includes(c)) ?? ''
  const split = splitOfWord(stem(basename(path))) ?? splitIn(path)
  try {
    const rows = await readCsv(file)
    const twice = [image, label].find((c) => columns.indexOf(c) !== columns.lastIndexOf(c))
    if (twice === undefined) return { file, kind, image, label, splitColumn, split, rows }
    throw new CodedError('DAT_ANNOTATION', {
      file,
      line: 1,
      expected: `one column ${twice}`,
      actual: 'several',
    })
  } catch (error) {
    const text = (await readFile(file, 'latin1').catch(() => '')).toLowerCase()
    if (images.some((f) => text.includes(f))) throw error
    return null
  }
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
  if (t.image !== BOTH) return { name: named, label: cell(row, t.label) }
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

async function boxesIn(row: CsvRow, t: Table, label: string, image: string): Promise<FoundBox[]> {
  const place = { file: t.file, line: row.line }
  if (t.kind === 'boxes') {
    const texts = SIDES.map((c) => cell(row, c))
    if (texts.every((v) => v === '')) return []
    const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN] = texts.map((v) => (v === '' ? NaN : Number(v)))
    if (label === '' || ![x1, y1, x2, y2].every(Number.isFinite) || x2 < x1 || y2 < y1)
      throw fault(t, row, 'a class, and numbers xmin ≤ xmax, ymin ≤ ymax', [label, ...texts].join(','))
    return [{ class: label, box: [x1, y1, x2, y2], place }]
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
