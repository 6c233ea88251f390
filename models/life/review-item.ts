import type { SqlRow, VerdictResult } from '../../contracts/index.ts'
import type { Sample } from './sampling.ts'

/** A part that a person looks at, or looked at. */
export interface ReviewItem {
  inspectionId: string
  position: number
  station: string
  recipe: string
  serial: string
  lot: string | null
  /** What the line decided. */
  result: VerdictResult
  samples: Sample[]
  at: string
  image: string | null
  /** What the person decided; `inconclusive` = it cannot be told. Null = nobody yet. */
  verdict: VerdictResult | null
  reviewer: string | null
  reason: string | null
  reviewedAt: string | null
  /** Event of the decision in force. */
  reviewId: string | null
}

export interface ItemRow extends SqlRow {
  inspection_id: string
  position: number
  station: string
  recipe: string
  serial: string
  lot: string | null
  result: string
  samples: string
  at: string
  image: string | null
  verdict: string | null
  reviewer: string | null
  reason: string | null
  reviewed_at: string | null
  review_id: string | null
}

export const itemOf = (r: ItemRow): ReviewItem => ({
  inspectionId: r.inspection_id,
  position: r.position,
  station: r.station,
  recipe: r.recipe,
  serial: r.serial,
  lot: r.lot,
  result: r.result as VerdictResult,
  samples: r.samples.split(' ') as Sample[],
  at: r.at,
  image: r.image,
  verdict: r.verdict as VerdictResult | null,
  reviewer: r.reviewer,
  reason: r.reason,
  reviewedAt: r.reviewed_at,
  reviewId: r.review_id,
})
