import { createRequire } from 'node:module'
import type { OpenSql, SqlDatabase, SqlRow, SqlValue } from '../../contracts/index.ts'
import { CodedError, inNative } from '../../contracts/thread.ts'
import { sqliteError } from './sqlite-errors.ts'
import { walRest } from './wal-rest.ts'

interface NativeStatement {
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...values: SqlValue[]): SqlRow | undefined
  all(...values: SqlValue[]): SqlRow[]
}
interface NativeDatabase {
  exec(sql: string): void
  prepare(sql: string): NativeStatement
  close(): void
}
interface NativeModule {
  DatabaseSync: new (path: string, options?: { readOnly?: boolean }) => NativeDatabase
}

/** Statements kept per connection; far above what the product uses, a bound against generated SQL. */
const MAX_STATEMENTS = 512
/** Rows of one insert: few sizes, so that each is prepared once. */
const ROWS_TOGETHER = [32, 8, 1]
/** How long a statement waits for another process's lock, ms. */
const BUSY_TIMEOUT_MS = 2_000

/** `node:sqlite` where the runtime has it without a flag (22.13 and later), the same API from a package on Node 20. */
export function loadNative(): NativeModule {
  return (native ??= findNative())
}

function findNative(): NativeModule {
  const builtIn: unknown = withoutWarning(() => process.getBuiltinModule('node:sqlite'))
  if (builtIn !== undefined) return builtIn as NativeModule
  return createRequire(import.meta.url)('@photostructure/sqlite') as NativeModule
}

/** A reader is not waited for longer when a connection closes, ms. */
const CLOSE_WAIT_MS = 500

/** Node 22 calls the module experimental, once per thread; a user of the product can do nothing about it. */
function withoutWarning<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}

let native: NativeModule | undefined

/**
 * Opens one connection: WAL, foreign keys on. `:memory:` is allowed.
 *
 * @throws TRC_OPEN with the path
 */
export const openSql: OpenSql = (path, options) => inNative(() => open(path, options))

const open: OpenSql = (path, options) => {
  const readOnly = options.readOnly === true
  let db: NativeDatabase | undefined
  try {
    db = new (loadNative().DatabaseSync)(path, { readOnly })
    db.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
    // Pages that every part touches are copied back once per 16 MB of log instead of per 4 MB.
    if (!readOnly) db.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 4000')
    db.exec(`pragma synchronous = ${options.synchronous === 'full' ? 'full' : 'normal'}`)
    db.exec('pragma foreign_keys = on; pragma temp_store = memory; pragma cache_size = -32000')
    // Reads the header, so that a file that is no database is found here and not at the first query.
    db.prepare('select count(*) from sqlite_schema').get()
    return new Connection(db, path, readOnly, options.onWalLeft)
  } catch (error) {
    db?.close()
    throw sqliteError(error, 'TRC_OPEN', path)
  }
}

class Connection implements SqlDatabase {
  readonly #db: NativeDatabase
  readonly #path: string
  readonly #readOnly: boolean
  readonly #onWalLeft: ((why: CodedError) => void) | undefined
  readonly #statements = new Map<string, NativeStatement>()
  readonly #inserts = new Map<string, string>()
  #open = true
  #inTransaction = false

  constructor(db: NativeDatabase, path: string, readOnly: boolean, onWalLeft?: (why: CodedError) => void) {
    this.#db = db
    this.#path = path
    this.#readOnly = readOnly
    this.#onWalLeft = onWalLeft
  }

  exec(sql: string): void {
    this.#guarded(() => this.#db.exec(sql))
  }

