import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SqlDatabase } from '../../contracts/index.ts'
import { plain, WORDS } from './finding-words.ts'
import type { Findings } from './report.ts'
import { ToldDeletions } from './told-deletions.ts'

const BATCH = 200

/**
 * Every image against the hash that its events name. One that retention deleted is counted, and its hash stays proven.
 *
 * @param named position of the last event that names an image, by its hash
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
      const isTold = (): boolean => told.of(sha256, position ?? 0) !== null
      if (deleted_at !== null && isTold()) deletedByRetention += 1
      else if (deleted_at !== null) findings.add('image', WORDS.deletedUntold(plain(path)), { position })
      else {
        checked += 1
        const actual = await readFile(join(dataDir, path)).then(
          (bytes) => createHash('sha256').update(bytes).digest('hex'),
          () => null,
        )
        if (actual === null && deletedMeanwhile(db, sha256) && isTold()) {
          checked -= 1
          deletedByRetention += 1
        } else if (actual === null) findings.add('image', WORDS.missing(path), { position })
        else if (actual !== sha256) findings.add('image', WORDS.otherHash(plain(path), actual), { position })
      }
      onProgress(checked + deletedByRetention, total)
    }
    after = rows.at(-1)?.sha256 ?? after
  }
  for (const [sha256, position] of unseen) findings.add('image', WORDS.unknownImage(sha256), { position })
  return { checked, deletedByRetention }
}

/** Retention goes on while a line runs: marked first, then the file goes. */
const deletedMeanwhile = (db: SqlDatabase, sha256: string): boolean =>
  db.get('select 1 as found from image where sha256 = ? and deleted_at is not null', sha256) !== undefined
