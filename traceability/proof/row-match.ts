import { hash } from 'node:crypto'
import type { SqlDatabase, SqlValue } from '../../contracts/index.ts'
import { imageUri, schemaUri, type UnitFacts } from '../store/inspection-event.ts'
import { childRows, INSPECTION_COLUMNS, inspectionRow, namesOf } from '../store/inspection-rows.ts'
import { type CaptureRecord, inflated, recordHash } from '../store/record-codec.ts'
import { AT, CHILDREN, FIELD, FIELDS, matchQuery, ROW } from './match-query.ts'

const INSPECTION = '"qe.inspection.completed.v1"'
const SCHEMA = `,"dataschema":"${schemaUri('')}`

/** Compared by themselves: what only the event says, and numbers that are not whole. */
const APART = new Set(['unit', 'serial', 'identified_by', 'lot', 'total_ms', 'budget_ms'])
/** Those of `inspectionRow`. */
const NAMES = namesOf(INSPECTION_COLUMNS).slice(1, -3)
const TOGETHER = NAMES.flatMap((name, i) => (APART.has(name) ? [] : [i]))
const MATCH_ROWS = matchQuery(TOGETHER.map((i) => NAMES[i] ?? ''))
const NOBODY: UnitFacts = { uri: '', serial: '', identifiedBy: 'code', lot: null, origin: null }

type Below = Record<keyof typeof CHILDREN, ReadonlyMap<number, string>>

/**
 * Rows of a stretch of the log, in order, to be compared with their texts. `rows` is null when the values do not stand
 * as JSON would have them: then each has to be looked at closely.
 *
 * @returns null behind the last event
 */
export function matchRows(
  db: SqlDatabase,
  after: number,
  end: number,
  limit: number,
): { last: number; rows: MatchRow[] | null } | null {
  const found = db.get<{ count: number; last: number | null; bytes: Uint8Array | null }>(
    MATCH_ROWS,
    after,
    end,
    limit,
  )
  if (found === undefined || found.last === null) return null
  const { count, last } = found
  const { buffer, byteOffset, byteLength } = found.bytes ?? new Uint8Array()
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  // One character per byte, so that places are those of the bytes. Both sides of each comparison are read this way.
  const texts = bytes.toString('latin1').split(ROW)
  if (texts.length !== count) return { last, rows: null }
  const [images, reads, defects, measurements] = [
    below(db, CHILDREN.inspection_image, after, last),
    below(db, CHILDREN.carrier_read, after, last),
    below(db, CHILDREN.defect, after, last),
    below(db, CHILDREN.measurement, after, last),
  ]
  const children: Below = {
    inspection_image: images,
    carrier_read: reads,
    defect: defects,
    measurement: measurements,
  }
  const rows: MatchRow[] = []
  let stop = -1
  for (const text of texts) {
    stop += 1 + text.length
    const fields = text.split(FIELD)
    if (fields.length !== FIELDS) return { last, rows: null }
    rows.push(new MatchRow(db, fields, children, bytes, stop))
  }
  return { last, rows }
}

function below(db: SqlDatabase, query: string, after: number, last: number): ReadonlyMap<number, string> {
  const { bytes } = db.get<{ bytes: Uint8Array | null }>(query, after, last) ?? { bytes: null }
  if (bytes === null) return new Map()
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return new Map(
    text.split(ROW).map((row) => {
      const cut = row.indexOf(FIELD)
      return [Number(row.slice(0, cut)), row.slice(cut + 1)]
    }),
  )
}

/** An event with what its columns, and those of its inspection, would be in its text. */
export class MatchRow {
  readonly position: number
  readonly sequence: number
  readonly source: string
  /** There is a record at this place. */
  readonly inspected: boolean
  /** Computed of the text. */
  readonly leaf: Buffer
  /** Whether the stored leaf is that one. */
  readonly leafStored: boolean
  readonly #db: SqlDatabase
  readonly #fields: readonly string[]
  readonly #children: Below
  /** Of the stored capture. */
  readonly #record: Buffer

