/** Version 2. How far the counter of a station was gone through, and the jumps in it that no stop explains. */
export const SCHEMA_2 = `
-- Every number from low to high was judged, closed as interrupted, open, or stands in trigger_gap.
create table trigger_audit (
  station text primary key,
  low integer not null,
  high integer not null
) strict, without rowid;
create table trigger_gap (
  station text not null,
  first integer not null,
  last integer not null,
  found_at text not null,
  primary key (station, first)
) strict, without rowid;
`
