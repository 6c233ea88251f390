import type { SqlDatabase } from '../../contracts/index.ts'

/**
 * Hashes of the images of parts that were drawn for the audit sample and wait for a person: the escape rate is
 * estimated from them.
 */
export const auditImages = (db: SqlDatabase): string[] =>
  db
    .all<{ image: string }>(
      'select image from review_item where verdict is null and kept = 1 and audit = 1 and image is not null',
    )
    .map((r) => r.image)
