/**
 * Version 8. What a captured event states and could not be linked when it came is kept, so that it is linked as soon as
 * what was in the way is ended or declared an error, in whatever order the events come. The event says what it was
 * (`notLinked`), or another event had said the same.
 */
export const SCHEMA_8 = `
create table link_waiting (
  -- Empty: everything that is in the parent, or whatever the child went into.
  child text not null,
  parent text not null,
  kind text not null,
  op text not null check (op in ('open', 'close')),
  quantity real,
  uom text,
  at text not null,
  position integer not null,
  -- Position of the event by which it was made; null = it waits.
  made_by integer,
  primary key (child, parent, kind, op, position)
) strict, without rowid;
create index link_waiting_parent on link_waiting (parent, child, at);
create index link_waiting_position on link_waiting (position);
create index link_waiting_made on link_waiting (made_by);
`
