import { CodedError } from '../../contracts/index.ts'

/**
 * RFC 4180 with a header line: quoted fields, doubled quotes, CRLF or LF, an optional byte-order mark.
 * Cells that read as a finite decimal number become numbers unless they were quoted or have a leading zero; empty
 * unquoted cells are left out of the row.
 *
 * @throws EVT_REFERENCE with the line when a quote is not closed or a row has another number of cells
 */
export const parseCsv = (text: string): Record<string, string | number>[] =>
  rowsOf(text, (c) => (!c.quoted && NUMBER.test(c.text.trim()) ? Number(c.text) : c.text))

/** The same with every cell as it is written: of names such as `12.50` a number would make other ones. @throws as `parseCsv` */
export const parseCsvText = (text: string): Record<string, string>[] => rowsOf(text, (c) => c.text)

function rowsOf<T>(text: string, valueOf: (cell: Cell) => T): Record<string, T>[] {
  const rows = cells(text.startsWith('\uFEFF') ? text.slice(1) : text)
  const head = rows.shift()
  if (!head) return []
  return rows.map(({ line, values }) => {
    if (values.length !== head.values.length)
      throw new CodedError('EVT_REFERENCE', {
        line,
        expected: `${head.values.length} cells`,
        actual: `${values.length}`,
      })
    const row: Record<string, T> = {}
    for (const [i, v] of values.entries()) {
      const name = head.values[i]?.text.trim()
      if (name === undefined || (v.text === '' && !v.quoted)) continue
      row[name] = valueOf(v)
    }
    return row
  })
}

const NUMBER = /^-?(0|[1-9]\d{0,14})(\.\d+)?$/

interface Cell {
  text: string
  quoted: boolean
}

function cells(text: string): { line: number; values: Cell[] }[] {
  const rows: { line: number; values: Cell[] }[] = []
  let line = 1
  let start = 1
  let values: Cell[] = []
  let cell: Cell = { text: '', quoted: false }
  let inside = false
  const endCell = (): void => {
    values.push(cell)
    cell = { text: '', quoted: false }
  }
  const endRow = (): void => {
    endCell()
    // A blank line is no row.
    if (values.length > 1 || values[0]?.text !== '' || values[0].quoted) rows.push({ line: start, values })
    values = []
    start = line + 1
  }
  for (let i = 0; i < text.length; i++) {
    const ch = text.charAt(i)
    if (inside) {
      if (ch === '"' && text.charAt(i + 1) === '"') {
        cell.text += '"'
        i += 1
      } else if (ch === '"') inside = false
      else {
        if (ch === '\n') line += 1
        cell.text += ch
      }
    } else if (ch === '"' && cell.text === '' && !cell.quoted) {
      inside = true
      cell.quoted = true
    } else if (ch === ',') endCell()
    else if (ch === '\n') {
      endRow()
      line += 1
    } else if (ch !== '\r') cell.text += ch
  }
  if (inside)
    throw new CodedError('EVT_REFERENCE', { line: start, expected: 'a closing quote', actual: 'end of file' })
  if (cell.text !== '' || cell.quoted || values.length > 0) endRow()
  return rows
}
