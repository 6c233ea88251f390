import {
  type ImagesDeleted,
  type QEvent,
  RETENTION_SUBJECT,
  type SqlDatabase,
} from '../../contracts/index.ts'

/** Images that the log says were deleted for want of room; what it says meanwhile counts. */
export class ToldDeletions {
  readonly #db: SqlDatabase
  readonly #told = new Map<string, number>()
  #position = 0

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /**
   * Position of the event by which an image is gone, or null.
   *
   * @param named position of the last event that names the image: with it the image was there again
   */
  of(sha256: string, named: number): number | null {
    if (!((this.#told.get(sha256) ?? 0) > named)) this.#hear()
    const told = this.#told.get(sha256) ?? 0
    return told > named ? told : null
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
      for (const sha256 of deletedImages(json)) this.#told.set(sha256, position)
    }
  }
}

/** None of a text that was altered beyond reading, or of another event; that it was altered is told elsewhere. */
export function deletedImages(json: string): string[] {
  try {
    const { type, data } = JSON.parse(json) as QEvent<Partial<ImagesDeleted>>
    return type === 'qe.image.deleted.v1' && Array.isArray(data.images) ? data.images : []
  } catch {
    return []
  }
}
