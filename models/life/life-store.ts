import type { SqlDatabase } from '../../contracts/index.ts'

/**
 * Tables of the life of models on one line, in a file of their own. Activations are also events of the log; what else
 * is here is a count over records and may be lost without harm to them.
 */
const SCHEMA = `
create table if not exists activation(
  n integer primary key autoincrement, station text not null, recipe text not null, sha256 text not null,
  models text not null, line_sha256 text not null, parent integer, at text not null, by text not null,
  reason text not null, cause text not null, gate text, override integer not null);
create index if not exists activation_station on activation(station, n);
create table if not exists shadow(
  station text not null, recipe text not null, sha256 text not null, since text not null, by text not null,
  primary key(station)) without rowid;
create table if not exists shadow_part(
  candidate text not null, inspection_id text not null, station text not null, active text not null, at text not null,
  active_result text not null, candidate_result text not null, candidate_ms real not null, reasons text not null,
  primary key(candidate, inspection_id)) without rowid;
create table if not exists score_hour(
  station text not null, sha256 text not null, score text not null, hour text not null, bins text not null,
  primary key(station, sha256, score, hour)) without rowid;
create table if not exists drift_alarm(
  station text not null, sha256 text not null, score text not null, since text not null,
  primary key(station, sha256, score)) without rowid;
create table if not exists audit_part(
  inspection_id text primary key, station text not null, recipe text not null, sha256 text not null, at text not null,
  rate real not null, review text, reviewed_at text) without rowid;
create table if not exists audit_count(
  station text not null, sha256 text not null, passed integer not null, primary key(station, sha256)) without rowid;
create table if not exists cursor(name text primary key, position integer not null) without rowid;
`

/** Creates what is missing and returns the same connection. */
export function prepareLife(db: SqlDatabase): SqlDatabase {
  db.exec(SCHEMA)
  return db
}
