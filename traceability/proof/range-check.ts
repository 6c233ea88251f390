import {
  asCoded,
  errorText,
  canonicalJson,
  type InspectionCompleted,
  type QEvent,
  type SqlDatabase,
  type SqlRow,
} from '../../contracts/index.ts'
import { leafHash } from '../log/index.ts'
import { about, WORDS } from './finding-words.ts'
import type { InspectedLinks } from './inspected-links.ts'
import { BATCH, type ProvenTiles, type Range, type RangeResult, RangeWalk } from './range-walk.ts'
import { RecordCheck } from './record-check.ts'
import { Findings } from './report.ts'

/** An event with all its columns. */
export interface EventRow extends SqlRow {
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

/**
 * Checks one piece of the event table: text, columns, stored leaf, sequence of its source, its inspection record, and by
 * `links` those of the inspection.
 */
export function checkRange(
  db: SqlDatabase,
  range: Range,
  tiles: ProvenTiles,
  links: InspectedLinks | null,
): RangeResult {
  const walk = new RangeWalk(db, range, tiles, links)
  return walk.asSigned() ? walk.result() : finishRange(db, walk)
}

/** The rest of a piece, from where it is not as it was signed: such rows one by one. */
export function finishRange(db: SqlDatabase, walk: RangeWalk): RangeResult {
  const findings = new Findings()
  const records = new RecordCheck(db, findings)
  const check = new RowCheck(walk, findings, records)
  do {
    const rows = db.all<EventRow>(
      `${EVENT_ROW} where position > ? and position <= ? order by position limit ?`,
      walk.after,
      walk.range.end,
      BATCH,
    )
    const end = rows.at(-1)?.position
    if (end === undefined) break
    records.stretch(walk.after, end)
    walk.add(end, Buffer.concat(rows.map((row) => check.row(row))), rows)
  } while (!walk.asSigned())
  return walk.result({ records: records.checked, findings: findings.list, more: findings.more })
}

class RowCheck {
  readonly #walk: RangeWalk
  readonly #findings: Findings
  readonly #records: RecordCheck

  constructor(walk: RangeWalk, findings: Findings, records: RecordCheck) {
    this.#walk = walk
    this.#findings = findings
    this.#records = records
  }

  /** @returns the leaf hash of the text */
  row(row: EventRow): Buffer {
    const at = { position: row.position, event: row.id, subject: row.subject }
    const leaf = leafHash(row.json)
    if (!leaf.equals(row.leaf_hash)) this.#findings.add('tree', WORDS.leaf, at)
    this.#closely(row, at)
    return leaf
  }

  #closely(row: EventRow, at: { position: number; event: string; subject: string }): void {
    let event: QEvent
    try {
      event = JSON.parse(row.json) as QEvent
      if (typeof event !== 'object' || event === null) throw new TypeError(`found ${typeof event}`)
      if (canonicalJson(event) !== row.json) this.#findings.add('column', WORDS.notCanonical, at)
    } catch (error) {
      this.#findings.add('column', about(WORDS.notAnEvent, errorText(asCoded(error, 'EVT_SCHEMA'))), at)
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
      if (column !== member) this.#findings.add('column', WORDS.column(name, column, member), at)
    this.#records.check(row.position, event)
    if (event.type === 'qe.inspection.completed.v1') this.#walk.odd(row.position)
    // An altered text may lack any member; that it is altered is told elsewhere.
    const { image } = (event.data ?? {}) as Partial<InspectionCompleted>
    if (event.type === 'qe.inspection.completed.v1' && Array.isArray(image?.views))
      this.#walk.name(
        image.views.map((v) => String(v?.sha256)),
        row.position,
      )
  }
}
