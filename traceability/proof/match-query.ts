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
/** All 17 digits, from which JavaScript reads the very same number; set apart, as JSON of JavaScript has fewer. */
const real = (column: string): string => `${t(FIELD)}, printf('%!.17g', ${column}), ${t(FIELD)}`
const perhaps = (column: string): string =>
  `${t(FIELD)}, iif(${column} is null, 'null', printf('%!.17g', ${column})), ${t(FIELD)}`

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

/** Of more links of a unit nothing is told at once: a stretch would grow by the square of how often it was seen. */
const MANY = 32
export const TOO_MANY = '!'

/**
 * Links of the unit of an inspection to what it came from, in the order of the table, a blank between them, which no URI
 * has. `1`: made by this inspection, from its time on and for good; `2`: made by it, and otherwise; `0`: there before.
 */
const LINKS = `(select iif(count(*) > ${MANY}, '${TOO_MANY}', group_concat(iif(x.kind = 'associate',
    concat(iif(x.position <> i.position, '0', iif(x.certainty = 'certain'
    and x.quantity is null and x.uom is null and x.valid_from = e.time and x.valid_to is null
    and x.closed_by is null, '1', '2')), x.parent), null), ' '))
  from (select kind, parent, position, certainty, quantity, uom, valid_from, valid_to, closed_by
    from edge where child = i.unit limit ${MANY + 1}) x)`

/**
 * The row of the unit is there, `2`: made by this inspection as its event says, `1`: by something before it. Here, where
 * the event is read anyway; what is otherwise is told by `name-check.ts`.
 */
const NAMED = `(select iif(d.first_position <> i.position, d.first_position < i.position,
    2 * (d.serial = i.serial and d.kind = i.identified_by and d.product = i.product and d.lot is i.lot and d.first_at = e.time
    and (d.kind <> 'code' or iif(d.gtin is null, instr(e.json, '"product":"urn:sightline:product:'),
      instr(e.json, concat('"product":"https://id.gs1.org/01/', d.gtin, '","unit":'))) > 0)))
  from identity d where d.uri = i.unit)`

const FIELDS_SQL = [
  'e.sequence',
  'e.source',
  INSPECTED,
  'i.record_encoding',
  'length(i.record)',
  array(ROW_COLUMNS.slice(0, AT_REALS)),
  ...REAL_COLUMNS.map((name) => `printf('%!.17g', i.${name})`),
  array(ROW_COLUMNS.slice(AT_REALS + REAL_COLUMNS.length)),
  ENVELOPE,
  LINKS,
  NAMED,
  'e.json',
]
/** Where the fields of a row stand. */
export const AT = {
  sequence: 0,
  source: 1,
  inspected: 2,
  encoding: 3,
  recordLength: 4,
  before: 5,
  totalMs: 6,
  budgetMs: 7,
  behind: 8,
  envelope: 9,
  links: 10,
  named: 11,
  json: 12,
} as const
export const FIELDS = FIELDS_SQL.length

const blob = (column: string, between = ''): string =>
  `cast(group_concat(${column}, ${t(between)}) as blob) as ${column}`

/** Rows below inspections as JSON, each behind its position. */
const below = (table: string, json: string): string =>
  `(select cast(group_concat(${join('position', t(FIELD), json)}, ${t(ROW)}) as blob)
    from ${table} where position > ?1 and position <= ?2) as ${table}`
const pieces = (...columns: string[]): string => join(t('['), columns.join(`, ',', `), t(']'))

/**
 * A stretch of the log in one row, each kind of bytes in one value: a call and a copy for all of it, instead of one per
 * row and column.
 */
const match = (fields: readonly string[]): string => `select count(*) as count, max(position) as last,
    ${blob('fields', ROW)}, ${blob('leaf_hash')}, ${blob('record')},
    ${below('inspection_image', 'json_array(view, sha256, width_px, height_px)')},
    ${below('carrier_read', 'json_array(n, tool, ok, symbology, symbology_id, text, error, associated_by)')},
    ${below(
      'defect',
      pieces(
        'n',
        ...['finding', 'class', 'severity'].map(q),
        ...['score', 'x1', 'y1', 'x2', 'y2', 'area_px'].map(real),
        ...['area_mm2', 'length_mm', 'part_x_mm', 'part_y_mm'].map(perhaps),
        q('roi'),
      ),
    )},
    ${below(
      'measurement',
      pieces(
        'n',
        ...['characteristic', 'tool'].map(q),
        real('value'),
        q('unit'),
        ...['lsl', 'usl', 'target', 'uncertainty'].map(perhaps),
      ),
    )} from (
  select e.position, e.leaf_hash, i.record,
      ${join(...fields.flatMap((field, i) => (i === 0 ? [field] : [t(FIELD), field])))} as fields
    from event e left join inspection i on i.position = e.position
    where e.position > ?1 and e.position <= ?2 order by e.position)`

export const MATCH = match(FIELDS_SQL)
/** Of a store of before version 3, whose links have no ends. */
export const MATCH_WITHOUT_LINKS = match(FIELDS_SQL.map((field) => (field === LINKS ? `''` : field)))
