import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type ImagesDeleted,
  type QEvent,
  RETENTION_SUBJECT,
  type SqlDatabase,
} from '../../contracts/index.ts'
import type { Findings } from './report.ts'

const BATCH = 200

/**
 * Every image against the hash that its events name. One that retention deleted is counted, and its hash stays proven.
 *
 * @param named position of the first event that names an image, by its hash
 */
export async function checkImages(
  db: SqlDatabase,
  dataDir: string,
  named: ReadonlyMap<string, number>,
  findings: Findings,
  onProgress: (done: number, total: number) => void,
): Promise<{ checked: number; deletedByRetention: number }> {
  const total = db.get<{ n: number }>('select count(*) as n from image')?.n ?? 0
  const unseen = new Map(named)
  const told = new ToldDeletions(db)
  let checked = 0
  let deletedByRetention = 0
  for (let after = ''; ;) {
    const rows = db.all<{ sha256: string; path: string; deleted_at: string | null }>(
      'select sha256, path, deleted_at from image where sha256 > ? order by sha256 limit ?',
      after,
      BATCH,
    )
    if (rows.length === 0) break
    for (const { sha256, path, deleted_at } of rows) {
      const position = unseen.get(sha256) ?? null
      unseen.delete(sha256)
      if (deleted_at !== null && told.has(sha256)) deletedByRetention += 1
      else if (deleted_at !== null)
        findings.add('image', `${path} is said to be deleted, and no event says so`, { position })
      else {
        checked += 1
        const actual = await readFile(join(dataDir, path)).then(
          (bytes) => createHash('sha256').update(bytes).digest('hex'),
          () => null,
        )
        if (actual === null && deletedMeanwhile(db, sha256) && told.has(sha256)) {
          checked -= 1
          deletedByRetention += 1
        } else if (actual === null) findings.add('image', `${path} is missing`, { position })
        else if (actual !== sha256) findings.add('image', `${path} has the hash ${actual}`, { position })
      }
      onProgress(checked + deletedByRetention, total)
    }
    after = rows.at(-1)?.sha256 ?? after
  }
  for (const [sha256, position] of unseen)
    findings.add('image', `image ${sha256} is not known to the store`, { position })
  return { checked, deletedByRetention }
}

/** Retention goes on while a line runs: marked first, then the file goes. */
const deletedMeanwhile = (db: SqlDatabase, sha256: string): boolean =>
  db.get('select 1 as found from image where sha256 = ? and deleted_at is not null', sha256) !== undefined

/** Images that the log says were deleted for want of room; what it says meanwhile counts. */
class ToldDeletions {
  readonly #db: SqlDatabase
  readonly #told = new Set<string>()
  #position = 0

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  has(sha256: string): boolean {
    if (!this.#told.has(sha256)) this.#hear()
    return this.#told.has(sha256)
  }

  #hear(): void {
    const rows = this.#db.all<{ position: number; json: string }>(
      `select position, json from event where subject = ? and type <> 'qe.inspection.completed.v1'
         and type = 'qe.image.deleted.v1' and position > ? order by position`,
      RETENTION_SUBJECT,
      this.#position,
    )
    for (const { position, json } of rows) {
      this.#position = position
      for (const sha256 of deletedImages(json)) this.#told.add(sha256)
    }
  }
}

/** None of a text that was altered beyond reading; that it was is told elsewhere. */
function deletedImages(json: string): string[] {
  try {
    const { images } = (JSON.parse(json) as QEvent<Partial<ImagesDeleted>>).data
    return Array.isArray(images) ? images : []
  } catch {
    return []
  }
}
