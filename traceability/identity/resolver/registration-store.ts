import type { SqlDatabase } from '../../../contracts/index.ts'
import type { Registration, RegistrationStore } from './registration-queue.ts'

const SCHEMA = `
create table if not exists registration (
  uri text primary key,
  record text not null,
  attempts integer not null,
  due_at integer not null,
  error text
) strict, without rowid;
create index if not exists registration_due on registration (due_at);
-- Once is enough: what is registered stays so until its record changes.
create table if not exists registered (uri text primary key, record text not null) strict, without rowid;`

type Row = { uri: string; record: string; attempts: number; due_at: number; error: string | null }

/** The queue in a database file of its own; it survives a restart. */
export class SqlRegistrationStore implements RegistrationStore {
  readonly #db: SqlDatabase

  constructor(db: SqlDatabase) {
    this.#db = db
    db.exec(SCHEMA)
  }

  /** Whether this very record is registered or waiting. */
  has(uri: string, record: string): boolean {
    const sql = (table: string): string => `select 1 as found from ${table} where uri = ? and record = ?`
    return ['registered', 'registration'].some((t) => this.#db.get(sql(t), uri, record) !== undefined)
  }

  async put({ uri, record, attempts, dueAt, error }: Registration): Promise<void> {
    this.#db.run(
      `insert into registration (uri, record, attempts, due_at, error) values (?, ?, ?, ?, ?)
       on conflict (uri) do update set record = excluded.record, attempts = excluded.attempts,
         due_at = excluded.due_at, error = excluded.error`,
      uri,
      record,
      attempts,
      dueAt,
      error === null ? null : JSON.stringify(error),
    )
  }

  /** What waits no longer, and what would wait until after `latest`: the clock was put back since. */
  async due(now: number, latest: number, limit: number): Promise<Registration[]> {
    const rows = this.#db.all<Row>(
      'select * from registration where due_at <= ? or due_at > ? order by due_at, uri limit ?',
      now,
      latest,
      limit,
    )
    return rows.map(({ due_at, error, ...r }) => ({
      ...r,
      dueAt: due_at,
      error: error === null ? null : (JSON.parse(error) as Registration['error']),
    }))
  }

  async remove(uri: string, record: string): Promise<void> {
    this.#db.run('delete from registration where uri = ? and record = ?', uri, record)
    this.#db.run(
      'insert into registered (uri, record) values (?, ?) on conflict (uri) do update set record = excluded.record',
      uri,
      record,
    )
  }

  async size(): Promise<number> {
    return this.#db.get<{ n: number }>('select count(*) as n from registration')?.n ?? 0
  }
}
