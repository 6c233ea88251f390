import type { EpcisItem, SqlDatabase } from '../../contracts/index.ts'
import { says } from './epcis-recorded.ts'

/** Events of one thing among which a declaration is looked for that came before its event. */
const OVERTAKEN = 200

/**
 * Where an error in an event was declared before the event itself came, as messages overtake each other, and the event
 * by the id it has there; null = it was not. Both name the same things, by which they are found.
 */
export function declaredAt(db: SqlDatabase, item: EpcisItem): { position: number; item: EpcisItem } | null {
  const { subject, declaresError, links, things, moves, former } = item
  if (declaresError || links.length + things.length + moves.length === 0) return null
  const row = db.get<{ position: number; id: string }>(
    `select position, id from (select position, json, json_extract(json, '$.data.eventID') as id from event
       where subject = ? and type = 'ext.epcis.captured.v1' and type <> 'qe.inspection.completed.v1'
       order by position desc limit ${OVERTAKEN})
     where id in (?, ?) and json_extract(json, '$.data.event.errorDeclaration') is not null limit 1`,
    subject,
    item.eventID,
    former?.eventID ?? item.eventID,
  )
  if (row === undefined) return null
  const { position, id } = row
  if (former === undefined || id === item.eventID) return { position, item }
  return says(db, position, item) ? { position, item: former } : null
}
