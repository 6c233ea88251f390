import type { CodedError } from './errors.ts'

/** Values SQLite can hold; anything else (Date, object, undefined) is refused with TRC_BINDING. */
export type SqlValue = string | number | bigint | null | Uint8Array

export interface SqlRow {
  [column: string]: SqlValue
}

/** One synchronous SQLite connection (node:sqlite API), bindings guarded. */
export interface SqlDatabase {
  exec(sql: string): void
  run(sql: string, ...values: SqlValue[]): { changes: number; lastInsertRowid: number }
  /**
   * Rows of one table, many to a statement.
   *
   * @param columns names with commas between, as each row has its values
   * @param conflict what follows `on conflict`; none: a row that is there is refused
   */
  insert(table: string, columns: string, rows: readonly (readonly SqlValue[])[], conflict?: string): void
  get<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R | undefined
  all<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R[]
  /** `begin immediate … commit`, `begin` where the connection only reads; rolls back and rethrows on error. Not nestable. */
  transaction<T>(work: () => T): T
  close(): void
}

export interface OpenSql {
  (
    path: string,
    options: {
      synchronous: 'full' | 'normal'
      readOnly?: boolean
      /** Hears when `close` had to leave the write-ahead log beside the file, where it is safe. */
      onWalLeft?: (why: CodedError) => void
    },
  ): SqlDatabase
}
