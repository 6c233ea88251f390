import { basename, dirname, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { csvColumns, type CsvRow, csvHead, readCsv } from './csv-rows.ts'
import { filesIn, foldersIn, imagesIn, notEmpty } from './files.ts'
import { type DatasetReader, type FoundItem, isGoodLabel } from './item.ts'
import { openTruth } from './left-out.ts'
import { splitNamed } from './splits.ts'
import { IMAGE_COLUMNS } from './table-columns.ts'
import { imageFinder } from './table-images.ts'

const FILE = /^_classes\.csv$/i
const EXPECTED = 'one 1 in each row, in the column of the class of its image, and 0 in all others'

/**
 * Roboflow's "Multi-label classification" (`_classes.csv` beside the images, in the folder itself or in that of each split):
 * the first column names the image, each other one is a class of 0 and 1. The class of an image is the column of its one
 * 1; nobody looked at an image without, which is named.
 */
export const oneHot: DatasetReader = {
  format: 'one-hot',
  async recognises(dir) {
    const tables = await tablesIn(dir)
    const beside = await mapInOrder(tables, (table) => imagesIn(join(dir, dirname(table))))
    return beside.some((images) => images.length > 0)
  },
  async read(dir, { goodLabels } = {}) {
    const tables = notEmpty(await tablesIn(dir), dir, '_classes.csv beside its images')
    const found = await mapInOrder(tables, (table) => itemsOf(dir, table))
    const items = found.flatMap((t) =>
      t.items.map((item): FoundItem => {
        const { label } = item
        return label === undefined ? item : { ...item, defective: !isGoodLabel(label, goodLabels) }
      }),
    )
    const classes = [...new Set(found.flatMap((t) => t.classes))].sort()
    return {
      format: 'one-hot',
      dir,
      classes,
      items: notEmpty(items, dir, 'rows of images'),
      leftOut: [
        ...openTruth(
          items.some((i) => i.defective === false) ? [] : classes,
          dir,
          'a class whose name means a good part: every part counts as bad',
          'where there are good parts, name their class with --good',
        ),
        ...openTruth(
          items.filter((i) => i.label === undefined).map((i) => i.id),
          dir,
          'a class for every image: the cells of these are empty, and they are in no rate',
        ),
      ],
    }
  },
}

/** Paths below the data set. That of Roboflow's masks, which has the same name, begins with another column. */
async function tablesIn(dir: string): Promise<string[]> {
  const levels = (await foldersIn(dir)).filter((f) => splitNamed(f) !== undefined)
  const found = await mapInOrder(['', ...levels], async (level) =>
    (await filesIn(join(dir, level))).filter((f) => FILE.test(f)).map((f) => join(level, f)),
  )
  const named = await mapInOrder(found.flat(), async (f) => {
    const [image = '', ...classes] = await csvColumns(join(dir, f))
    return IMAGE_COLUMNS.includes(image) && classes.length > 0 ? [f] : []
  })
  return named.flat()
}

async function itemsOf(dir: string, table: string): Promise<{ items: FoundItem[]; classes: string[] }> {
  const file = join(dir, table)
  const level = dirname(table)
  const [imageColumn = '', ...classes] = await csvHead(file)
  const small = classes.map((c) => c.toLowerCase())
  if (small.includes('') || new Set([imageColumn.toLowerCase(), ...small]).size <= small.length)
    throw fault(file, 1, 'a name of its own for every column', [imageColumn, ...classes].join(', '))
  const split = splitNamed(level) ?? 'all'
  const imageOf = imageFinder({ file, split: undefined }, await imagesIn(join(dir, level)))
  const seen = new Set<string>()
  const items = (await readCsv(file)).map((row): FoundItem => {
    const id = join(level, imageOf(basename(row.cells.get(imageColumn.toLowerCase()) ?? ''), row.line))
    if (seen.has(id)) throw fault(file, row.line, 'every image once', `${id} again`)
    seen.add(id)
    const label = classes[classOf(row, small, file) ?? -1]
    return { id, image: join(dir, id), split, defective: null, ...(label !== undefined && { label }) }
  })
  return { items, classes }
}

/** Place of the one 1; undefined where all cells are 0. @throws DAT_ANNOTATION for several, and for other cells */
function classOf({ cells, line }: CsvRow, columns: readonly string[], file: string): number | undefined {
  const texts = columns.map((c) => cells.get(c) ?? '')
  if (!texts.every((t) => /^[01](\.0*)?$/.test(t))) throw fault(file, line, EXPECTED, texts.join(', '))
  const set = texts.flatMap((t, n) => (Number(t) === 1 ? [n] : []))
  if (set.length > 1) throw fault(file, line, EXPECTED, `${set.map((n) => columns[n]).join(' and ')}`)
  return set[0]
}

const fault = (file: string, line: number, expected: string, actual: string): CodedError =>
  new CodedError('DAT_ANNOTATION', { file, line, expected, actual: actual.slice(0, 120) })
