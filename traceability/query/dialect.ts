import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { CodedError, type SqlDatabase, type SqlValue } from '../../contracts/index.ts'
import type { TraceTables } from './tables.ts'

/** Read-only Kysely over one guarded connection. */
export function queryBuilder(db: SqlDatabase): Kysely<TraceTables> {
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new ReadDriver(db),
    createIntrospector: (k) => new SqliteIntrospector(k),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
  return new Kysely<TraceTables>({ dialect })
}

class ReadDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(db: SqlDatabase) {
    this.#connection = new ReadConnection(db)
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection)
  }

  beginTransaction(): Promise<void> {
    return Promise.reject(readOnly())
  }

  commitTransaction(): Promise<void> {
    return Promise.reject(readOnly())
  }

  rollbackTransaction(): Promise<void> {
    return Promise.reject(readOnly())
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class ReadConnection implements DatabaseConnection {
  readonly #db: SqlDatabase

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      // The binding guard of the connection refuses whatever is no SqlValue.
      const rows = this.#db.all(query.sql, ...(query.parameters as readonly SqlValue[]))
      return Promise.resolve({ rows: rows as R[] })
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }

  // eslint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new CodedError('TRC_WRITE', { expected: 'whole results', actual: 'a streamed query' })
  }
}

const readOnly = (): CodedError =>
  new CodedError('TRC_WRITE', { expected: 'reading', actual: 'a transaction on the query connection' })
