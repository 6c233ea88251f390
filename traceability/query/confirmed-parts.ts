import type { Kysely } from 'kysely'
import type { QEvent, SqlDatabase, VerdictReviewed } from '../../contracts/index.ts'
import { identityMap } from '../genealogy/identity-names.ts'
import { type PartRow, rowOf } from './part-rows.ts'
import type { TraceTables } from './tables.ts'

/** A part that a person found good or bad, and has not taken back. */
export interface ConfirmedPart {
  row: PartRow
  review: { event: string; at: string } & Pick<VerdictReviewed, 'reviewer' | 'after' | 'reason' | 'labels'>
}

export interface ConfirmedQuery {
  /** Window by start of judging, RFC 3339, half-open. */
  from?: string
  to?: string
  /** Parts read at once, so that nobody holds the reviews of years; default 500. */
  page?: number
}

/** Production parts that a person found good or bad, with all that the line marked on them; oldest first. */
export async function* confirmedParts(
  k: Kysely<TraceTables>,
  db: SqlDatabase,
  { from = '', to = '9', page = 500 }: ConfirmedQuery,
): AsyncGenerator<ConfirmedPart> {
  for (let behind = -1; ;) {
    const found = db.all<{ position: number; inspectionId: string; json: string }>(
      `select i.position, i.inspection_id as inspectionId, e.json
       from inspection i
       join review r on r.position =
         (select max(w.position) from review w where w.inspection_id = i.inspection_id)
       join event e on e.position = r.position
       where i.position > ? and i.run_type = 'production' and i.no_verdict is null
         and i.started_at >= ? and i.started_at < ?
         and r.after in ('pass', 'fail') and json_extract(e.json, '$.data.retracts') is null
       order by i.position limit ?`,
      behind,
      from,
      to,
      page,
    )
    const merged = identityMap(db)
    for (const { position, inspectionId, json } of found) {
      behind = position
      const { id, time, data } = JSON.parse(json) as QEvent<VerdictReviewed>
      const { reviewer, after, reason, labels } = data
      const row = await rowOf(k, inspectionId, merged, Infinity)
      if (row !== null) yield { row, review: { event: id, at: time, reviewer, after, reason, labels } }
    }
    if (found.length < page) return
  }
}
