import { createReadStream } from 'node:fs'
import { CodedError } from '../../contracts/index.ts'
import { isImage, looseText, readText } from './files.ts'

/** One row of a table; `cells` by the names of the columns in small letters. */
export interface CsvRow {
  line: number
  cells: ReadonlyMap<string, string>
}

/** So many bytes of a file are looked at for its first line. */
const HEAD_BYTES = 4_096

/** Names of the columns in small letters, whatever the encoding of the file; none when it cannot be read. */
export async function csvColumns(file: string): Promise<string[]> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of createReadStream(file, { end: HEAD_BYTES - 1 })) chunks.push(chunk as Buffer)
  } catch {
    return []
  }
  const [first = ''] = looseText(Buffer.concat(chunks)).split(/\r?\n/, 1)
  const cells = first.split(commaOf(first)).map((c) => c.replaceAll('"', '').trim())
  return isBareBox(cells) ? BARE_COLUMNS : cells.map((c) => c.toLowerCase())
}

/** Of keras-retinanet, and Roboflow's export for it: without a line of names, and four empty cells where nothing is. */
const BARE_COLUMNS = ['filename', 'xmin', 'ymin', 'xmax', 'ymax', 'class']

const isBareBox = (cells: readonly string[]): boolean => {
  const sides = cells.slice(1, 5)
  const all = (like: RegExp): boolean => sides.every((c) => like.test(c.trim()))
  const isRow = cells.length === BARE_COLUMNS.length && isImage((cells[0] ?? '').trim())
  return isRow && (all(/^$/) || all(/^-?\d+(\.\d+)?$/))
}

const commaOf = (line: string): string =>
  [',', ';', '\t'].sort((a, b) => line.split(b).length - line.split(a).length)[0] ?? ','

/**
 * A table (RFC 4180), cells apart by comma, semicolon or tab, whichever the first line has most of; empty lines are none.
 *
 * @throws DAT_LAYOUT when it cannot be read or is no UTF-8, DAT_ANNOTATION for rows of another length and a quote without end
 */
export async function readCsv(file: string): Promise<CsvRow[]> {
  const text = await readText(file)
  const records = recordsOf(text, commaOf(text.split(/\r?\n/, 1)[0] ?? ''), file)
  const bare = isBareBox(records[0]?.cells ?? [])
  const columns = bare ? BARE_COLUMNS : (records[0]?.cells ?? []).map((c) => c.trim().toLowerCase())
  const body = bare ? records : records.slice(1)
  return body.map(({ line, cells }) => {
    if (cells.length !== columns.length)
      throw new CodedError('DAT_ANNOTATION', {
        file,
        line,
        expected: `${columns.length} cells, one for each column`,
        actual: String(cells.length),
      })
    return { line, cells: new Map(columns.map((c, n) => [c, (cells[n] ?? '').trim()])) }
  })
}

/** Names of the columns as they are written. @throws as `readCsv` */
export async function csvHead(file: string): Promise<string[]> {
  const text = await readText(file)
  const [head] = recordsOf(text, commaOf(text.split(/\r?\n/, 1)[0] ?? ''), file)
  return (head?.cells ?? []).map((c) => c.trim())
}

function recordsOf(text: string, comma: string, file: string): { line: number; cells: string[] }[] {
  const records: { line: number; cells: string[] }[] = []
  let [line, began] = [1, 1]
  let cells: string[] = []
  let cell = ''
  let quoted = false
  const end = (): void => {
    cells.push(cell)
    if (cells.some((c) => c.trim() !== '')) records.push({ line: began, cells })
    ;[cells, cell, began] = [[], '', line]
  }
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '\n') line += 1
    if (quoted) {
      if (c !== '"') cell += c
      else if (text[i + 1] === '"') cell += text[++i]
      else quoted = false
    } else if (c === '"' && cell === '') quoted = true
    else if (c === comma) {
      cells.push(cell)
      cell = ''
    } else if (c === '\n') end()
    else if (c !== '\r') cell += c
  }
  if (quoted)
    throw new CodedError('DAT_ANNOTATION', {
      file,
      line: began,
      expected: 'every quote closed',
      actual: 'none to the end',
    })
  end()
  return records
}
