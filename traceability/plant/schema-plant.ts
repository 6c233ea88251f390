/** The log of every store takes no changes, and each leaf is the hash of its event (RFC 6962, 2.1), by the database itself. */
export const LOG_GUARD = `
create or replace function event_append_only() returns trigger language plpgsql as
  $$ begin raise exception 'event is append-only'; end $$;
create trigger event_append_only before update or delete on event
  for each row execute function event_append_only();
alter table event add constraint event_leaf
  check (leaf_hash = sha256('\\x00'::bytea || convert_to(json, 'UTF8')));
`

/**
 * What a plant keeps beside the tables of a line: which logs it receives and how far, with the Merkle tree of each;
 * the checkpoints that came with them; image files.
 *
 * `event.position` is a place in the plant, \`yyyymm × 10^10 + n\`; `log_position` counts from 1 in the log of the line.
 */
export const SCHEMA_PLANT = `
create table line_log (
  log text primary key,
  plant text not null,
  line text not null,
  size bigint not null,
  -- RFC 6962 compact range after the last event, as in log_tree.
  nodes bytea not null,
  root bytea not null check (length(root) = 32),
  last_position bigint not null,
  -- Verifier key of the signed checkpoints; the first one seen stays.
  vkey text,
  first_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table line_head (
  log text not null references line_log (log),
  size bigint not null,
  note text not null,
  received_at timestamptz not null default now(),
  primary key (log, size)
);
alter table event add column log text not null;
alter table event add column log_position bigint not null;
create index event_log on event (log, log_position);
alter table gate add column log text;
alter table late_result add column log text;
create index gate_log on gate (log, id);
create index late_result_log on late_result (log, id);
create table image_bytes (
  sha256 text primary key check (sha256 = encode(sha256(bytes), 'hex')),
  bytes bytea not null
);
create sequence plant_place;
`

/** How many images of a log did not go along, counted with the events that name them. */
export const SCHEMA_PLANT_2 = `
alter table line_log add column images_missing bigint not null default 0;
`

/** What a line says of itself every few seconds: that it is there, how much it has, where its pages are. */
export const SCHEMA_PLANT_3 = `
alter table line_log add column seen_at timestamptz;
alter table line_log add column events bigint;
alter table line_log add column address text;
`

/** Parts of one line, also of one that is quiet while the others go on. */
export const SCHEMA_PLANT_4 = `
create index inspection_line on inspection (split_part(station, '.', 1), position);
`

/** Serials in the order of their bytes, where the database orders them by a language: what begins with a text is a range. */
export const SCHEMA_PLANT_5 = `
create index identity_serial_bytes on identity (serial collate "C");
`

/** Two lines may have been told one fact, as by one file that was imported on both: its id is one of each log. */
export const SCHEMA_PLANT_6 = `
alter table trace_fact drop constraint trace_fact_id_key;
create index trace_fact_id on trace_fact (id);
`
