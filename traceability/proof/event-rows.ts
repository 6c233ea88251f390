import { asCoded, canonicalJson, type QEvent, type SqlDatabase } from '../../contracts/index.ts'
import { CompactRange, leafHash } from '../log/index.ts'
import type { Leaf } from './align.ts'
import { RecordCheck } from './record-check.ts'
import type { Findings } from './report.ts'

interface EventRow {
  [column: string]: string | number | Uint8Array
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

const BATCH = 200

/**
 * The event table, read once, each row checked against itself while it goes by: canonical JSON, columns, stored leaf,
 * sequence of its source, its inspection record.
 */
export class EventRows {
  readonly #db: SqlDatabase
  readonly #findings: Findings
  readonly #records: RecordCheck
  readonly #sequences = new Map<string, number>()
  readonly #tree = new CompactRange()
  readonly #onEvent: (event: QEvent, position: number) => void
  /** Breaks of a sequence, to be told when the signed log does not explain them. */
  readonly sequenceBreaks: { position: number; event: string; detail: string }[] = []
  #last = 0

  constructor(db: SqlDatabase, findings: Findings, onEvent: (event: QEvent, position: number) => void) {
    this.#db = db
    this.#findings = findings
    this.#records = new RecordCheck(db, findings)
    this.#onEvent = onEvent
  }

  get count(): number {
    return this.#tree.size
  }

  get records(): number {
    return this.#records.checked
  }

  *leaves(): Generator<Leaf> {
    for (;;) {
      const rows = this.#db.all<EventRow>(
        `select position, id, source, sequence, type, subject, partitionkey, time, json, leaf_hash from event
         where position > ? order by position limit ?`,
        this.#last,
        BATCH,
      )
      const end = rows.at(-1)?.position
      if (end === undefined) return
      this.#records.load(this.#last, end)
      this.#last = end
      for (const row of rows) {
        const hash = leafHash(row.json)
        this.#tree.append(hash)
        this.#check(row, hash)
        yield { hash: hash.toString('latin1'), position: row.position }
      }
    }
  }

  /** What remains when all rows went by: the tree that the store keeps, records without an event. */
  finish(): void {
    const tree = this.#db.get<{ size: number; root: Uint8Array }>(
      'select size, root from log_tree where id = 1',
    )
    if (tree?.size !== this.count || Buffer.compare(tree.root, this.#tree.root()) !== 0)
      this.#findings.add(
        'tree',
        `the store counted ${tree?.size ?? 0} events with another root; there are ${this.count}`,
      )
    this.#records.finish()
  }

  #check(row: EventRow, hash: Buffer): void {
    const at = { position: row.position, event: row.id, subject: row.subject }
    if (Buffer.compare(hash, row.leaf_hash) !== 0)
      this.#findings.add('tree', 'the leaf hash in the table is not that of the event', at)
    const before = this.#sequences.get(row.source) ?? 0
    if (row.sequence !== before + 1)
      this.sequenceBreaks.push({
        ...at,
        detail: `number ${row.sequence} of ${row.source} follows ${before}`,
      })
    this.#sequences.set(row.source, row.sequence)
    let event: QEvent
    try {
      event = JSON.parse(row.json) as QEvent
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
    this.#onEvent(event, row.position)
  }
}
