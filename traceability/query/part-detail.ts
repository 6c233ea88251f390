import type { Kysely } from 'kysely'
import {
  type AssociatedRead,
  type I18n,
  type InspectOutcome,
  type QEvent,
  type RejectAck,
  type RejectCommand,
  type StageTiming,
  triggerSubject,
  type Verdict,
  type VerdictResult,
  type VerdictReviewed,
} from '../../contracts/index.ts'
import { type CaptureRecord, decodeRecord } from '../store/record-codec.ts'
import { type Edge, edgesAround, eventsOf, type LifeEvent, type Merges } from './part-life.ts'
import { type ImageRef, type PartRow, rowOf, rowsOfUnits } from './part-rows.ts'
import type { TraceTables } from './tables.ts'

/** Everything known about one inspection. */
export interface PartDetail {
  row: PartRow
  verdict: Verdict
  /** Read beside the camera and given to the part. */
  reads: AssociatedRead[]
  timing: StageTiming | null
  images: (ImageRef & { role: 'frame' | 'golden'; view: string })[]
  worker: string | null
  simulated: boolean
  /** File, URL or device of the frame. */
  source: string | null
  gate: { command: RejectCommand; ack: RejectAck }[]
  /** Results that came after the no-verdict had been given. */
  late: { at: string; result: VerdictResult; reasons: I18n[] }[]
  reviews: { at: string; reviewer: string; before: string; after: string; reason: string }[]
  /** Event of the one that is in force, null = none is. */
  review: string | null
  /** Inspections of the same unit, oldest first, this one included. */
  siblings: PartRow[]
  edges: Edge[]
  events: LifeEvent[]
}

const MAX_SIBLINGS = 200

export async function partDetail(
  k: Kysely<TraceTables>,
  inspectionId: string,
  { merged, changes }: Merges,
): Promise<PartDetail | null> {
  const row = await rowOf(k, inspectionId, merged)
  const stored = await storedRecord(k, inspectionId)
  if (row === null || stored === null) return null
  const { record } = stored
  const names = merged.names(stored.unit)
  const siblings = await rowsOfUnits(k, names, MAX_SIBLINGS, merged)
  return {
    row,
    verdict: record.outcome.verdict,
    reads: record.reads ?? [],
    timing: record.outcome.timing,
    images: [...(await imagesOf(k, row.position)), ...templateOf(record)],
    worker: record.outcome.worker,
    simulated: record.meta?.simulated ?? false,
    source: record.meta?.source ?? null,
    gate: await gateOf(k, inspectionId),
    late: await lateOf(k, inspectionId),
    reviews: await k
      .selectFrom('review')
      .select(['at', 'reviewer', 'before', 'after', 'reason'])
      .where('inspection_id', '=', inspectionId)
      .orderBy('position')
      .execute(),
    review: await reviewInForce(k, inspectionId),
    siblings,
    edges: await edgesAround(k, names, merged),
    events: await eventsOf(
      k,
      [`unit/${row.serial}`, `inspection/${inspectionId}`, triggerSubject(row)],
      siblings,
      changes(names),
    ),
  }
}

/** The whole capture but the pixels: what a replay of the verdict needs. */
export async function storedRecord(
  k: Kysely<TraceTables>,
  inspectionId: string,
): Promise<{ unit: string; record: CaptureRecord } | null> {
  const row = await k
    .selectFrom('inspection')
    .select(['unit', 'record', 'record_encoding'])
    .where('inspection_id', '=', inspectionId)
    .executeTakeFirst()
  return row ? { unit: row.unit, record: decodeRecord(row.record, row.record_encoding) } : null
}

/** It has the size of the frame: the pair was judged together. */
export const templateOf = ({ golden, meta, outcome }: CaptureRecord): PartDetail['images'] =>
  golden === undefined
    ? []
    : [
        {
          sha256: golden.sha256,
          widthPx: outcome.widthPx,
          heightPx: outcome.heightPx,
          role: 'golden',
          view: meta?.view ?? '',
        },
      ]

async function imagesOf(k: Kysely<TraceTables>, position: number): Promise<PartDetail['images']> {
  const rows = await k
    .selectFrom('inspection_image')
    .select(['view', 'sha256', 'width_px', 'height_px'])
    .where('position', '=', position)
    .orderBy('view')
    .execute()
  return rows.map((i) => ({
    sha256: i.sha256,
    widthPx: i.width_px,
    heightPx: i.height_px,
    role: 'frame',
    view: i.view,
  }))
}

async function gateOf(k: Kysely<TraceTables>, inspectionId: string): Promise<PartDetail['gate']> {
  const rows = await k
    .selectFrom('gate')
    .select(['command', 'ack'])
    .where('inspection_id', '=', inspectionId)
    .orderBy('at')
    .orderBy('id')
    .execute()
  return rows.map((g) => ({
    command: JSON.parse(g.command) as RejectCommand,
    ack: JSON.parse(g.ack) as RejectAck,
  }))
}

async function lateOf(k: Kysely<TraceTables>, inspectionId: string): Promise<PartDetail['late']> {
  const rows = await k
    .selectFrom('late_result')
    .select(['at', 'outcome'])
    .where('inspection_id', '=', inspectionId)
    .orderBy('at')
    .execute()
  return rows.map((l) => {
    const { verdict } = JSON.parse(l.outcome) as InspectOutcome
    return { at: l.at, result: verdict.result, reasons: verdict.reasons }
  })
}

async function reviewInForce(k: Kysely<TraceTables>, inspectionId: string): Promise<string | null> {
  const rows = await k
    .selectFrom('review')
    .innerJoin('event', 'event.position', 'review.position')
    .select(['event.id', 'event.json'])
    .where('review.inspection_id', '=', inspectionId)
    .orderBy('review.position')
    .execute()
  let inForce: string | null = null
  for (const { id, json } of rows) {
    const { retracts } = (JSON.parse(json) as QEvent<VerdictReviewed>).data
    if (retracts === undefined) inForce = id
    else if (retracts === inForce) inForce = null
  }
  return inForce
}
