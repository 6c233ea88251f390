/**
 * Projection of the log for EPCIS queries, in a file of its own that may be deleted: it is built again from the log.
 * `n` is the order in which events became known; a correction makes a second row of the same event id.
 */
export const EPCIS_SCHEMA = `
-- event: the id of the one at that place, by which another log is told from this one
create table if not exists progress (id integer primary key check (id = 1), position integer not null, event text) strict;
insert or ignore into progress (id, position) values (1, 0);
create table if not exists event (
  n integer primary key,
  position integer not null,
  event_id text not null,
  event_ms real not null,
  record_ms integer not null,
  declared integer not null,
  json text not null,
  context text not null
) strict;
create index if not exists event_time on event (event_ms, n);
create index if not exists event_record on event (record_ms, n);
create index if not exists event_by_id on event (event_id);
create table if not exists term (
  kind text not null,
  value text not null,
  n integer not null,
  primary key (kind, value, n)
) strict, without rowid;
-- Values as they were written, each once: what the top-level resources list.
create table if not exists known (kind text not null, value text not null, primary key (kind, value)) strict, without rowid;
create table if not exists master (
  uri text not null,
  vocabulary text not null,
  id text not null,
  position integer not null,
  attributes text not null,
  children text not null,
  context text not null,
  primary key (uri, vocabulary)
) strict, without rowid;
-- Events of the log that could not be read as EPCIS events.
create table if not exists skipped (position integer primary key, reason text not null) strict;
-- Company prefixes that EPC URNs have shown: without them a Digital Link cannot be written as a URN.
create table if not exists company_prefix (digits text primary key) strict, without rowid;
`

/** Raised when what is projected changes: the file of another version is built again. */
export const EPCIS_SCHEMA_VERSION = 6
