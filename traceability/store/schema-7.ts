/**
 * Version 7. A trigger is known by its number and the count that the number belongs to (`attempt`, as in `inspection`), so
 * that a counter which begins anew takes no trigger's place.
 *
 * Numbers of before stay one count, as they were counted then: of those that came twice the later record stands, and how
 * many that left out is kept in `trigger_superseded`.
 */
export const SCHEMA_7 = `
create table counted_trigger (
  station text not null,
  attempt integer not null,
  number integer not null,
  at text not null,
  state text not null check (state in ('open', 'judged')),
  primary key (station, attempt, number)
) strict, without rowid;
insert into counted_trigger (station, attempt, number, at, state)
  select station, 1, number, at, state from part_trigger;

create table trigger_superseded (
  station text not null,
  missing integer not null check (missing in (0, 1)),
  count integer not null,
  primary key (station, missing)
) strict, without rowid;
insert into trigger_superseded (station, missing, count)
  select i.station, case when i.no_verdict is null then 0 else 1 end as missing, count(*)
  from (select distinct station, trigger_number from inspection where attempt > 1) a
  join part_trigger t on t.station = a.station and t.number = a.trigger_number
  join inspection i on i.station = a.station and i.trigger_number = a.trigger_number
  where i.attempt < (select max(attempt) from inspection j
    where j.station = i.station and j.trigger_number = i.trigger_number)
  group by i.station, missing;

drop table part_trigger;
alter table counted_trigger rename to part_trigger;
create index part_trigger_open on part_trigger (station, attempt, number) where state = 'open';
create index part_trigger_at on part_trigger (at, station, attempt, number);

-- Every number of a count from low to high was judged, closed as interrupted, open, or stands in trigger_gap.
create table counted_audit (
  station text not null,
  attempt integer not null,
  low integer not null,
  high integer not null,
  primary key (station, attempt)
) strict, without rowid;
insert into counted_audit (station, attempt, low, high) select station, 1, low, high from trigger_audit;
drop table trigger_audit;
alter table counted_audit rename to trigger_audit;
create table counted_gap (
  station text not null,
  attempt integer not null,
  first integer not null,
  last integer not null,
  found_at text not null,
  primary key (station, attempt, first)
) strict, without rowid;
insert into counted_gap (station, attempt, first, last, found_at)
  select station, 1, first, last, found_at from trigger_gap;
drop table trigger_gap;
alter table counted_gap rename to trigger_gap;
`
