/** Of UTF-8; spreadsheets take a file without it for one in the code page of the machine. */
export const BOM = '\uFEFF'

/** What begins a formula. Spreadsheets of East Asia take full-width signs for the same (OWASP, CSV Injection). */
const FORMULA = /^[=+\-@＝＋－＠\t\r]/
/** What cannot stand as it is: few cells, so that one look is enough for most. */
const SPECIAL = new RegExp(`${FORMULA.source}|[",\\r\\n]`)

/**
 * One cell of RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay
 * numbers, whatever their sign.
 */
function csvCell(value: string | number | bigint | null): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  if (!SPECIAL.test(value)) return value
  const safe = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export const csvRow = (cells: readonly (string | number | bigint | null)[]): string =>
  `${cells.map(csvCell).join(',')}\r\n`
