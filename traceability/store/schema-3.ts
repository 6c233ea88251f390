/**
 * Version 3. Edges of the same pair in several time windows, facts beside inspections, holds, and the indices that
 * questions about lots, recipes and times need.
 */
export const SCHEMA_3 = `
create table edge_3 (
  child text not null,
  parent text not null,
  kind text not null,
  certainty text not null check (certainty in ('certain', 'probable')),
  quantity real,
  uom text,
  valid_from text not null,
  valid_to text,
  position integer not null,
  -- Position of the fact that closed the window.
  closed_by integer,
  primary key (child, parent, kind, valid_from)
) strict, without rowid;
insert into edge_3 (child, parent, kind, certainty, quantity, uom, valid_from, valid_to, position)
  select child, parent, kind, certainty, quantity, uom, valid_from, valid_to, position from edge;
drop table edge;
alter table edge_3 rename to edge;
create index edge_parent on edge (parent, kind, child, valid_from, valid_to, certainty);

create table trace_fact (
  position integer primary key references event (position),
  id text not null unique,
  kind text not null,
  subject text not null,
  at text not null,
  superseded_by integer
) strict;
create index trace_fact_subject on trace_fact (subject, kind);

create table hold (
  id text primary key,
  target text not null,
  reason text not null,
  placed_by text not null,
  placed_at text not null,
  position integer not null,
  released_by text,
  released_at text,
  release_reason text
) strict, without rowid;
create index hold_active on hold (target) where released_at is null;

-- Covering: who was judged near a moment, and who by a recipe.
create index inspection_near on inspection (started_at, station, shift, recipe, unit);
create index inspection_recipe on inspection (recipe, started_at, unit);
`
