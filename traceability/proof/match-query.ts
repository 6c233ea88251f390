/** Between the fields of a row, and between rows. Neither stands in a JSON text: U+001E and U+001F are escaped there. */
export const FIELD = '\u001f'
export const ROW = '\u001e'

const q = (column: string): string => `json_quote(${column})`
const t = (text: string): string => `'${text}'`
/** One call copies each piece once, which a chain of `||` does not. */
const join = (...parts: string[]): string => `concat(${parts.join(', ')})`
/** All 17 digits, from which JavaScript reads the very same number. */
const real = (column: string): string => `printf('%!.17g', ${column})`
const perhaps = (column: string): string => `iif(${column} is null, null, ${real(column)})`

/** How the text of an event must end. */
const ENVELOPE = join(
  t(',"id":'),
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

/** Columns of an inspection that only its event says: who the unit is. */
const UNIT = [
  join(t('"unit":'), q('i.unit'), t('},"image":{')),
  join(t('"unit":{"identifiedBy":'), q('i.identified_by'), t(',"lot":'), q(`ifnull(i.lot, '')`), t(',"')),
  join(t('"serial":'), q('i.serial'), t('')),
]

/** @param columns of an inspection that are compared as one text of JSON */
export const matchQuery = (columns: readonly string[]): string => {
  const inspection = [
    'i.sequence',
    real('i.total_ms'),
    real('i.budget_ms'),
    `json_array(${columns.map((c) => `i.${c}`).join(', ')})`,
    ...UNIT,
  ]
  const fields = [
    'e.position',
    'e.sequence',
    'lower(hex(e.leaf_hash))',
    'e.source',
    ENVELOPE,
    `iif(i.position is null, ${t(FIELD.repeat(inspection.length))}, ${separated([t('1'), ...inspection])})`,
    'e.json',
    `iif(i.record_encoding = 'json', cast(i.record as text), '')`,
  ]
  return `select count(*) as count, max(position) as last, cast(group_concat(fields, ${t(ROW)}) as blob) as bytes from (
  select e.position, ${separated(fields)} as fields
    from event e left join inspection i on i.position = e.position
    where e.position > ? and e.position <= ? order by e.position limit ?)`
}
/** Where the fields of a row begin. */
export const AT = {
  position: 0,
  sequence: 1,
  leaf: 2,
  source: 3,
  envelope: 4,
  inspected: 5,
  recordSequence: 6,
  totalMs: 7,
  budgetMs: 8,
  columns: 9,
  unit: 10,
  json: 10 + UNIT.length,
  record: 11 + UNIT.length,
} as const
export const FIELDS = AT.record + 1

function separated(fields: readonly string[]): string {
  return join(...fields.flatMap((field, i) => (i === 0 ? [field] : [t(FIELD), field])))
}

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
