import type { Kysely } from 'kysely'
import type { QEvent, ReviewedPart, ScoredPage, ScoredPart, VerdictReviewed } from '../../contracts/index.ts'
import { decodeRecord } from '../store/record-codec.ts'
import type { TraceTables } from './tables.ts'

/** Judged parts and reviews after a position of the log, in its order; looks at `limit` events at most. */
export async function scoredAfter(
  k: Kysely<TraceTables>,
  position: number,
  limit: number,
): Promise<ScoredPage> {
  const events = await k
    .selectFrom('event')
    .select(['position', 'type', 'json'])
    .where('position', '>', position)
    .orderBy('position')
    .limit(limit)
    .execute()
  const reviews = events
    .filter((e) => e.type === 'qe.verdict.reviewed.v1')
    .map((e) => ({ position: e.position, event: JSON.parse(e.json) as QEvent<VerdictReviewed> }))
  const parts = await scored(
    k,
    events.filter((e) => e.type === 'qe.inspection.completed.v1').map((e) => e.position),
    reviews.map((r) => r.event.data.inspectionId),
  )
  const byPosition = new Map(parts.map((p) => [p.position, p]))
  const byId = new Map(parts.map((p) => [p.inspectionId, p]))
  const reviewAt = new Map(reviews.map((r) => [r.position, r.event]))
  return {
    position: events.at(-1)?.position ?? position,
    items: events.flatMap(({ position: at }): (ScoredPart | ReviewedPart)[] => {
      const part = byPosition.get(at)
      const review = reviewAt.get(at)
      if (review)
        return [
          {
            ...review.data,
            kind: 'review',
            position: at,
            id: review.id,
            at: review.time,
            part: byId.get(review.data.inspectionId) ?? null,
          },
        ]
      return part ? [part] : []
    }),
  }
}

async function scored(
  k: Kysely<TraceTables>,
  positions: readonly number[],
  ids: readonly string[],
): Promise<ScoredPart[]> {
  if (positions.length === 0 && ids.length === 0) return []
  const rows = await k
    .selectFrom('inspection')
    .leftJoin('inspection_image', 'inspection_image.position', 'inspection.position')
    .select([
      'inspection.position',
      'inspection.inspection_id',
      'inspection.station',
      'inspection.serial',
      'inspection.lot',
      'inspection.run_type',
      'inspection.recipe',
      'inspection.recipe_sha256',
      'inspection.result',
      'inspection.no_verdict',
      'inspection.ended_at',
      'inspection.record',
      'inspection.record_encoding',
      'inspection_image.sha256',
    ])
    .where((e) =>
      e.or([
        ...(positions.length > 0 ? [e('inspection.position', 'in', positions)] : []),
        ...(ids.length > 0 ? [e('inspection.inspection_id', 'in', ids)] : []),
      ]),
    )
    .execute()
  return rows.map((r) => {
    const { verdict, timing } = decodeRecord(r.record, r.record_encoding).outcome
    const highest: Record<string, number> = {}
    for (const f of verdict.findings)
      highest[f.tool] = Math.max(highest[f.tool] ?? Number.NEGATIVE_INFINITY, f.score)
    return {
      kind: 'part',
      position: r.position,
      inspectionId: r.inspection_id,
      station: r.station,
      serial: r.serial,
      lot: r.lot,
      runType: r.run_type,
      recipe: r.recipe,
      recipeSha256: r.recipe_sha256,
      result: r.result,
      unjudged: r.no_verdict !== null,
      at: r.ended_at,
      image: r.sha256,
      scores: verdict.scores,
      highest,
      ran: Object.keys(timing.toolsMs),
    }
  })
}
