/**
 * Version 6. A recall says of each unit what its last inspection found and what the gate did with it. The first stands in
 * the index by unit, so that no wide row is read for it; of the second the few commands are indexed that may have kept a
 * part that its verdict let go. No table or column changes.
 */
export const SCHEMA_6 = `
drop index inspection_unit;
create index inspection_unit on inspection (unit, position, inspection_id, station, ended_at, disposition);
create index gate_kept on gate (inspection_id, id) where ok = 0 or command like '%hold%';
`
