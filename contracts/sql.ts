/** Values SQLite can hold; anything else (Date, object, undefined) is refused with TRC_BINDING. */
export type SqlValue = string | number | bigint | null | Uint8Array

export interface SqlRow {
  [column: string]: SqlValue
}

/** One synchronous SQLite connection (node:sqlite API), bindings guarded. */
export interface SqlDatabase {
  exec(sql: string): void
  run(sql: string, ...values: SqlValue[]): { changes: number; lastInsertRowid: number }
  get<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R | undefined
  all<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R[]
  /** `begin immediate … commit`; rolls back and rethrows on error. Not nestable. */
  transaction<T>(work: () => T): T
  close(): void
}

export interface OpenSql {
  (path: string, options: { synchronous: 'full' | 'normal'; readOnly?: boolean }): SqlDatabase
}
