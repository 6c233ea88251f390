import type { SqlDatabase } from '../../contracts/index.ts'

/** Which recipe is in force; a file synced with every write, because a restart goes by it. */
const ACTIVATIONS = `
create table if not exists activation(
  n integer primary key autoincrement, station text not null, recipe text not null, sha256 text not null,
  models text not null, line_sha256 text not null, parent integer, at text not null, by text not null,
  reason text not null, cause text not null, gate text, override integer not null);
create index if not exists activation_station on activation(station, n);
`

/**
 * Counts over parts that went by; a file that may lose its last seconds without harm to any record. What the watch
 * keeps is a function of the log up to `watch_cursor`, written in the same transaction.
 */
const COUNTS = `
-- running: of shadow-report.ts
create table if not exists shadow(
  station text primary key, recipe text not null, sha256 text not null, since text not null, by text not null,
  running integer not null) without rowid;
create table if not exists shadow_part(
  station text not null, inspection_id text not null, active text not null, at text not null,
  active_result text not null, candidate_result text not null, candidate_ms real not null, reasons text not null,
  primary key(station, inspection_id)) without rowid;

-- event: the id of the one at that place, by which another log is told from this one
create table if not exists watch_cursor(id integer primary key check (id = 1), position integer not null, event text);
-- Blobs of float64: the reference, those of it that passed, the window being filled, and the last that was full.
create table if not exists score_series(
  station text not null, sha256 text not null, series text not null, recipe text not null, model text not null,
  reference blob not null, passed blob not null, reference_from text not null, reference_to text,
  window blob not null, latest blob not null, window_from text, skipped integer not null, primary key(station, sha256, series)) without rowid;
create table if not exists score_window(
  station text not null, sha256 text not null, series text not null, at text not null, since text not null,
  n integer not null, psi real not null, psi_limit real not null, d real not null, p real not null,
  alpha real not null, drift integer not null, primary key(station, sha256, series, at)) without rowid;
create table if not exists score_day(
  station text not null, sha256 text not null, series text not null, day text not null, n integer not null,
  bins text not null, primary key(station, sha256, series, day)) without rowid;

create table if not exists band_state(
  station text primary key, last_ms real not null, hour integer not null, picks integer not null) without rowid;
create table if not exists stratum_day(
  station text not null, sha256 text not null, stratum text not null, day text not null, recipe text not null,
  passed integer not null, sampled integer not null, primary key(station, sha256, stratum, day)) without rowid;
-- kept: 1 waits or was reviewed, 0 there was no room, 2 decided about otherwise
create table if not exists review_item(
  inspection_id text primary key, position integer not null, station text not null, recipe text not null,
  sha256 text not null, serial text not null, lot text, result text not null, stratum text, day text not null,
  samples text not null, audit integer not null, at text not null, image text,
  verdict text, reviewer text, reason text, reviewed_at text, review_id text, kept integer not null) without rowid;
create index if not exists review_waiting on review_item(position) where verdict is null and kept = 1;
create index if not exists review_stratum on review_item(station, sha256, stratum, day) where audit = 1;
create index if not exists review_done on review_item(reviewed_at) where verdict is not null;

create table if not exists life_alarm(
  id text primary key, station text not null, alarm text not null, code text not null, zh text not null,
  en text not null, since text not null, cleared_at text, cleared_by text) without rowid;
-- Alarms that people ended by name. Nothing in the log leads to it, so it stays when the rest is read anew.
create table if not exists life_ended(
  id text not null, since text not null, at text not null, by text not null, primary key(id, since)) without rowid;
-- Events that were decided with the position that led to them, and are not in the log yet.
create table if not exists life_outbox(id text primary key, station text not null, data text not null, at text not null)
  without rowid;
`

/** Tables of counts that are filled by following the log. */
export const OF_THE_LOG = [
  'watch_cursor',
  'score_series',
  'score_window',
  'score_day',
  'band_state',
  'stratum_day',
  'review_item',
  'life_alarm',
  'life_outbox',
]

/** Creates what is missing and returns the same connection. */
export function prepareLife(db: SqlDatabase, kind: 'activations' | 'counts'): SqlDatabase {
  db.exec(kind === 'activations' ? ACTIVATIONS : COUNTS)
  // A file from before the event was kept.
  if (
    kind === 'counts' &&
    !db.all<{ name: string }>('pragma table_info(watch_cursor)').some((c) => c.name === 'event')
  )
    db.exec('alter table watch_cursor add column event text')
  return db
}
