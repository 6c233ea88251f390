import type { EpcisItem, SqlDatabase } from '../../contracts/index.ts'

/** Events of one thing among which a declaration is looked for that came before its event. */
const OVERTAKEN = 200

/**
 * Where an error in an event was declared before the event itself came, as messages overtake each other; null = it was
 * not. Both name the same things, by which they are found.
 */
export function declaredAt(
  db: SqlDatabase,
  { eventID, subject, declaresError, links, things, moves }: EpcisItem,
): number | null {
  if (declaresError || links.length + things.length + moves.length === 0) return null
  const row = db.get<{ position: number }>(
    `select position from (select position, json from event
       where subject = ? and type = 'ext.epcis.captured.v1' and type <> 'qe.inspection.completed.v1'
       order by position desc limit ${OVERTAKEN})
     where json_extract(json, '$.data.eventID') = ?
       and json_extract(json, '$.data.event.errorDeclaration') is not null limit 1`,
    subject,
    eventID,
  )
  return row?.position ?? null
}
