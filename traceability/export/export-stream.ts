import type { ByteWriter } from 'hyparquet-writer'
import type { SqlValue } from '../../contracts/index.ts'
import { COLUMNS, type ColumnType, type ExportColumn } from './columns.ts'
import { csvRow, csvStart } from './csv.ts'
import type { ExportAsk, ExportPage } from './export-page.ts'

export const EXPORT_FORMATS = ['csv', 'parquet'] as const
type ExportFormat = (typeof EXPORT_FORMATS)[number]

export interface ExportOptions extends Omit<ExportAsk, 'after'> {
  format: ExportFormat
  /** CSV for a spreadsheet: begins with a byte order mark, so that Excel reads it as UTF-8; see `csvRow`. */
  bom?: boolean
}

/** Rows to a row group: readers load a group at a time. */
const ROW_GROUP = 20_000

/** The file, piece by piece: no more than a row group is held, however long the export is. */
export async function* exportStream(
  page: (ask: ExportAsk) => ExportPage | Promise<ExportPage>,
  { format, bom = false, ...ask }: ExportOptions,
): AsyncGenerator<Uint8Array> {
  const columns = COLUMNS[ask.what]
  yield* format === 'csv' ? csv(pages(page, ask), columns, bom) : parquet(pages(page, ask), columns)
}

async function* pages(
  page: (ask: ExportAsk) => ExportPage | Promise<ExportPage>,
  ask: ExportAsk,
): AsyncGenerator<SqlValue[][]> {
  for (let next: ExportAsk | null = ask; next !== null;) {
    const found: ExportPage = await page(next)
    yield found.rows
    next = found.next === null ? null : { ...ask, after: found.next }
  }
}

async function* csv(
  all: AsyncIterable<SqlValue[][]>,
  columns: readonly ExportColumn[],
  bom: boolean,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  // With the first page and not before it: a question that fails at once must leave no half file.
  let head = csvStart(bom) + csvRow(columns.map((c) => c.name))
  for await (const rows of all) {
    const text = head + rows.map((row) => csvRow(row as (string | number | null)[], bom)).join('')
    head = ''
    if (text !== '') yield encoder.encode(text)
  }
}

const PARQUET: Record<ColumnType, 'STRING' | 'INT64' | 'DOUBLE' | 'TIMESTAMP'> = {
  text: 'STRING',
  int: 'INT64',
  real: 'DOUBLE',
  time: 'TIMESTAMP',
}

const UTC_TIME = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } as const

async function* parquet(
  all: AsyncIterable<SqlValue[][]>,
  columns: readonly ExportColumn[],
): AsyncGenerator<Uint8Array> {
  const empty = columns.map(({ name, type }) => ({ name, type: PARQUET[type], nullable: true, data: [] }))
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer')
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    // Some readers, as DuckDB and Polars, take a time of UTC that says so by its older mark alone for one of no zone.
    schema: schemaFromColumnData({ columnData: empty }).map((element) =>
      element.converted_type === 'TIMESTAMP_MILLIS' ? { ...element, logical_type: UTC_TIME } : element,
    ),
    createdBy: 'sightline',
  })
  let rows: SqlValue[][] = []
  const group = (): Uint8Array => {
    const columnData = columns.map(({ name, type }, i) => ({
      name,
      type: PARQUET[type],
      nullable: true,
      data: rows.map((row) => cell(row[i] ?? null, type)),
    }))
    void file.write({ columnData, rowGroupSize: Math.max(1, rows.length) })
    rows = []
    return taken(writer)
  }
  for await (const page of all) {
    rows.push(...page)
    if (rows.length >= ROW_GROUP) yield group()
  }
  if (rows.length > 0) yield group()
  file.finish()
  yield taken(writer)
}

/** What was written since; the place in the file goes on counting. */
function taken(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice()
  writer.index = 0
  return bytes
}

function cell(value: SqlValue, type: ColumnType): unknown {
  if (value === null) return null
  if (type === 'int') return BigInt(value as number)
  if (type === 'time') return new Date(String(value))
  return value
}
