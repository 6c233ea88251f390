/**
 * Version 1. `event` is the truth; every other table is a projection of it, or working state of a consumer.
 * Times are RFC 3339 UTC text, hashes of images hex text, log hashes 32-byte blobs, `position` the place in the log.
 */
export const SCHEMA_1 = `
create table event (
  position integer primary key,
  id text not null,
  source text not null,
  sequence integer not null,
  type text not null,
  subject text not null,
  partitionkey text not null,
  time text not null,
  json text not null,
  leaf_hash blob not null check (length(leaf_hash) = 32),
  unique (source, sequence)
) strict;
-- An inspection event has the id of its inspection, which is unique in that table.
create unique index event_id on event (id, source) where type <> 'qe.inspection.completed.v1';
create index event_subject on event (subject, position);
create trigger event_no_update before update on event begin select raise(abort, 'event is append-only'); end;
create trigger event_no_delete before delete on event begin select raise(abort, 'event is append-only'); end;

create view log_leaf as select position, leaf_hash from event;
-- RFC 6962 compact range after the last event: roots of the full subtrees, largest first.
create table log_tree (
  id integer primary key check (id = 1),
  size integer not null,
  nodes blob not null,
  root blob not null check (length(root) = 32)
) strict;
insert into log_tree (id, size, nodes, root)
  values (1, 0, x'', x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

create table part_trigger (
  station text not null,
  number integer not null,
  at text not null,
  state text not null check (state in ('open', 'judged')),
  primary key (station, number)
) strict, without rowid;
create index part_trigger_open on part_trigger (station, number) where state = 'open';
create index part_trigger_at on part_trigger (at, station, number);

create table inspection (
  position integer primary key references event (position),
  inspection_id text not null unique,
  station text not null,
  trigger_number integer not null,
  attempt integer not null,
  run_type text not null,
  plant text not null,
  line text not null,
  shift text not null,
  work_order text,
  product text not null,
  revision text not null,
  unit text not null,
  serial text not null,
  identified_by text not null check (identified_by in ('code', 'trigger')),
  lot text,
  result text not null check (result in ('pass', 'fail', 'inconclusive')),
  disposition text not null,
  severity text,
  no_verdict text,
  no_verdict_code text,
  recipe text not null,
  recipe_sha256 text not null,
  started_at text not null,
  ended_at text not null,
  total_ms real not null,
  budget_ms real not null,
  -- JSON, as lists show them: reasons in both languages, and the registration or null.
  reasons text not null,
  registration text,
  width_px integer not null,
  height_px integer not null,
  sequence integer not null,
  -- The whole capture as JSON, raw deflate when that is shorter: enough to replay the verdict.
  record blob not null,
  record_encoding text not null check (record_encoding in ('json', 'deflate-raw')),
  unique (station, trigger_number, attempt)
) strict;
create index inspection_again on inspection (station, trigger_number) where attempt > 1;
create index inspection_unit on inspection (unit, position);
create index inspection_started on inspection (started_at, station, result, no_verdict);

create table defect (
  position integer not null references inspection (position),
  n integer not null,
  finding text not null,
  class text not null,
  severity text,
  score real not null,
  x1 real not null, y1 real not null, x2 real not null, y2 real not null,
  area_px real not null,
  area_mm2 real,
  length_mm real,
  part_x_mm real,
  part_y_mm real,
  roi text,
  primary key (position, n)
) strict, without rowid;

create table measurement (
  position integer not null references inspection (position),
  n integer not null,
  characteristic text not null,
  tool text not null,
  value real not null,
  unit text not null,
  lsl real, usl real, target real, uncertainty real,
  primary key (position, n)
) strict, without rowid;

create table identity (
  uri text primary key,
  serial text not null,
  kind text not null check (kind in ('code', 'trigger')),
  product text not null,
  gtin text,
  lot text,
  first_at text not null,
  first_position integer not null
) strict, without rowid;
create index identity_serial on identity (serial);
create table identity_alias (
  value text not null,
  scheme text not null,
  uri text not null references identity (uri),
  primary key (value, scheme, uri)
) strict, without rowid;
-- A failed read is a row too.
create table carrier_read (
  position integer not null references inspection (position),
  n integer not null,
  tool text not null,
  ok integer not null check (ok in (0, 1)),
  symbology text not null,
  symbology_id text not null,
  text text not null,
  error text,
  associated_by text not null,
  primary key (position, n)
) strict, without rowid;

create table edge (
  child text not null,
  parent text not null,
  kind text not null,
  certainty text not null check (certainty in ('certain', 'probable')),
  quantity real,
  uom text,
  valid_from text not null,
  valid_to text,
  position integer not null,
  primary key (child, parent, kind)
) strict, without rowid;
create index edge_parent on edge (parent, child);
create table material_lot (
  uri text primary key,
  lot text not null,
  product text not null,
  supplier text,
  first_at text not null
) strict, without rowid;
create index material_lot_lot on material_lot (lot);

create table image (
  sha256 text primary key,
  bytes integer not null,
  mime text not null,
  path text not null,
  retention text not null check (retention in ('ng', 'ok')),
  stored_at text not null,
  deleted_at text
) strict, without rowid;
create table inspection_image (
  position integer not null references inspection (position),
  view text not null,
  sha256 text not null references image (sha256),
  width_px integer not null,
  height_px integer not null,
  primary key (position, view)
) strict, without rowid;

create table gate (
  id text primary key,
  inspection_id text not null,
  at text not null,
  ok integer not null check (ok in (0, 1)),
  command text not null,
  ack text not null
) strict, without rowid;
create index gate_inspection on gate (inspection_id);
create table late_result (
  id text primary key,
  inspection_id text not null,
  at text not null,
  result text not null,
  outcome text not null
) strict, without rowid;
create index late_result_inspection on late_result (inspection_id);
create table review (
  position integer primary key references event (position),
  inspection_id text not null,
  reviewer text not null,
  before text not null,
  after text not null,
  reason text not null,
  at text not null
) strict;
create index review_inspection on review (inspection_id, position);

-- How far each consumer of the log has come.
create table subscription (
  consumer text primary key,
  position integer not null,
  updated_at text not null
) strict, without rowid;
-- The log itself is the queue; here stand the deliveries that did not go through at once.
create table outbox (
  sink text not null,
  position integer not null references event (position),
  state text not null check (state in ('retry', 'dead')),
  attempts integer not null,
  reason text not null,
  at text not null,
  primary key (sink, position)
) strict, without rowid;
`
