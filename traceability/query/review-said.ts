import type { QEvent, SqlDatabase, VerdictReviewed } from '../../contracts/index.ts'

/** What a review, or one taken back, said by the id of its event; null = it is not in the log. */
export function reviewSaid(db: SqlDatabase, id: string): VerdictReviewed | null {
  // The first condition is that of the index of ids.
  const row = db.get<{ json: string }>(
    `select json from event where type <> 'qe.inspection.completed.v1' and id = ?
     and type = 'qe.verdict.reviewed.v1'`,
    id,
  )
  return row === undefined ? null : (JSON.parse(row.json) as QEvent<VerdictReviewed>).data
}
