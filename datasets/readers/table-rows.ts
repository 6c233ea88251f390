import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type CsvRow, csvColumns, readCsv } from './csv-rows.ts'
import { readText } from './files.ts'
import { splitNamed } from './splits.ts'

const MAP = /\.json$/i
/** Files that may be tables, by their names. */
export const A_TABLE = /\.([ct]sv|json)$/i

/** Columns of a JSON that gives each image its class. */
const MAP_COLUMNS = ['filename', 'label']

/** A class has a word or few digits; sums, times, sizes and what a camera was set to are other things. */
const A_CLASS = /^(-?\d{1,3}|\p{L}[\p{L}\p{N}_ -]{0,30})?$/u

/** More is no list of classes. */
const MOST_BYTES = 5e7

/** Names of the columns in small letters, whatever the encoding of the file; none when it cannot be read. */
export const tableColumns = async (file: string): Promise<string[]> =>
  !MAP.test(file) ? csvColumns(file) : (await mapIn(file)) ? MAP_COLUMNS : []

/** Rows of a CSV, or those of a JSON `{ "part1/0001.png": "dent", … }`. @throws as `readCsv` */
export async function tableRows(file: string): Promise<CsvRow[]> {
  if (!MAP.test(file)) return readCsv(file)
  const map = await mapIn(file)
  if (map === null) return []
  const rows: CsvRow[] = []
  let [line, at] = [1, 0]
  for (const m of map.text.matchAll(/"((?:[^"\\]|\\.)*)"(\s*:)?/g)) {
    if (m[2] === undefined) continue
    for (let end = map.text.indexOf('\n', at); end >= 0 && end < m.index; end = map.text.indexOf('\n', at))
      [line, at] = [line + 1, end + 1]
    const name = JSON.parse(`"${m[1]}"`) as string
    rows.push({
      line,
      cells: new Map(Object.entries({ filename: name, label: map.classes.get(name) ?? '' })),
    })
  }
  return rows
}

/** Without JSON where there is a CSV: beside it one may hold anything of the images, as the numbers of cameras. */
export function csvFirst<T extends { file: string }>(tables: T[]): T[] {
  const csv = tables.filter((t) => !MAP.test(t.file))
  return csv.length > 0 ? csv : tables
}

/**
 * Whether texts are numbers that no classes have: those count from 0 or 1 on with few gaps, or are -1 and 1; what a camera
 * was set to, as an exposure of 800, counts nothing.
 */
function areMeasured(named: readonly string[]): boolean {
  const numbers = named.filter((n) => n !== '').map(Number)
  if (numbers.length === 0 || numbers.some(Number.isNaN)) return false
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  return Math.abs(least) > 1 || most > FEW_GAPS * numbers.length
}

const FEW_GAPS = 2
/** Names of files that are of classes whatever numbers those have, as of a split in which most are missing. */
const SAYS = /label|class|annot|truth|train|val|test/i

/** Classes by image; null when the file holds something else, or cannot be read. */
async function mapIn(file: string): Promise<{ text: string; classes: Map<string, string> } | null> {
  try {
    if ((await stat(file)).size > MOST_BYTES) return null
    const text = await readText(file)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    const classes = new Map<string, string>()
    for (const [name, said] of Object.entries(value)) {
      if (!['string', 'number', 'boolean'].includes(typeof said) && said !== null) return null
      classes.set(name, String(said ?? '').trim())
    }
    const named = new Set(classes.values())
    // Which image is of which split says nothing of the parts.
    if ([...named].every((c) => splitNamed(c) !== undefined)) return null
    if (!SAYS.test(basename(file)) && areMeasured([...named])) return null
    return [...named].every((c) => A_CLASS.test(c)) && named.size < classes.size ? { text, classes } : null
  } catch {
    return null
  }
}