  run(sql: string, ...values: SqlValue[]): { changes: number; lastInsertRowid: number } {
    prepareBindings(values, sql)
    return this.#guarded(() => {
      const r = this.#prepare(sql).run(...values)
      return { changes: Number(r.changes), lastInsertRowid: Number(r.lastInsertRowid) }
    })
  }

  insert(table: string, columns: string, rows: readonly (readonly SqlValue[])[], conflict = ''): void {
    for (let at = 0; at < rows.length;) {
      const count = ROWS_TOGETHER.find((n) => n <= rows.length - at) ?? 1
      // By hand: `flat` asks the runtime for every value.
      const values: SqlValue[] = []
      for (const row of rows.slice(at, at + count)) for (const value of row) values.push(value)
      this.run(this.#insertOf(table, columns, count, conflict), ...values)
      at += count
    }
  }

  #insertOf(table: string, columns: string, count: number, conflict: string): string {
    const key = `${count} ${table} ${conflict}`
    let sql = this.#inserts.get(key)
    if (sql === undefined) {
      const row = `(${Array<string>(columns.split(',').length).fill('?').join(', ')})`
      sql = `insert into ${table} (${columns}) values ${Array<string>(count).fill(row).join(', ')}`
      if (conflict !== '') sql += ` on conflict ${conflict}`
      this.#inserts.set(key, sql)
    }
    return sql
  }

  get<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R | undefined {
    prepareBindings(values, sql)
    return this.#guarded(() => this.#prepare(sql).get(...values) as R | undefined)
  }

  all<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R[] {
    prepareBindings(values, sql)
    return this.#guarded(() => this.#prepare(sql).all(...values) as R[])
  }

  transaction<T>(work: () => T): T {
    if (this.#inTransaction)
      throw new CodedError('TRC_WRITE', { expected: 'one transaction at a time', actual: 'a nested one' })
    // One that only reads needs no lock for it, and sees one state of the database from its first statement on.
    this.#guarded(() => this.#prepare(this.#readOnly ? 'begin' : 'begin immediate').run())
    this.#inTransaction = true
    try {
      const result = work()
      this.#guarded(() => this.#prepare('commit').run())
      return result
    } catch (error) {
      try {
        inNative(() => this.#db.exec('rollback'))
      } catch {
        // SQLite has already rolled back by itself, as it does when the disk is full; the cause is thrown below.
      }
      throw error
    } finally {
      this.#inTransaction = false
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#statements.clear()
    inNative(() => {
      if (!this.#readOnly) this.#intoOneFile()
      this.#db.close()
    })
  }

  /**
   * Whoever copies the file of a stopped line has all of it then. SQLite does this when the last connection ends, but not
   * when that one only reads, nor while statements are left that the runtime has not collected. What a reader still looks
   * at, and a full disk, leave the rest in the log beside it, where it is safe: the next writer goes on with it.
   */
  #intoOneFile(): void {
    const left = (found: string): void => this.#onWalLeft?.(walRest(this.#path, found))
    try {
      this.#db.exec(`pragma busy_timeout = ${CLOSE_WAIT_MS}`)
      const done = this.#db.prepare('pragma wal_checkpoint(truncate)').get()
      if (done?.['busy'] === 1)
        left(
          `${String(done['checkpointed'])} of ${String(done['log'])} pages in it after ${CLOSE_WAIT_MS} ms`,
        )
    } catch (error) {
      left(error instanceof Error ? error.message : String(error))
    }
  }

  #prepare(sql: string): NativeStatement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear()
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #guarded<T>(work: () => T): T {
    try {
      return inNative(work)
    } catch (error) {
      throw sqliteError(error, 'TRC_WRITE', this.#path)
    }
  }
}

/** Without bytes, but not without a place in memory. */
const NO_BYTES = new Uint8Array(1).subarray(1)

/** Node 22 takes bytes over an empty buffer, which has no place in memory, for NULL. */
function prepareBindings(values: SqlValue[], sql: string): void {
  guardBindings(values, sql)
  for (let i = 0; i < values.length; i++) {
    const v = values[i]
    if (v instanceof Uint8Array && v.length === 0) values[i] = NO_BYTES
  }
}

/** Drivers turn a Date, an object or NaN into NULL without a word, and one cuts text at NUL; here they are refused. */
export function guardBindings(values: readonly unknown[], sql: string): void {
  for (let i = 0; i < values.length; i++) {
    const v = values[i]
    if (
      v === null ||
      (typeof v === 'string' && !v.includes('\0')) ||
      typeof v === 'bigint' ||
      (typeof v === 'number' && Number.isFinite(v)) ||
      v instanceof Uint8Array
    )
      continue
    throw new CodedError('TRC_BINDING', {
      expected: 'string without NUL, finite number, bigint, Uint8Array or null',
      actual: `${nameOf(v)} for parameter ${i + 1}`,
      hint: `in: ${sql.trim().slice(0, 120)}`,
    })
  }
}

function nameOf(v: unknown): string {
  if (typeof v === 'number') return String(v)
  if (typeof v === 'string') return 'text with NUL'
  return v instanceof Date ? 'Date' : typeof v
}
