import type { SqlDatabase } from '../../contracts/index.ts'

/** Which recipe is in force; a file synced with every write, because a restart goes by it. */
const ACTIVATIONS = `
create table if not exists activation(
  n integer primary key autoincrement, station text not null, recipe text not null, sha256 text not null,
  models text not null, line_sha256 text not null, parent integer, at text not null, by text not null,
  reason text not null, cause text not null, gate text, override integer not null);
create index if not exists activation_station on activation(station, n);
`

/** Counts over parts that went by; a file that may lose its last seconds without harm to any record. */
const COUNTS = `
create table if not exists shadow(
  station text primary key, recipe text not null, sha256 text not null, since text not null, by text not null,
  running integer not null) without rowid;
create table if not exists shadow_part(
  station text not null, inspection_id text not null, active text not null, at text not null,
  active_result text not null, candidate_result text not null, candidate_ms real not null, reasons text not null,
  primary key(station, inspection_id)) without rowid;
`

/** Creates what is missing and returns the same connection. */
export function prepareLife(db: SqlDatabase, kind: 'activations' | 'counts'): SqlDatabase {
  db.exec(kind === 'activations' ? ACTIVATIONS : COUNTS)
  return db
}
