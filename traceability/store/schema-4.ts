/**
 * Version 4. Inspections, which are nearly all events, are found by their own table and need no place in the index of
 * events by subject; one covering index by time instead of two. From here on an inspection event tells the genealogy of
 * its unit (`data.genealogy`) instead of a `qe.trace.linked.v1` event per link, and `identity_alias` holds only names
 * that cannot be turned into the unit's URI by reading them. No table or column changes.
 */
export const SCHEMA_4 = `
drop index event_subject;
create index event_subject on event (subject, position) where type <> 'qe.inspection.completed.v1';

drop index inspection_started;
drop index inspection_near;
create index inspection_near on inspection (started_at, station, result, no_verdict, shift, recipe, unit);
`
