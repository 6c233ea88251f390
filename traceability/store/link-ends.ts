import type { SqlDatabase } from '../../contracts/index.ts'
import { namesOf } from '../genealogy/identity-names.ts'
import { GONE, type GoneLink, keepEnds, UNPACKING } from './kept-links.ts'

export type Ended = Pick<GoneLink, 'child' | 'parent'>

/** A link that something told before ended, only later than at ?2: what ended it was of another one, told since or not yet. */
const ENDED_LATER = `valid_from < ?2 and valid_to > ?2 and closed_by <> ?3`

/**
 * Ends what the link names and what began by then, or (`<`) before; a name that is empty stands for all. Each link ends
 * with the first end behind it, whichever is told first: what had ended it later waits for another one.
 *
 * @returns what was ended
 */
export function endLinks(
  db: SqlDatabase,
  { child, parent, kind }: { child: string | null; parent: string; kind: string },
  at: string,
  position: number,
  began: '<=' | '<' = '<=',
): Ended[] {
  const ends = [['child', child ?? ''] as const, ['parent', parent] as const].filter(([, uri]) => uri !== '')
  const named = ends.map(([end], n) => ` and ${end} in (select value from json_each(?${n + 4}))`).join('')
  const asked = [kind, at, position, ...ends.map(([, uri]) => JSON.stringify(namesOf(db, uri)))]
  keepEnds(
    db,
    db.all<GoneLink>(`select ${GONE} from edge where kind = ?1 and ${ENDED_LATER}${named}`, ...asked),
  )
  return db.all<Ended>(
    `update edge set valid_to = ?2, closed_by = ?3
       where kind = ?1 and (valid_to is null and valid_from ${began} ?2 or ${ENDED_LATER})${named} returning child, parent`,
    ...asked,
  )
}

/**
 * An unpacking may be told before a packing of before it, and has then ended another one in that box, told already: what
 * was just made ends with the first of these behind it.
 */
export function endWithin(
  db: SqlDatabase,
  { child, parent, kind }: Ended & { kind: string },
  at: string,
): void {
  const end = db.get<{ valid_to: string; closed_by: number }>(
    `select e.valid_to, e.closed_by from edge e join event v on v.position = e.closed_by
       where e.child in (select value from json_each(?1)) and e.parent in (select value from json_each(?2))
         and e.kind = ?3 and e.valid_to > ?4 and v.type in (${UNPACKING.map((type) => `'${type}'`).join(', ')})
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
