import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { ImagesDeleted, QEvent, RetentionClass, SqlDatabase } from '../../contracts/index.ts'
import type { EventAppender } from './event-appender.ts'

/** An image that may go. */
export interface OldImage {
  sha256: string
  bytes: number
}

// From the few reviews to their images, once per statement.
const REVIEWED = `sha256 in (select v.sha256 from review r join inspection n on n.inspection_id = r.inspection_id
    join inspection_image v on v.position = n.position)`
const DRAWN = 'sha256 in (select value from json_each(?1))'
const CLASS: Record<RetentionClass, string> = {
  pass: `retention = 'ok' and not (${REVIEWED}) and not (${DRAWN})`,
  audit: `retention = 'ok' and not (${REVIEWED}) and ${DRAWN}`,
  reviewed: `retention = 'ok' and ${REVIEWED}`,
  fail: `retention = 'ng'`,
}

/**
 * The oldest images of a class that are still there, without the newest `keep` of it.
 *
 * @param drawn hashes of the images of the audit sample that wait for a person
 */
export function oldestImages(
  db: SqlDatabase,
  of: RetentionClass,
  keep: number,
  limit: number,
  drawn: readonly string[] = [],
): OldImage[] {
  return db.all<{ sha256: string; bytes: number }>(
    `select sha256, bytes from image where deleted_at is null and ${CLASS[of]} and sha256 not in
       (select sha256 from image where deleted_at is null and ${CLASS[of]} order by stored_at desc, sha256 limit ?2)
     order by stored_at, sha256 limit ?3`,
    JSON.stringify(drawn),
    keep,
    limit,
  )
}

/**
 * The event and the marks, in the transaction of the caller; the files go afterwards. A picture of passed parts that came
 * again with one that did not pass, since it was asked for, is evidence now and stays.
 */
export function writeDeletion(
  db: SqlDatabase,
  events: EventAppender,
  event: Omit<QEvent<ImagesDeleted>, 'sequence'>,
): void {
  if (events.find(event.id, event.source) !== null) return
  const kept = event.data.class === 'fail' ? [] : failuresOf(db, event.data.images)
  const images = event.data.images.filter((sha256) => !kept.some((k) => k.sha256 === sha256))
  if (images.length === 0) return
  const bytes = event.data.bytes - kept.reduce((sum, k) => sum + k.bytes, 0)
  events.append(kept.length === 0 ? event : { ...event, data: { ...event.data, images, bytes } })
  for (const sha256 of images)
    db.run('update image set deleted_at = ? where sha256 = ? and deleted_at is null', event.time, sha256)
}

const failuresOf = (db: SqlDatabase, images: readonly string[]): OldImage[] =>
  db.all<{ sha256: string; bytes: number }>(
    `select sha256, bytes from image where retention = 'ng' and sha256 in (select value from json_each(?))`,
    JSON.stringify(images),
  )

/**
 * Removes the files of images that are marked as deleted; one that a part brought again meanwhile is marked no more.
 * Only when no image is on its way to disk: its file may be one of these.
 */
export function removeFiles(db: SqlDatabase, dataDir: string, images: readonly string[]): void {
  for (const sha256 of images) {
    const row = db.get<{ path: string }>(
      'select path from image where sha256 = ? and deleted_at is not null',
      sha256,
    )
    if (row === undefined) continue
    try {
      unlinkSync(join(dataDir, row.path))
    } catch {
      // Gone already, or it is tried again at the next start.
    }
  }
}

/** Marked before a crash, and perhaps still there. */
export const markedImages = (db: SqlDatabase): string[] =>
  db
    .all<{ sha256: string }>(
      'select sha256 from image where deleted_at is not null order by deleted_at desc limit 10000',
    )
    .map((r) => r.sha256)
