import type { Kysely } from 'kysely'
import type { Measurement, Verdict } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { decodeRecord } from '../store/record-codec.ts'
import { templateOf } from './part-detail.ts'
import { type ImageRef, type PartRow, rowsAt } from './part-rows.ts'
import type { TraceTables } from './tables.ts'

/** One image of an inspection; its bytes lie under its hash. */
export interface LifeImage extends ImageRef {
  /** Of its bytes, below the address of the line's pages. */
  url: string
  role: 'frame' | 'golden'
  view: string
  /** Retention took the file; the hash stays proven. */
  deleted: boolean
}

/** One inspection in the life of a unit: what a list shows, and by what it was judged, where and by whom. */
export interface LifeInspection extends PartRow {
  recipeSha256: string
  shift: string
  images: LifeImage[]
  /** With their limits, each in its unit. */
  measurements: Measurement[]
  /** As they ran, by hash. */
  models: Verdict['models']
  /** Material in force, with its supplier where that is known. */
  material: { lot: string; supplier: string | null } | null
  /** Reference of who was signed on; null = nobody was. */
  operator: string | null
  /** Mould nest. */
  cavity: string | null
  /** Part holder. */
  fixture: string | null
  /** Rules that matched. */
  rules: string[]
  reviews: { at: string; reviewer: string; before: string; after: string; reason: string }[]
}

/**
 * @param positions of the inspections in the log
 * @returns oldest first
 */
export async function lifeInspections(
  k: Kysely<TraceTables>,
  positions: readonly number[],
  merged: IdentityMap,
): Promise<LifeInspection[]> {
  if (positions.length === 0) return []
  const rows = await rowsAt(k, positions, merged)
  const records = await k
    .selectFrom('inspection')
    .select(['position', 'record', 'record_encoding'])
    .where('position', 'in', positions)
    .execute()
  const images = await k
    .selectFrom('inspection_image')
    .innerJoin('image', 'image.sha256', 'inspection_image.sha256')
    .select(['position', 'view', 'image.sha256', 'width_px', 'height_px', 'deleted_at'])
    .where('position', 'in', positions)
    .orderBy('view')
    .execute()
  const ids = rows.map((r) => r.inspectionId)
  const reviews = await k
    .selectFrom('review')
    .select(['inspection_id', 'at', 'reviewer', 'before', 'after', 'reason'])
    .where('inspection_id', 'in', ids)
    .orderBy('position')
    .execute()
  const recordAt = new Map(records.map((r) => [r.position, r]))
  return rows.flatMap((row) => {
    const stored = recordAt.get(row.position)
    if (stored === undefined) return []
    const record = decodeRecord(stored.record, stored.record_encoding)
    const { verdict } = record.outcome
    const { lot, supplier, shift, operator = null } = record.context
    const frames = images
      .filter((i) => i.position === row.position)
      .map((i) => ({
        sha256: i.sha256,
        widthPx: i.width_px,
        heightPx: i.height_px,
        role: 'frame' as const,
        view: i.view,
        deleted: i.deleted_at !== null,
      }))
    const templates = templateOf(record).map((image) => ({ ...image, deleted: false }))
    return [
      {
        ...row,
        recipeSha256: verdict.recipeSha256,
        shift,
        images: [...frames, ...templates].map((i) => ({ ...i, url: `/api/images/${i.sha256}` })),
        measurements: verdict.measurements,
        models: verdict.models,
        material: lot === undefined ? null : { lot, supplier: supplier ?? null },
        operator,
        cavity: record.place?.cavity ?? null,
        fixture: record.place?.fixture ?? null,
        rules: verdict.trace.steps.filter((s) => s.matched).map((s) => s.rule),
        reviews: reviews
          .filter((r) => r.inspection_id === row.inspectionId)
          .map(({ at, reviewer, before, after, reason }) => ({ at, reviewer, before, after, reason })),
      },
    ]
  })
}
