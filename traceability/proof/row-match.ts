import { imageUri, schemaUri } from '../store/inspection-event.ts'

/** An event with what its columns, and those of its inspection, would be in its text. */
export interface MatchRow {
  [column: string]: string | number | null | Uint8Array
  position: number
  id: string
  source: string
  sequence: number
  type: string
  subject: string
  json: string
  leaf_hash: Uint8Array
  /** How the text must end. */
  envelope: string
  /** Pieces of the text of an inspection, in their order, with `SEPARATOR` between them. */
  pieces: string | null
  /** Sequence as the inspection's own row has it. */
  record_sequence: number | null
  total_ms: number | null
  budget_ms: number | null
  record: Uint8Array | null
  record_encoding: string | null
}

/** Stands in no JSON text: U+001F is escaped there. */
const SEPARATOR = '\u001f'
const q = (column: string): string => `json_quote(${column})`
const join = (...parts: string[]): string => parts.join(' || ')
const t = (text: string): string => `'${text}'`

/** `rtrim` and `substr` find the last `@` of a recipe without a function for it. */
const VERSION_AT = `length(rtrim(i.recipe, replace(i.recipe, '@', '')))`

const PIECES = [
  join(t('"unit":'), q('i.unit'), t('},"image":{')),
  join(t('"inspectionId":'), q('i.inspection_id'), t(',"measurements":[')),
  join(
    t('"place":{"equipment":'),
    q('i.station'),
    t(',"line":'),
    q('i.line'),
    t(',"plant":'),
    q('i.plant'),
    t(',"station":'),
    q('i.station'),
    t('},"process":{'),
  ),
  join(t('"endedAt":'), q('i.ended_at'), t(',"materials":[')),
  join(
    t('"recipe":'),
    q(`iif(${VERSION_AT} = 0, i.recipe, substr(i.recipe, 1, ${VERSION_AT} - 1))`),
    t(',"recipeVersion":'),
    q(`iif(${VERSION_AT} = 0, '', substr(i.recipe, ${VERSION_AT} + 1))`),
    t(',"shift":'),
    q('i.shift'),
    t(',"startedAt":'),
    q('i.started_at'),
    t('},"recordSha256":"'),
  ),
  join(t('"runType":'), q('i.run_type'), t(',"simulated":')),
  join(
    t('"trigger":'),
    'i.trigger_number',
    t(',"unit":{"identifiedBy":'),
    q('i.identified_by'),
    t(',"lot":'),
    q(`ifnull(i.lot, '')`),
    t(',"product":'),
    q('i.product'),
    t(',"revision":'),
    q('i.revision'),
    t(',"reworkCount":'),
  ),
  join(
    t('"serial":'),
    q('i.serial'),
    `iif(i.work_order is null, '', ',"workOrder":' || ${q('i.work_order')})`,
    t('},"verdict":{"decidedBy":"auto","disposition":'),
    q('i.disposition'),
    t(',"noVerdict":'),
    q('i.no_verdict'),
    t(',"pDefect":'),
  ),
  join(t('"result":'), q('i.result'), t(',"rules":[')),
]

/**
 * Rows of a stretch of the log with what their columns would be in canonical JSON, written by SQLite: handing over one
 * text costs a fraction of handing over thirty columns.
 */
export const MATCH_ROWS = `
select e.position, e.id, e.source, e.sequence, e.type, e.subject, e.json, e.leaf_hash,
    ${join(
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
    )} as envelope,
    ${PIECES.join(` || char(31) || `)} as pieces,
    i.sequence as record_sequence, i.total_ms, i.budget_ms, i.record, i.record_encoding
  from event e left join inspection i on i.position = e.position
  where e.position > ? and e.position <= ? order by e.position limit ?`

/** Whether the columns of an event are what its text says. False says only that somebody has to look closer. */
export const columnsMatch = ({ json, envelope, type }: MatchRow): boolean =>
  json.endsWith(envelope) &&
  json.endsWith(`,"dataschema":${JSON.stringify(schemaUri(type))}`, json.length - envelope.length)

/**
 * The same of an inspection: its columns and its image rows, and the stored capture by its hash, are those of its event.
 * A quote inside a string is escaped, so that a piece with quotes is found only where it stands as a member.
 *
 * @param recordSha256 of the stored capture
 * @param views rows of `inspection_image`
 */
export function inspectionMatches(
  row: MatchRow,
  recordSha256: string,
  views: readonly Readonly<Record<string, string | number>>[],
): boolean {
  const { json } = row
  if (row.record_sequence !== row.sequence) return false
  const images = views.map(
    (v) =>
      `{"height":${v['height_px']},"sha256":"${v['sha256']}","uri":"${imageUri(String(v['sha256']))}",` +
      `"view":${JSON.stringify(v['view'])},"width":${v['width_px']}}`,
  )
  const others = [
    `"views":[${images.join(',')}]},"inspectionId":`,
    `"recordSha256":"${recordSha256}","runType":`,
    `"deadlineMs":${row.budget_ms},"inferMs":`,
    `"totalMs":${row.total_ms},"transferMs":`,
  ]
  if (row.pieces === null || !others.every((piece) => json.includes(piece))) return false
  // In their order, so that each is looked for behind the one before it.
  let from = 0
  for (const piece of row.pieces.split(SEPARATOR)) {
    from = json.indexOf(piece, from)
    if (from < 0) return false
  }
  return true
}

/** Whether the event says that the part has none of them. */
export const hasNone = (json: string, member: 'defects' | 'measurements'): boolean =>
  member === 'defects'
    ? json.startsWith('{"data":{"defects":[],')
    : json.includes('"measurements":[],"models":[')
