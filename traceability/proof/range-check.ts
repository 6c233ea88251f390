import {
  asCoded,
  canonicalJson,
  type InspectionCompleted,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { HASH_BYTES, leafHash, TILE_WIDTH, widestTile } from '../log/index.ts'
import { RecordCheck } from './record-check.ts'
import { Findings, type ProofFinding } from './report.ts'
import { columnsMatch, MATCH_ROWS, type MatchRow } from './row-match.ts'

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

/** What looking closer needs besides. */
type EventColumns = { partitionkey: string; time: string }

const BATCH = 512

/**
 * Checks one piece of the event table, each row against itself: text, columns, stored leaf, sequence of its source, its
 * inspection record. What a signed tile says is in its place is the text that was signed, which spares taking it apart;
 * anything else is looked at member by member.
 *
 * @param tiles folder of the log, and how many of its leaves are proven
 */
export function checkRange(db: SqlDatabase, range: Range, tiles: { dir: string; size: number }): RangeResult {
  const findings = new Findings()
  const records = new RecordCheck(db, findings)
  const check = new RowCheck(db, findings, records)
  const leaves: Buffer[] = []
  let tile: { index: number; bytes: Buffer } = { index: -1, bytes: Buffer.alloc(0) }
  const signedAt = (position: number): Buffer | null => {
    if (position > tiles.size) return null
    const index = Math.floor((position - 1) / TILE_WIDTH)
    if (tile.index !== index) tile = { index, bytes: widestTile(tiles.dir, 0, index) ?? Buffer.alloc(0) }
    const at = ((position - 1) % TILE_WIDTH) * HASH_BYTES
    return tile.bytes.subarray(at, at + HASH_BYTES)
  }
  for (let after = range.after; after < range.end;) {
    const rows = db.all<MatchRow>(MATCH_ROWS, after, range.end, BATCH)
    const end = rows.at(-1)?.position
    if (end === undefined) break
    records.load(after, end, false)
    after = end
    for (const row of rows) {
      const hash = leafHash(row.json)
      leaves.push(hash)
      check.row(row, hash, signedAt(row.position)?.equals(hash) === true)
    }
  }
  return {
    ...range,
    count: leaves.length,
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

  row(row: MatchRow, hash: Buffer, proven: boolean): void {
    const at = { position: row.position, event: row.id, subject: row.subject }
    if (!hash.equals(row.leaf_hash))
      this.#findings.add('tree', 'the leaf hash in the table is not that of the event', at)
    this.#sequence(row)
    const inspected = row.type === 'qe.inspection.completed.v1'
    if (proven && columnsMatch(row)) {
      const views = inspected ? this.#records.matching(row) : []
      if (views !== null) return this.#name(views, row.position)
    }
    this.#closely(row, at)
  }

  #sequence(row: MatchRow): void {
    const known = this.sources.get(row.source)
    if (known === undefined) {
      const { sequence, position, id: event, subject } = row
      this.sources.set(row.source, {
        source: row.source,
        first: { sequence, position, event, subject },
        last: sequence,
      })
      return
    }
    if (row.sequence !== known.last + 1)
      this.sequenceBreaks.push(brokenSequence(row.source, known.last, { ...row, event: row.id }))
    known.last = row.sequence
  }

  #closely(row: MatchRow, at: { position: number; event: string; subject: string }): void {
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
    const more = this.#db.get<EventColumns>(
      'select partitionkey, time from event where position = ?',
      row.position,
    )
    const columns: [string, unknown, unknown][] = [
      ['id', row.id, event.id],
      ['source', row.source, event.source],
      ['sequence', row.sequence, Number(event.sequence)],
      ['type', row.type, event.type],
      ['subject', row.subject, event.subject],
      ['partitionkey', more?.partitionkey, event.partitionkey],
      ['time', more?.time, event.time],
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
