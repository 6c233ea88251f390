import type { SqlDatabase } from '../../contracts/index.ts'
import type { Findings } from './report.ts'

/** Images that are named, at most. */
const NAMED = 1_000

/**
 * Images that show a part which did not pass, and that retention would delete as those of passed parts. Asked from the
 * few parts that did not pass, which an index tells, to their images: all of them would be as many reads as the log has
 * parts.
 */
export function checkImageClasses(db: SqlDatabase, findings: Findings): void {
  for (const { position, path, result, retention } of db.all<Row>(UNPROTECTED))
    findings.add(
      'image',
      `${path} shows a part with the verdict ${result}, and its retention is ${retention} in place of ng`,
      { position },
    )
}

type Row = { position: number; path: string; result: string; retention: string }

export const UNPROTECTED = `select v.position, m.path, i.result, m.retention
  from inspection i cross join inspection_image v on v.position = i.position
    cross join image m on m.sha256 = v.sha256
  where i.result <> 'pass' and m.retention <> 'ng' limit ${NAMED}`
