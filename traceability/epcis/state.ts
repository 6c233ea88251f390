import type { EpcisFault, EpcisException, SqlDatabase } from '../../contracts/index.ts'
import { EpcisError } from '../../contracts/thread.ts'
import type { QueryParams } from './query-params.ts'
import type { Schedule } from './schedule.ts'

export interface CaptureJob {
  captureID: string
  createdAt: string
  finishedAt: string | null
  running: boolean
  success: boolean
  captureErrorBehaviour: 'rollback' | 'proceed'
  errors: { exception: EpcisException; faults: EpcisFault[] }[]
}

export interface NamedQuery {
  name: string
  /** As it was sent. */
  query: unknown
  params: QueryParams
  createdAt: string
}

export interface Subscription {
  subscriptionID: string
  queryName: string
  dest: string
  signatureToken: string | null
  stream: boolean
  schedule: Schedule | null
  reportIfEmpty: boolean
  initialRecordTime: string | null
  epcFormat: string
  createdAt: string
  lastNotifiedAt: string | null
  /** When it was asked last by its schedule; not known of those that older programs kept. */
  askedAt?: string
  /** Events up to this one were delivered or set aside. */
  cursor: number
  /** What stands in the way of delivery just now. */
  retry: { attempts: number; reason: string; since: string } | null
}

/** Deliveries that were given up, with the reason and the events they had. */
export interface DeadDelivery {
  subscriptionID: string
  fromN: number
  toN: number
  attempts: number
  reason: string
  at: string
}

const SCHEMA = `
create table if not exists job (id text primary key, created_at text not null, json text not null) strict, without rowid;
create index if not exists job_order on job (created_at, id);
create table if not exists query (name text primary key, json text not null) strict, without rowid;
create table if not exists subscription (
  id text primary key, query text not null references query (name) on delete cascade, json text not null
) strict, without rowid;
create table if not exists dead (
  id integer primary key, subscription text not null references subscription (id) on delete cascade, json text not null
) strict;
create index if not exists dead_of on dead (subscription, id);
`

/** Jobs that are kept; the events themselves stay in the log. */
const MAX_JOBS = 10_000

/** Newest deliveries given up that are kept of a subscription: one that refuses everything would fill the disk. */
const MAX_DEAD = 100

type Json = { json: string }
const read = <T>(row: Json): T => JSON.parse(row.json) as T

/** What the interface itself must remember: jobs, named queries, subscriptions. Not made from the log. */
export class EpcisState {
  readonly #db: SqlDatabase

  constructor(db: SqlDatabase) {
    this.#db = db
    db.exec(SCHEMA)
    // A job that a crash cut off: whether its events are in the log is for the sender to ask; sending again is harmless.
    for (const job of db
      .all<Json>(`select json from job where json_extract(json, '$.running') = 1`)
      .map(read<CaptureJob>))
      this.saveJob({
        ...job,
        running: false,
        success: false,
        finishedAt: new Date().toISOString(),
        errors: [
          {
            exception: 'ImplementationException',
            faults: [
              {
                pointer: '',
                expected: 'to finish',
                actual: 'the program stopped; capture the document again',
              },
            ],
          },
        ],
      })
  }

  saveJob(job: CaptureJob): void {
    this.#db.run(
      `insert into job (id, created_at, json) values (?, ?, ?) on conflict (id) do update set json = excluded.json`,
      job.captureID,
      job.createdAt,
      JSON.stringify(job),
    )
    this.#db.run(
      'delete from job where id in (select id from job order by created_at desc, id desc limit -1 offset ?)',
      MAX_JOBS,
    )
  }

  job(captureID: string): CaptureJob | null {
    const row = this.#db.get<Json>('select json from job where id = ?', captureID)
    return row === undefined ? null : read(row)
  }

  /** Newest first, after one. */
  jobs(after: { createdAt: string; captureID: string } | null, limit: number): CaptureJob[] {
    return this.#db
      .all<Json>(
        `select json from job where (created_at, id) < (?, ?) order by created_at desc, id desc limit ?`,
        after?.createdAt ?? '9999',
        after?.captureID ?? '',
        limit,
      )
      .map(read<CaptureJob>)
  }

  /** @throws EpcisError when the name is taken */
  addQuery(query: NamedQuery): void {
    const { changes } = this.#db.run(
      'insert into query (name, json) values (?, ?) on conflict do nothing',
      query.name,
      JSON.stringify(query),
    )
    if (changes === 0)
      throw new EpcisError('ResourceAlreadyExistsException', {
        pointer: '/name',
        expected: 'a name of its own',
        actual: query.name,
      })
  }

  query(name: string): NamedQuery | null {
    const row = this.#db.get<Json>('select json from query where name = ?', name)
    return row === undefined ? null : read(row)
  }

  queries(after: string, limit: number): NamedQuery[] {
    return this.#db
      .all<Json>('select json from query where name > ? order by name limit ?', after, limit)
      .map(read<NamedQuery>)
  }

  /** The query and its subscriptions. */
  removeQuery(name: string): boolean {
    return this.#db.run('delete from query where name = ?', name).changes > 0
  }

  /** False when its query, stored at that time, was removed meanwhile; another one of its name is not it. */
  addSubscription(s: Subscription, storedAt: string): boolean {
    const { changes } = this.#db.run(
      `insert into subscription (id, query, json)
       select ?, name, ? from query where name = ? and json ->> 'createdAt' = ?`,
      s.subscriptionID,
      JSON.stringify(s),
      s.queryName,
      storedAt,
    )
    return changes > 0
  }

  /** How a subscription stands; one that was removed meanwhile stays removed. */
  updateSubscription(s: Subscription): void {
    this.#db.run('update subscription set json = ? where id = ?', JSON.stringify(s), s.subscriptionID)
  }

  /** Events up to `n` are those of the log; what was delivered behind them is not in it any more. */
  deliveredAtMost(n: number): void {
    this.#db.run(
      `update subscription set json = json_set(json, '$.cursor', ?1) where json ->> '$.cursor' > ?1`,
      n,
    )
  }

  subscriptions(queryName: string | null): Subscription[] {
    return this.#db
      .all<Json>('select json from subscription where query = ?1 or ?1 is null order by id', queryName)
      .map(read<Subscription>)
  }

  removeSubscription(subscriptionID: string): boolean {
    return this.#db.run('delete from subscription where id = ?', subscriptionID).changes > 0
  }

  addDead(d: DeadDelivery): void {
    this.#db.run('insert into dead (subscription, json) values (?, ?)', d.subscriptionID, JSON.stringify(d))
    // The primary key grows with time.
    this.#db.run(
      'delete from dead where subscription = ?1 and id not in (select id from dead where subscription = ?1 order by id desc limit ?2)',
      d.subscriptionID,
      MAX_DEAD,
    )
  }

  dead(subscriptionID: string): DeadDelivery[] {
    return this.#db
      .all<Json>('select json from dead where subscription = ? order by id desc', subscriptionID)
      .map(read<DeadDelivery>)
  }
}
