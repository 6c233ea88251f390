import type { ImagesDeleted, QEvent, SqlDatabase } from '../../contracts/index.ts'
import { RETENTION_SUBJECT } from '../../contracts/index.ts'
import { WORDS } from './finding-words.ts'
import { type Findings, foundRows } from './report.ts'

/** Rows read at once. */
const AT_ONCE = 10_000

/**
 * Images that show a part which did not pass, and that retention would delete as those of passed parts, or has: a signed
 * deletion says of which class its images were. Asked from the few parts that did not pass, which an index tells, to their
 * images: all of them would be as many reads as the log has parts.
 */
export function checkImageClasses(db: SqlDatabase, findings: Findings): void {
  for (const { position, path, result, retention } of foundRows<Row>(db, findings, UNPROTECTED))
    findings.add('image', WORDS.retention(path, result, retention), { position })
  const told = deletedAsPassed(db)
  if (told.size === 0) return
  for (let after = 0; ;) {
    const shown = db.all<Row>(
      `select v.position, v.sha256 as path, i.result, '' as retention
         from inspection i cross join inspection_image v on v.position = i.position
         where i.result <> 'pass' and i.position > ? order by i.position limit ${AT_ONCE}`,
      after,
    )
    for (const { position, path, result } of shown) {
      const deleted = told.get(path)
      if (deleted !== undefined && deleted.position > position)
        findings.add('image', WORDS.deletedAs(path, result, deleted.of), {
          position: deleted.position,
          event: deleted.event,
        })
    }
    // Of one part there are a few images, which may stand on both sides.
    const last = shown.at(-1)?.position
    if (last === undefined || shown.length < AT_ONCE) return
    after = last
  }
}

type Row = { position: number; path: string; result: string; retention: string }

/** By hash: the last deletion that names it as of another class than failures, which have one of their own. */
function deletedAsPassed(db: SqlDatabase): Map<string, { position: number; event: string; of: string }> {
  const told = new Map<string, { position: number; event: string; of: string }>()
  for (let after = 0; ;) {
    const rows = db.all<{ position: number; json: string }>(
      `select position, json from event where subject = ? and type <> 'qe.inspection.completed.v1'
         and type = 'qe.image.deleted.v1' and position > ? order by position limit 100`,
      RETENTION_SUBJECT,
      after,
    )
    for (const { position, json } of rows) {
      after = position
      const { id, data } = parsed(json)
      if (typeof data?.class !== 'string' || data.class === 'fail' || !Array.isArray(data.images)) continue
      for (const sha256 of data.images) told.set(sha256, { position, event: id ?? '', of: data.class })
    }
    if (rows.length < 100) return told
  }
}

/** Nothing of a text that was altered beyond reading; that it was is told elsewhere. */
function parsed(json: string): Partial<QEvent<Partial<ImagesDeleted>>> {
  try {
    return JSON.parse(json) as QEvent<Partial<ImagesDeleted>>
  } catch {
    return {}
  }
}

export const UNPROTECTED = `select v.position, m.path, i.result, m.retention
  from inspection i cross join inspection_image v on v.position = i.position
    cross join image m on m.sha256 = v.sha256
  where i.result <> 'pass' and m.retention <> 'ng'`
