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
-- What shadows said; at: of the newest part. The line reads it while it judges, so that it must stay small.
create table if not exists shadow_count(
  station text not null, active text not null, active_result text not null, candidate_result text not null,
  n integer not null, ms real not null, at text not null,
  primary key(station, active, active_result, candidate_result)) without rowid;
-- The parts on which a shadow said something else; a trigger counts each that comes and keeps only these.
create table if not exists shadow_part(
  station text not null, inspection_id text not null, active text not null, at text not null,
  active_result text not null, candidate_result text not null, candidate_ms real not null, reasons text not null,
  primary key(station, inspection_id)) without rowid;
create index if not exists shadow_disagreed on shadow_part(station, active, at, inspection_id);

-- event: the id of the one at that place, by which another log is told from this one
create table if not exists watch_cursor(id integer primary key check (id = 1), position integer not null, event text);
-- Blobs of float64: the reference, those of it that passed, the window being filled, and the last that was full.
-- drift: of that one; null where an earlier program, which looked at score_window, wrote the row.
create table if not exists score_series(
  station text not null, sha256 text not null, series text not null, recipe text not null, model text not null,
  reference blob not null, passed blob not null, reference_from text not null, reference_to text,
  window blob not null, latest blob not null, window_from text, drift integer,
  skipped integer not null, primary key(station, sha256, series)) without rowid;
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
  passed integer not null, sampled integer not null, reviewed integer not null default 0,
  escapes integer not null default 0, undecided integer not null default 0,
  primary key(station, sha256, stratum, day)) without rowid;
-- kept: 1 waits or was reviewed, 0 there was no room, 2 decided about otherwise
create table if not exists review_item(
  inspection_id text primary key, position integer not null, station text not null, recipe text not null,
  sha256 text not null, serial text not null, lot text, result text not null, stratum text, day text not null,
  samples text not null, audit integer not null, at text not null, image text,
  verdict text, reviewer text, reason text, reviewed_at text, review_id text, kept integer not null) without rowid;
create index if not exists review_waiting on review_item(position) where verdict is null and kept = 1;
create index if not exists review_room on review_item(position)
  where verdict is null and kept = 1 and instr(samples, 'grey') = 0;
create index if not exists review_done on review_item(reviewed_at) where verdict is not null;

-- How many there are of each kind: the line asks at every part that is drawn, however many wait.
create table if not exists review_count(
  done integer not null, kept integer not null, grey integer not null, n integer not null,
  audited integer not null, primary key(done, kept, grey)) without rowid;

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

const countOf = (row: 'new' | 'old', step: '+' | '-'): string =>
  `update review_count set n = n ${step} 1, audited = audited ${step} ${row}.audit
   where done = (${row}.verdict is not null) and kept = ${row}.kept and grey = (instr(${row}.samples, 'grey') > 0);`

/**
 * Keep what is counted of review items and shadows as they are, also where an earlier program writes the file once more,
 * which knows nothing of counts. A word about an audited part counts for its day and stratum.
 */
const COUNTING = `
create trigger if not exists review_in after insert on review_item begin ${countOf('new', '+')} end;
create trigger if not exists review_out after delete on review_item begin ${countOf('old', '-')} end;
create trigger if not exists review_moved after update of verdict, kept on review_item begin
  ${countOf('old', '-')} ${countOf('new', '+')} end;
create trigger if not exists review_said after update of verdict on review_item when new.audit = 1 begin
  update stratum_day set
    reviewed = reviewed + (new.verdict is 'pass') + (new.verdict is 'fail') - (old.verdict is 'pass') - (old.verdict is 'fail'),
    escapes = escapes + (new.verdict is 'fail') - (old.verdict is 'fail'),
    undecided = undecided + (new.verdict is 'inconclusive') - (old.verdict is 'inconclusive')
  where station = new.station and sha256 = new.sha256 and stratum = new.stratum and day = new.day;
end;
create trigger if not exists shadow_begun after insert on shadow begin
  delete from shadow_part where station = new.station;
  delete from shadow_count where station = new.station;
end;
create trigger if not exists shadow_seen after insert on shadow_part begin
  insert or ignore into shadow_count(station, active, active_result, candidate_result, n, ms, at)
    values(new.station, new.active, new.active_result, new.candidate_result, 0, 0, new.at);
  update shadow_count set n = n + 1, ms = ms + new.candidate_ms, at = max(at, new.at)
    where station = new.station and active = new.active and active_result = new.active_result
    and candidate_result = new.candidate_result;
  delete from shadow_part where station = new.station and inspection_id = new.inspection_id
    and new.active_result = new.candidate_result;
end;
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
]

/** Creates what is missing and returns the same connection. */
export function prepareLife(db: SqlDatabase, kind: 'activations' | 'counts'): SqlDatabase {
  if (kind === 'activations') db.exec(ACTIVATIONS)
  else db.transaction(() => prepareCounts(db))
  return db
}

/** Files of earlier programs get what has come since. */
function prepareCounts(db: SqlDatabase): void {
  const has = (table: string): boolean =>
    db.get('select 1 from sqlite_schema where name = ?', table) !== undefined
  const lacks = (table: string, column: string): boolean =>
    !db.all<{ name: string }>(`pragma table_info(${table})`).some((c) => c.name === column)
  const [shadowsCounted, reviewsCounted] = [has('shadow_count'), has('review_count')]
  db.exec(COUNTS)
  if (lacks('watch_cursor', 'event')) db.exec('alter table watch_cursor add column event text')
  if (lacks('score_series', 'drift')) db.exec('alter table score_series add column drift integer')
  db.exec(`update score_series as s set drift = ifnull((select drift from score_window w where w.station = s.station
    and w.sha256 = s.sha256 and w.series = s.series and w.since >= s.reference_from order by at desc limit 1), 0)
    where drift is null`)
  if (!shadowsCounted)
    db.exec(`insert into shadow_count select station, active, active_result, candidate_result, count(*),
      sum(candidate_ms), max(at) from shadow_part group by 1, 2, 3, 4;
      delete from shadow_part where active_result = candidate_result`)
  if (!reviewsCounted) countReviews(db, lacks)
  db.exec(COUNTING)
}

function countReviews(db: SqlDatabase, lacks: (table: string, column: string) => boolean): void {
  for (const done of [0, 1])
    for (const kept of [0, 1, 2])
      for (const grey of [0, 1])
        db.run(
          `insert into review_count select ?1, ?2, ?3, count(*), ifnull(sum(audit), 0) from review_item
           where (verdict is not null) = ?1 and kept = ?2 and (instr(samples, 'grey') > 0) = ?3`,
          done,
          kept,
          grey,
        )
  if (!lacks('stratum_day', 'reviewed')) return
  const words = { reviewed: "('pass', 'fail')", escapes: "('fail')", undecided: "('inconclusive')" }
  for (const [column, among] of Object.entries(words))
    db.exec(`alter table stratum_day add column ${column} integer not null default 0;
      update stratum_day as s set ${column} = (select count(*) from review_item r where r.station = s.station
      and r.sha256 = s.sha256 and r.stratum = s.stratum and r.day = s.day and r.audit = 1 and r.verdict in ${among})`)
}
