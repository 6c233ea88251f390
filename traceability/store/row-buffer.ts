import type { SqlDatabase, SqlValue } from '../../contracts/index.ts'
import { CHILD_COLUMNS, INSPECTION_COLUMNS } from './inspection-columns.ts'

/** What captures leave, in the order in which rows may refer to those before them. */
const TABLES = {
  event: ['position, id, source, sequence, type, subject, partitionkey, time, json, leaf_hash', ''],
  inspection: [INSPECTION_COLUMNS, ''],
  defect: [CHILD_COLUMNS.defect, ''],
  measurement: [CHILD_COLUMNS.measurement, ''],
  carrier_read: [CHILD_COLUMNS.carrier_read, ''],
  inspection_image: ['position, view, sha256, width_px, height_px', ''],
  part_trigger: [
    'station, attempt, number, at, state',
    `(station, attempt, number) do update set state = 'judged'`,
  ],
  identity: ['uri, serial, kind, product, gtin, lot, first_at, first_position', '(uri) do nothing'],
  identity_alias: ['value, scheme, uri', '(value, scheme, uri) do nothing'],
  edge: ['child, parent, kind, certainty, valid_from, position', ''],
} as const satisfies Record<string, readonly [columns: string, conflict: string]>
type Table = keyof typeof TABLES
const NAMES = Object.keys(TABLES) as Table[]

/**
 * Rows of the captures of one transaction, written many to a statement. Whoever reads what a capture of the same
 * transaction wrote, or writes by another way, flushes first.
 */
export class RowBuffer {
  readonly #db: SqlDatabase
  readonly #rows: Record<Table, (readonly SqlValue[])[]>

  constructor(db: SqlDatabase) {
    this.#db = db
    this.#rows = Object.fromEntries(NAMES.map((name) => [name, []])) as unknown as Record<
      Table,
      (readonly SqlValue[])[]
    >
  }

  add(table: Table, row: readonly SqlValue[]): void {
    this.#rows[table].push(row)
  }

  flush(): void {
    for (const table of NAMES) {
      const rows = this.#rows[table]
      if (rows.length === 0) continue
      this.#rows[table] = []
      const [columns, conflict] = TABLES[table]
      this.#db.insert(table, columns, rows, conflict)
    }
  }

  /** After a rollback. */
  forget(): void {
    for (const table of NAMES) this.#rows[table] = []
  }
}
