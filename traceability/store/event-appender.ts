import { canonicalJson, CodedError, type QEvent, type SqlDatabase } from '../../contracts/index.ts'
import { CompactRange, leafHash } from '../log/merkle.ts'
import type { EventColumns } from './prepared-capture.ts'
import type { RowBuffer } from './row-buffer.ts'

/**
 * Gives events their place: position in the log, sequence of their source, Merkle leaf. One per writer connection;
 * counters and tree are kept in memory between transactions, so that `reset` must follow every rollback.
 */
export class EventAppender {
  readonly #db: SqlDatabase
  readonly #rows: RowBuffer
  #tree: CompactRange
  #saved: number
  readonly #sequences = new Map<string, number>()

  constructor(db: SqlDatabase, rows: RowBuffer) {
    this.#db = db
    this.#rows = rows
    this.#tree = this.#load()
    this.#saved = this.#tree.size
  }

  /** Position of the last event, 0 before the first. */
  get position(): number {
    return this.#tree.size
  }

  /** Position of an event, other than an inspection, that is already in the log; or null. */
  find(id: string, source: string): number | null {
    const row = this.#db.get<{ position: number }>(
      `select position from event where id = ? and source = ? and type <> 'qe.inspection.completed.v1'`,
      id,
      source,
    )
    return row?.position ?? null
  }

  /** Appends a checked event inside the caller's transaction. */
  append(event: Omit<QEvent, 'sequence'>): { position: number; sequence: string } {
    const placed = this.appendText(event, (sequence) => canonicalJson({ ...event, sequence }))
    // What belongs to it refers to its row.
    this.#rows.flush()
    return placed
  }

  /** Written with the rows that are buffered. @param text canonical JSON of the event with a sequence of 20 digits */
  appendText(
    event: EventColumns,
    text: (sequence: string) => string,
  ): { position: number; sequence: string } {
    const number = this.#nextSequence(event.source)
    const sequence = String(number).padStart(20, '0')
    const json = text(sequence)
    const leaf = leafHash(json)
    const position = this.#tree.size + 1
    const { id, source, type, subject, partitionkey, time } = event
    this.#rows.add('event', [position, id, source, number, type, subject, partitionkey, time, json, leaf])
    this.#tree.append(leaf)
    this.#sequences.set(event.source, number)
    return { position, sequence }
  }

  /** Stores the tree; the last statement of a transaction that appended. */
  flush(): void {
    this.#rows.flush()
    if (this.#tree.size === this.#saved) return
    this.#db.run(
      'update log_tree set size = ?, nodes = ?, root = ? where id = 1',
      this.#tree.size,
      this.#tree.nodes(),
      this.#tree.root(),
    )
  }

  /** After a commit: what is in memory is what is on disk. */
  committed(): void {
    this.#saved = this.#tree.size
  }

  /** After a rollback: back to what is on disk. */
  reset(): void {
    this.#rows.forget()
    this.#sequences.clear()
    this.#tree = this.#load()
    this.#saved = this.#tree.size
  }

  #nextSequence(source: string): number {
    const known = this.#sequences.get(source)
    if (known !== undefined) return known + 1
    const row = this.#db.get<{ last: number | null }>(
      'select max(sequence) as last from event where source = ?',
      source,
    )
    return (row?.last ?? 0) + 1
  }

  /** @throws TRC_OPEN when tree and log disagree: the file was altered or damaged */
  #load(): CompactRange {
    const row = this.#db.get<{ size: number; nodes: Uint8Array; root: Uint8Array }>(
      'select size, nodes, root from log_tree where id = 1',
    )
    const last = this.#db.get<{ last: number | null }>('select max(position) as last from event')?.last ?? 0
    const tree = new CompactRange(row?.size, row?.nodes)
    if (row === undefined || row.size !== last || !tree.root().equals(row.root)) {
      throw new CodedError('TRC_OPEN', {
        expected: `a log tree of ${last} leaves`,
        actual: row === undefined ? 'none' : `one of ${row.size}, or another root`,
        hint: 'the event log is damaged; restore the database from a backup',
      })
    }
    return tree
  }
}
