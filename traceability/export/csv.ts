/** Of UTF-8; spreadsheets take a file without it for one in the code page of the machine. */
const BOM = '\uFEFF'

/** What begins a formula. Spreadsheets of East Asia take full-width signs for the same (OWASP, CSV Injection). */
const FORMULA = /^[=+\-@＝＋－＠\t\r]/
/** What cannot stand as it is: few cells, so that one look is enough for most. */
const SPECIAL = new RegExp(`${FORMULA.source}|[",\\r\\n]`)

/** Text that a spreadsheet takes for a number, a time, or a date, as `12-05` and `MAR1`: a month alone it leaves. */
const NUMBER = /^\d*\.?\d+(e[+-]?\d+)?$/i
/** Its other forms there: thousands, brackets or a sign behind for what is below zero, percent, money, a fraction. */
const OTHER_NUMBER =
  /^(?:(?:[$€£¥] ?)?(?:(?:\d[\d,]*\.?\d*|\.\d+)|\((?:\d[\d,]*\.?\d*|\.\d+)\))(?: ?[%$€£¥]|[+-])?|\d+ \d+\/\d+)$/
/** Of a time: `09:30` comes out as it went in. */
const TIME =
  /^(?!\d\d(?::\d\d){1,2}$)\d{1,4}(?::\d{1,2}){1,2}(?:\.\d+)?(?: ?[ap]m?)?$|^\d{1,2}(?: [ap]m?|[ap]m)$/i
const DATE = /^\d{1,4}([-/.]\d{1,4}){1,2}$/
const DAY_OF_MONTH = /^(?=.*\d)(?:\d{1,4}[- /]?)?([a-z]{3,9})(?:[- /]?\d{1,4})?$/i
const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
)
/** Digits of a number that Excel keeps. */
const KEPT_DIGITS = 15

/** Whether it would become another one there: `1234` of `0001234`, `1.23457E+19` of twenty digits. */
const isChanged = (value: string | number | bigint): boolean => {
  const text = String(value)
  if (typeof value !== 'string') return /^\d+$/.test(text) && text.length > KEPT_DIGITS
  if (NUMBER.test(text)) return text.length > KEPT_DIGITS || String(Number(text)) !== text
  return OTHER_NUMBER.test(text) || TIME.test(text) || isDate(text)
}

/** Month names as far as they are written: `MARC1` is one, `MARK1` and `DECK12` are none. */
function isDate(text: string): boolean {
  const month = DAY_OF_MONTH.exec(text)?.[1]?.toLowerCase()
  return DATE.test(text) || (month !== undefined && MONTHS.some((m) => m.startsWith(month)))
}

type Cell = string | number | bigint | null

/**
 * One cell of RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay
 * numbers, whatever their sign. A name that it would change gets one in files for it alone: other programs look for the
 * name as it is.
 */
function csvCell(value: Cell, forSpreadsheet: boolean): string {
  if (value === null) return ''
  const changed = forSpreadsheet && isChanged(value)
  if (typeof value !== 'string') return changed ? `'${value}` : String(value)
  if (!changed && !SPECIAL.test(value)) return value
  const safe = changed || FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The name behind a cell that was copied from such a file with its apostrophe; null where the text is none. */
export const copiedName = (cell: string): string | null => (/^'[^']/.test(cell) ? cell.slice(1) : null)

/** @param forSpreadsheet no name becomes a number or a date there */
export const csvRow = (cells: readonly Cell[], forSpreadsheet = false): string =>
  `${cells.map((cell) => csvCell(cell, forSpreadsheet)).join(',')}\r\n`

/** A whole file. @param bom for a spreadsheet, which reads it as UTF-8 then; see `csvRow` */
export const csvText = (rows: readonly (readonly Cell[])[], bom = false): string =>
  csvStart(bom) + rows.map((cells) => csvRow(cells, bom)).join('')

/** What a file begins with. */
export const csvStart = (bom: boolean): string => (bom ? BOM : '')
