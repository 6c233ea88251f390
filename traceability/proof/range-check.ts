import {
  asCoded,
  canonicalJson,
  CodedError,
  type InspectionCompleted,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { leafHash } from '../log/index.ts'
import { RecordCheck } from './record-check.ts'
import { Findings, type ProofFinding } from './report.ts'
import { type MatchedRow, matchStretch, SignedTiles } from './row-match.ts'

/** Positions of one piece of the event table, half-open on the left. */
export interface Range {
  after: number
  end: number
}

/** What a piece of the log needs to fit to the pieces before it. */
export interface SourceSpan {
  source: string
  first: { sequence: number; position: number; event: string; subject: string }
  last: number
}

export interface RangeResult extends Range {
  count: number
  /** Leaf hashes one after the other. */
  leaves: Uint8Array
  records: number
  findings: ProofFinding[]
  more: number
  sources: SourceSpan[]
  sequenceBreaks: { position: number; event: string; subject: string; detail: string }[]
  /** Hash of an image and the first event that names it. */
  images: [sha256: string, position: number][]
}

/** An event with all its columns. */
export interface EventRow {
  [column: string]: string | number | null | Uint8Array
  position: number
  id: string
  source: string
  sequence: number
  type: string
  subject: string
  partitionkey: string
  time: string
  json: string
  leaf_hash: Uint8Array
}
const EVENT_ROW = `select position, id, source, sequence, type, subject, partitionkey, time, json, leaf_hash from event`

/** Rows read at once: their texts still fit the cache of a core. */
const BATCH = 128

/**
 * Checks one piece of the event table: text, columns, stored leaf, sequence of its source, its inspection record. What
 * is as it was signed is told by the hashes of a whole stretch; anything else is looked at member by member.
 *
 * @param tiles folder of the log, and how many of its leaves are proven
 */
export function checkRange(db: SqlDatabase, range: Range, tiles: { dir: string; size: number }): RangeResult {
  const findings = new Findings()
  const records = new RecordCheck(db, findings)
  const check = new RowCheck(db, findings, records)
  const signed = new SignedTiles(tiles)
  const leaves: Uint8Array[] = []
  let count = 0
  for (let after = range.after; after < range.end;) {
    const matched = after < signed.size ? matchStretch(db, after, range.end, BATCH, signed) : null
    if (matched !== null) {
      after = matched.last
      count += matched.rows.length
      leaves.push(matched.leaves)
      for (const row of matched.rows) check.matched(row)
      continue
    }
    const rows = db.all<EventRow>(
      `${EVENT_ROW} where position > ? and position <= ? order by position limit ?`,
      after,
      range.end,
      BATCH,
    )
    const end = rows.at(-1)?.position
    if (end === undefined) break
    records.stretch(after, end)
    after = end
    count += rows.length
    for (const row of rows) leaves.push(check.row(row))
  }
  return {
    ...range,
    count,
    leaves: Buffer.concat(leaves),
    records: records.checked,
    findings: findings.list,
    more: findings.more,
    sources: [...check.sources.values()],
    sequenceBreaks: check.sequenceBreaks,
    images: [...check.images],
  }
}

class RowCheck {
  readonly sources = new Map<string, SourceSpan>()
  readonly sequenceBreaks: RangeResult['sequenceBreaks'] = []
  readonly images = new Map<string, number>()
  readonly #db: SqlDatabase
  readonly #findings: Findings
  readonly #records: RecordCheck

  constructor(db: SqlDatabase, findings: Findings, records: RecordCheck) {
    this.#db = db
    this.#findings = findings
    this.#records = records
  }

  matched(row: MatchedRow): void {
    this.#sequence(row)
    if (row.inspected) this.#records.checked += 1
    this.#name(row.images, row.position)
  }

  /** @returns the leaf hash of the text */
  row(row: EventRow): Buffer {
    const at = { position: row.position, event: row.id, subject: row.subject }
    const leaf = leafHash(row.json)
    if (!leaf.equals(row.leaf_hash))
      this.#findings.add('tree', 'the leaf hash in the table is not that of the event', at)
    this.#sequence(row)
    this.#closely(row, at)
    return leaf
  }

  #event(position: number): EventRow {
    const row = this.#db.get<EventRow>(`${EVENT_ROW} where position = ?`, position)
    if (row === undefined)
      throw new CodedError('TRC_PROOF', {
        expected: `event ${position}`,
        actual: 'none: the log changed meanwhile',
      })
    return row
  }

  #sequence(row: Pick<EventRow, 'position' | 'source' | 'sequence'>): void {
    const { position, sequence, source } = row
    const known = this.sources.get(source)
    if (known !== undefined && sequence === known.last + 1) {
      known.last = sequence
      return
    }
    const { id: event, subject } = this.#event(position)
    const at = { sequence, position, event, subject }
    if (known === undefined) this.sources.set(source, { source, first: at, last: sequence })
    else {
      this.sequenceBreaks.push(brokenSequence(source, known.last, at))
      known.last = sequence
    }
  }

  #closely(row: EventRow, at: { position: number; event: string; subject: string }): void {
    let event: QEvent
    try {
      event = JSON.parse(row.json) as QEvent
      if (typeof event !== 'object' || event === null) throw new TypeError(`found ${typeof event}`)
      if (canonicalJson(event) !== row.json)
        this.#findings.add('column', 'the text is not canonical JSON', at)
    } catch (error) {
      this.#findings.add('column', `the text is not an event: ${asCoded(error, 'EVT_SCHEMA').message}`, at)
      return
    }
    const columns: [string, unknown, unknown][] = [
      ['id', row.id, event.id],
      ['source', row.source, event.source],
      ['sequence', row.sequence, Number(event.sequence)],
      ['type', row.type, event.type],
      ['subject', row.subject, event.subject],
      ['partitionkey', row.partitionkey, event.partitionkey],
      ['time', row.time, event.time],
    ]
    for (const [name, column, member] of columns)
      if (column !== member)
        this.#findings.add(
          'column',
          `${name} is ${String(column)} in the table and ${String(member)} in the event`,
          at,
        )
    this.#records.check(row.position, event)
    // An altered text may lack any member; that it is altered is told elsewhere.
    const { image } = (event.data ?? {}) as Partial<InspectionCompleted>
    if (event.type === 'qe.inspection.completed.v1' && Array.isArray(image?.views))
      this.#name(
        image.views.map((v) => String(v?.sha256)),
        row.position,
      )
  }

  #name(images: readonly string[], position: number): void {
    for (const sha256 of images) if (!this.images.has(sha256)) this.images.set(sha256, position)
  }
}

export const brokenSequence = (
  source: string,
  before: number,
  { sequence, position, event, subject }: SourceSpan['first'],
): RangeResult['sequenceBreaks'][number] => ({
  position,
  event,
  subject,
  detail: `number ${sequence} of ${source} follows ${before}`,
})
