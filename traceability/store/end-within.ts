import type { SqlDatabase } from '../../contracts/index.ts'
import { namesOf } from '../genealogy/identity-names.ts'
import type { OpenLink } from './waiting-links.ts'

/**
 * Of two packings in one box the later unpacking may be told before the later packing, and has then ended the first one:
 * what was just made begins within that, and ends with it.
 */
export function endWithin(db: SqlDatabase, { child, parent, kind }: OpenLink, at: string): void {
  const end = db.get<{ valid_to: string; closed_by: number }>(
    `select e.valid_to, e.closed_by from edge e join event v on v.position = e.closed_by
       where e.child in (select value from json_each(?1)) and e.parent in (select value from json_each(?2))
         and e.kind = ?3 and e.valid_from < ?4 and e.valid_to > ?4 and v.type = 'ext.epcis.captured.v1'
       order by e.valid_to limit 1`,
    JSON.stringify(namesOf(db, child)),
    JSON.stringify(namesOf(db, parent)),
    kind,
    at,
  )
  if (end === undefined) return
  db.run(
    `update edge set valid_to = ?, closed_by = ?
       where child = ? and parent = ? and kind = ? and valid_from = ? and valid_to is null`,
    end.valid_to,
    end.closed_by,
    child,
    parent,
    kind,
    at,
  )
}
