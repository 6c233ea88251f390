/**
 * Version 9. Parts of one station in the order of the log, also of one that is quiet while the others go on. Of an
 * expression, so that only the list of parts uses it: what asks for a unit at a station before a position would be
 * looked for among all parts of the station.
 */
export const SCHEMA_9 = `
create index inspection_station on inspection ((station || ''), position, result);
`
