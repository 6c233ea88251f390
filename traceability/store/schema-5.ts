/**
 * Version 5. A hold that came from another line or from the plant: the hold it is a copy of, the log in which that was
 * placed, and the log in which it was released; null = here.
 */
export const SCHEMA_5 = `
alter table hold add column origin_id text;
alter table hold add column origin_log text;
alter table hold add column release_log text;
create index hold_origin on hold (origin_id) where origin_id is not null;
`
