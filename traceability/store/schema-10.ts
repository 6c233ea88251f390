/**
 * Version 10. What is taken back, declared in error or carried into a plant store is found by the events that made or
 * closed it, and further names of a unit by the unit, instead of among all links, facts and names. No table or column
 * changes.
 */
export const SCHEMA_10 = `
create index edge_position on edge (position);
create index edge_closed on edge (closed_by) where closed_by is not null;
create index identity_alias_uri on identity_alias (uri);
create index trace_fact_superseded on trace_fact (superseded_by) where superseded_by is not null;
`
