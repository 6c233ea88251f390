import { ROW_COLUMNS } from '../store/inspection-columns.ts'
import { schemaUri } from '../store/inspection-event.ts'

/** Between the fields of a row, and between rows. Neither stands in a JSON text: U+001E and U+001F are escaped there. */
export const FIELD = '\u001f'
export const ROW = '\u001e'
export const INSPECTION = 'qe.inspection.completed.v1'

const q = (column: string): string => `json_quote(${column})`
const t = (text: string): string => `'${text}'`
/** One call copies each piece once, which a chain of `||` does not. */
const join = (...parts: string[]): string => `concat(${parts.join(', ')})`
/** All 17 digits, from which JavaScript reads the very same number. */
const real = (column: string): string => `printf('%!.17g', ${column})`
const perhaps = (column: string): string => `iif(${column} is null, null, ${real(column)})`

/** How the text of an event must end. */
const ENVELOPE = join(
  t(`,"dataschema":"${schemaUri('')}`),
  'e.type',
  t('","id":'),
  q('e.id'),
  t(',"partitionkey":'),
  q('e.partitionkey'),
  t(',"sequence":"'),
  `printf('%020d', e.sequence)`,
  t('","source":'),
  q('e.source'),
  t(',"specversion":"1.0","subject":'),
  q('e.subject'),
  t(',"time":'),
  q('e.time'),
  t(',"type":'),
  q('e.type'),
  t('}'),
)

/** 1: an inspection with its record; 0: another event, without one; nothing else is in order. */
const INSPECTED = `iif(i.position is null, iif(e.type = ${t(INSPECTION)}, '', '0'),
  iif(e.type = ${t(INSPECTION)} and e.sequence = i.sequence, '1', ''))`

/** Columns of an inspection whose numbers are not whole; they stand side by side. */
const REAL_COLUMNS = ['total_ms', 'budget_ms']
const AT_REALS = ROW_COLUMNS.indexOf('total_ms')
const array = (columns: readonly string[]): string => `json_array(${columns.map((c) => `i.${c}`).join(', ')})`

const FIELDS_SQL = [
  'e.position',
  'e.sequence',
  'e.source',
  INSPECTED,
  'i.record_encoding',
  'length(i.record)',
  array(ROW_COLUMNS.slice(0, AT_REALS)),
  ...REAL_COLUMNS.map((name) => real(`i.${name}`)),
  array(ROW_COLUMNS.slice(AT_REALS + REAL_COLUMNS.length)),
  ENVELOPE,
  'e.json',
]
/** Where the fields of a row stand. */
export const AT = {
  position: 0,
  sequence: 1,
  source: 2,
  inspected: 3,
  encoding: 4,
  recordLength: 5,
  before: 6,
  totalMs: 7,
  budgetMs: 8,
  behind: 9,
  envelope: 10,
  json: 11,
} as const
export const FIELDS = FIELDS_SQL.length

const blob = (column: string, between = ''): string =>
  `cast(group_concat(${column}, ${t(between)}) as blob) as ${column}`

/** A stretch of the log, each kind of bytes in one value: one call and one copy instead of one per column. */
export const MATCH = `select count(*) as count, max(position) as last,
    ${blob('fields', ROW)}, ${blob('leaf_hash')}, ${blob('record')} from (
  select e.position, e.leaf_hash, i.record,
      ${join(...FIELDS_SQL.flatMap((field, i) => (i === 0 ? [field] : [t(FIELD), field])))} as fields
    from event e left join inspection i on i.position = e.position
    where e.position > ? and e.position <= ? order by e.position limit ?)`

/** Rows below inspections as JSON, behind their position; numbers that are not whole as text. */
const below = (table: string, columns: string): string =>
  `select cast(group_concat(concat(position, ${t(FIELD)}, rows), ${t(ROW)}) as blob) as bytes from (
  select position, json_group_array(json_array(${columns})) as rows from ${table}
    where position > ? and position <= ? group by position)`

export const CHILDREN = {
  inspection_image: below('inspection_image', 'view, sha256, width_px, height_px'),
  carrier_read: below('carrier_read', 'n, tool, ok, symbology, symbology_id, text, error, associated_by'),
  defect: below(
    'defect',
    `n, finding, class, severity, ${['score', 'x1', 'y1', 'x2', 'y2', 'area_px'].map(real).join(', ')},
     ${['area_mm2', 'length_mm', 'part_x_mm', 'part_y_mm'].map(perhaps).join(', ')}, roi`,
  ),
  measurement: below(
    'measurement',
    `n, characteristic, tool, ${real('value')}, unit,
     ${['lsl', 'usl', 'target', 'uncertainty'].map(perhaps).join(', ')}`,
  ),
}
/** Places of the numbers that are not whole. */
export const REALS = { defect: [4, 5, 6, 7, 8, 9, 10, 11, 12, 13], measurement: [3, 5, 6, 7, 8] }