  /** @param stop where the row ends in `bytes` */
  constructor(db: SqlDatabase, fields: readonly string[], children: Below, bytes: Buffer, stop: number) {
    this.#db = db
    this.#fields = fields
    this.#children = children
    this.position = Number(fields[AT.position])
    this.sequence = Number(fields[AT.sequence])
    this.source = utf8(this.#field(AT.source))
    this.inspected = fields[AT.inspected] !== ''
    const record = stop - this.#field(AT.record).length
    const json = record - 1 - this.#field(AT.json).length
    // The separator before it becomes the 0 that a leaf begins with (RFC 6962, 2.1).
    bytes[json - 1] = 0
    const leaf = hash('sha256', bytes.subarray(json - 1, record - 1), 'hex')
    this.leaf = Buffer.from(leaf, 'hex')
    this.leafStored = leaf === fields[AT.leaf]
    this.#record = bytes.subarray(record, stop)
  }

  #field(at: number): string {
    return this.#fields[at] ?? ''
  }

  /**
   * Hashes of the images when the columns, and the record of an inspection, are what the text of the event and the stored
   * capture say; null says only that somebody has to look closer. The text itself must be proven. A quote inside a string
   * is escaped, so that a piece with quotes is found only where it stands as a member.
   */
  matching(): string[] | null {
    const json = this.#field(AT.json)
    const envelope = this.#field(AT.envelope)
    const type = envelope.slice(envelope.lastIndexOf(',"type":') + 8, -1)
    if (!json.endsWith(envelope) || !json.endsWith(SCHEMA + type.slice(1), json.length - envelope.length))
      return null
    if (type !== INSPECTION) return this.inspected ? null : []
    try {
      return this.#inspection(json)
    } catch {
      return null
    }
  }

  /** The event has the hash of the capture, so that what the capture says is proven. */
  #inspection(json: string): string[] | null {
    if (!this.inspected || Number(this.#fields[AT.recordSequence]) !== this.sequence) return null
    const [bytes, text] = this.#captured()
    if (!json.includes(`"recordSha256":"${recordHash(bytes)}","runType":`)) return null
    let from = 0
    for (let at: number = AT.unit; at < AT.json; at++) {
      from = json.indexOf(this.#field(at), from)
      if (from < 0) return null
    }
    const record = JSON.parse(text) as CaptureRecord
    const values = inspectionRow(record, NOBODY)
    if (
      JSON.stringify(TOGETHER.map((i) => values[i])) !== this.#fields[AT.columns] ||
      Number(this.#fields[AT.totalMs]) !== record.outcome.timing.totalMs ||
      Number(this.#fields[AT.budgetMs]) !== record.budgetMs
    )
      return null
    const rows = childRows(record)
    const same =
      sameRows(this.#below('defect'), rows.defect) &&
      sameRows(this.#below('measurement'), rows.measurement) &&
      sameRows(this.#below('carrier_read'), rows.carrier_read)
    return same ? this.#images(json) : null
  }

  #below(table: keyof Below): string {
    return this.#children[table].get(this.position) ?? NO_ROWS
  }

  #images(json: string): string[] | null {
    const rows = JSON.parse(this.#below('inspection_image')) as [string, string, number, number][]
    const views = rows.map(
      ([view, sha256, width, height]) =>
        `{"height":${height},"sha256":"${sha256}","uri":"${imageUri(sha256)}",` +
        `"view":${JSON.stringify(view)},"width":${width}}`,
    )
    return json.includes(`"views":[${views.join(',')}]},"inspectionId":`)
      ? rows.map(([, sha256]) => sha256)
      : null
  }

  /** The capture's JSON; what is compressed stands in no text and is read by itself. */
  #captured(): [bytes: Uint8Array, text: string] {
    if (this.#record.length > 0) return [this.#record, this.#field(AT.record)]
    const row = this.#db.get<{ record: Uint8Array; record_encoding: string }>(
      'select record, record_encoding from inspection where position = ?',
      this.position,
    )
    const bytes = inflated(row?.record ?? new Uint8Array(), row?.record_encoding ?? '')
    return [bytes, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')]
  }
}

const NO_ROWS = '[]'
const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString()

/** @param stored JSON of rows whose real numbers are text */
function sameRows(stored: string, rows: readonly SqlValue[][]): boolean {
  if (stored === NO_ROWS || rows.length === 0) return stored === NO_ROWS && rows.length === 0
  const found = JSON.parse(stored) as (string | number | null)[][]
  return (
    found.length === rows.length &&
    rows.every((row, i) =>
      row.every((value, k) => {
        const there = found[i]?.[k]
        return (
          there === value ||
          (typeof value === 'number' && typeof there === 'string' && Number(there) === value)
        )
      }),
    )
  )
}
