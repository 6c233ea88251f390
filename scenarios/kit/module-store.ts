import { createHash } from 'node:crypto'
import { canonicalJson, type SqlDatabase } from '../../contracts/index.ts'

/** Tables the host keeps in every module's file, beside the module's own. */
const HOST_SCHEMA = `
create table if not exists _meta(key text primary key, value text not null) without rowid;
create table if not exists _cursor(log text primary key, position integer not null, event_id text, event_time text) without rowid;
create table if not exists _applied(source text not null, id text not null, position integer not null, primary key(source, id)) without rowid;
create table if not exists _effective(inspection_id text primary key, facts text, review text) without rowid;
create table if not exists _decided(n integer primary key autoincrement, id text not null unique, inspection_id text,
  disposition text, superseded integer not null default 0);
create index if not exists _decided_of on _decided(inspection_id, n);
create table if not exists _rejected(position integer primary key, event_id text not null, type text not null, message text not null);
create table if not exists _outbox(n integer primary key autoincrement, id text not null unique, event text not null, sent integer not null default 0);
create index if not exists _outbox_unsent on _outbox(n) where sent = 0;
create table if not exists _jobs(job text not null, key text not null, state text not null, cause text not null,
  requested_at text not null, finished_at text, ms integer, error text, primary key(job, key)) without rowid;
create table if not exists _actions(id text primary key, key text not null, type text not null, params text not null,
  summary text not null, evidence text not null, state text not null, approvals text not null, cause text not null,
  proposed_at text not null, expires_at text not null, decided_at text, decided_by text, reason text) without rowid;
create index if not exists _actions_key on _actions(type, key);
create table if not exists _alerts(key text primary key, id text not null, severity text not null, title text not null,
  body text not null, evidence text not null, state text not null, raised_at text not null, cleared_at text) without rowid;
create table if not exists _ref(tbl text not null, version integer not null, key text not null, json text not null, primary key(tbl, version, key)) without rowid;
create table if not exists _ref_version(tbl text not null, version integer not null, at text not null, by text not null,
  sha256 text not null, rows integer not null, primary key(tbl, version)) without rowid;
`

/** Host tables that replay fills again. Reference data, decisions of people and what was already sent are kept. */
const DERIVED = ['_cursor', '_applied', '_effective', '_decided', '_rejected', '_jobs', '_alerts']

/** What the state depends on: when it changes, the old state is worth nothing. */
export const fingerprintOf = (version: string, params: unknown, schema: readonly string[]): string =>
  createHash('sha256').update(canonicalJson({ version, params, schema })).digest('hex')

/**
 * Creates or opens the tables of one module.
 *
 * @returns why the state was dropped (it will be replayed), or null when it was kept
 */
export function prepareStore(
  db: SqlDatabase,
  schema: readonly string[],
  fingerprint: string,
): 'new' | 'changed' | null {
  db.exec(HOST_SCHEMA)
  const known = db.get<{ value: string }>(`select value from _meta where key = 'fingerprint'`)?.value
  if (known === fingerprint) {
    // A job that was running when the process ended is still owed.
    db.run(`update _jobs set state = 'pending' where state = 'running'`)
    return null
  }
  resetState(db, schema, fingerprint)
  return known === undefined ? 'new' : 'changed'
}

/** Drops the module's own tables and everything replay fills again, in one transaction. */
export function resetState(db: SqlDatabase, schema: readonly string[], fingerprint: string): void {
  db.transaction(() => {
    const own = db.all<{ type: string; name: string }>(
      `select type, name from sqlite_master where type in ('view', 'trigger', 'table')
       and substr(name, 1, 1) <> '_' and name not like 'sqlite\\_%' escape '\\'
       order by case type when 'view' then 0 when 'trigger' then 1 else 2 end`,
    )
    for (const o of own) db.exec(`drop ${o.type} "${o.name.replaceAll('"', '""')}"`)
    for (const t of DERIVED) db.exec(`delete from ${t}`)
    for (const sql of schema) db.exec(sql)
    db.run(`insert or replace into _meta(key, value) values('fingerprint', ?)`, fingerprint)
    db.run(`insert into _cursor(log, position) values('log', 0)`)
    db.run(`delete from _meta where key like 'count:%'`)
  })
}

export interface Cursor {
  position: number
  lastEvent: { id: string; time: string } | null
}

export function readCursor(db: SqlDatabase): Cursor {
  const row = db.get<{ position: number; event_id: string | null; event_time: string | null }>(
    `select position, event_id, event_time from _cursor where log = 'log'`,
  )
  if (!row) return { position: 0, lastEvent: null }
  const { event_id: id, event_time: time } = row
  return { position: row.position, lastEvent: id !== null && time !== null ? { id, time } : null }
}
