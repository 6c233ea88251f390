import type { SqlDatabase } from '../../contracts/index.ts'

/**
 * Positions of all inspections of the units, and of the events about the units, these inspections and their triggers that
 * belong to one of these inspections or to none: another product may use the same serial. However many there are: what
 * proves a part leaves nothing out.
 *
 * @param units URIs, one unit or several that were merged
 */
export function positionsAbout(db: SqlDatabase, units: readonly string[]): number[] {
  return db
    .all<{ position: number }>(
      // Subjects of triggers as `triggerSubject` makes them.
      `with own as materialized (
         select i.position, i.inspection_id, i.unit, i.serial, i.station, i.attempt, i.trigger_number
           from json_each(?) v cross join inspection i on i.unit = v.value
       ), named as (
         select 'unit/' || serial as subject from own
         union select unit from own
         union select 'inspection/' || inspection_id from own
         union select 'trigger/' || station || '/' || attempt || '/' || trigger_number from own
       ), about as (
         select e.position, coalesce(json_extract(e.json, '$.data.inspectionId'), json_extract(e.json, '$.causationid')) as id
         from named s cross join event e on e.subject = s.subject
         where e.type <> 'qe.inspection.completed.v1'
       )
       select position from own
       union
       select position from about where id is null or id in (select inspection_id from own)
       order by 1`,
      JSON.stringify(units),
    )
    .map((row) => row.position)
}
