import { type Kysely, sql } from 'kysely'
import type {
  Box,
  Disposition,
  I18n,
  NoVerdictReason,
  PartDisposition,
  Registration,
  Severity,
  VerdictResult,
} from '../../contracts/index.ts'
import { spelt } from '../genealogy/things.ts'
import type { IdentityMap } from '../identity/index.ts'
import { decisionsOf, type UnitDecision } from './decisions.ts'
import { condemnedInReview, gateDispositions } from './gate-disposition.ts'
import type { TraceTables } from './tables.ts'

export interface ImageRef {
  sha256: string
  widthPx: number
  heightPx: number
}

/** One inspection as lists show it. */
export interface PartRow {
  /** Position of its event in the log: the paging cursor. */
  position: number
  inspectionId: string
  station: string
  trigger: number
  attempt: number
  serial: string
  /** Canonical URI. */
  unit: string
  identifiedBy: 'code' | 'trigger'
  product: string
  lot: string | null
  result: VerdictResult
  /**
   * In force for the part as of this inspection: a person's decision, else what the gate did, else the verdict's; `hold`
   * for a part that was released and found bad in review since.
   */
  disposition: PartDisposition
  /** What the rules decided. */
  ruledDisposition: Disposition
  /** Who decided about the part after this inspection; null when nobody did. */
  decision: UnitDecision | null
  severity: Severity | null
  noVerdict: NoVerdictReason | null
  /** Of the verdict, and of the gate where it did something else. */
  reasons: I18n[]
  /** Condemned findings, at most 50 unless more are asked for; boxes in px of the part frame. */
  defects: { class: string; score: number; box: Box }[]
  /** How many there are; absent where these are all. */
  defectCount?: number
  image: ImageRef | null
  registration: Registration | null
  recipe: string
  /** When it was judged, RFC 3339, UTC. */
  at: string
  totalMs: number
  budgetMs: number
}

const MAX_DEFECTS = 50

const COLUMNS = [
  'position',
  'inspection_id',
  'station',
  'trigger_number',
  'attempt',
  'serial',
  'unit',
  'identified_by',
  'product',
  'lot',
  'result',
  'disposition',
  'severity',
  'no_verdict',
  'recipe',
  'ended_at',
  'total_ms',
  'budget_ms',
  'reasons',
  'registration',
] as const

export interface PartFilter {
  limit: number
  /** Only rows before this log position; absent = from the newest. */
  beforePosition?: number
  /** Only rows after this log position, and then the oldest of them, in their order. */
  afterPosition?: number
  /** In a plant alone: that of the stations. */
  line?: string
  station?: string
  result?: VerdictResult
  /** With a condemned finding of the class. */
  class?: string
  /** Of units that are linked to a lot of this name, or to one that was merged with it; that of their material too. */
  lot?: string
  /** Judging began from this time (inclusive) to another (exclusive), RFC 3339 UTC. */
  from?: string
  to?: string
  /** Inspections by their id: only what stands in the log from the one (inclusive) to the other (inclusive). */
  first?: string
  last?: string
}

/** Newest first, or the oldest behind a position. */
export async function recentRows(
  k: Kysely<TraceTables>,
  f: PartFilter,
  merged: IdentityMap,
): Promise<PartRow[]> {
  const order = f.afterPosition === undefined ? 'desc' : 'asc'
  let q = k.selectFrom('inspection').select(COLUMNS).orderBy('position', order).limit(f.limit)
  if (f.afterPosition !== undefined) q = q.where('position', '>', f.afterPosition)
  if (f.line !== undefined) q = q.where(sql<string>`split_part(station, '.', 1)`, '=', f.line)
  if (f.beforePosition !== undefined) q = q.where('position', '<', f.beforePosition)
  // As the index has it that keeps the parts of a station in the order of the log.
  if (f.station !== undefined) q = q.where(sql<string>`station || ''`, '=', f.station)
  if (f.result !== undefined) q = q.where('result', '=', f.result)
  if (f.from !== undefined) q = q.where('started_at', '>=', f.from)
  if (f.to !== undefined) q = q.where('started_at', '<', f.to)
  const positionOf = (id: string) =>
    k.selectFrom('inspection').select('position').where('inspection_id', '=', id)
  if (f.first !== undefined) q = q.where('position', '>=', positionOf(f.first))
  if (f.last !== undefined) q = q.where('position', '<=', positionOf(f.last))
  const { class: name } = f
  if (name !== undefined)
    // Of the defects, which are few, to their parts: part after part a class that is rare would be looked for in all.
    q = q.where('position', 'in', k.selectFrom('defect').select('position').where('class', '=', name))
  if (f.lot !== undefined) {
    const named = k
      .selectFrom('material_lot')
      .select('uri')
      .where('lot', 'in', [f.lot, spelt(f.lot)])
    const lots = merged.namesOfAll((await named.execute()).map((row) => row.uri))
    if (lots.length === 0) return []
    const linked = k
      .selectFrom('edge')
      .innerJoin('inspection as i', 'i.unit', 'edge.child')
      .select('i.position')
      .where('edge.parent', 'in', lots)
    q = q.where('position', 'in', linked)
  }
  return complete(k, await q.execute(), merged)
}

/** Rows of the units, oldest first. */
export async function rowsOfUnits(
  k: Kysely<TraceTables>,
  units: readonly string[],
  limit: number,
  merged: IdentityMap,
): Promise<PartRow[]> {
  if (units.length === 0) return []
  const rows = await k
    .selectFrom('inspection')
    .select(COLUMNS)
    .where('unit', 'in', units)
    .orderBy('position')
    .limit(limit)
    .execute()
  return complete(k, rows, merged)
}

/** Rows at positions of the log, oldest first. */
export async function rowsAt(
  k: Kysely<TraceTables>,
  positions: readonly number[],
  merged: IdentityMap,
): Promise<PartRow[]> {
  if (positions.length === 0) return []
  const rows = await k
    .selectFrom('inspection')
    .select(COLUMNS)
    .where('position', 'in', positions)
    .orderBy('position')
    .execute()
  return complete(k, rows, merged)
}

/** @param maxDefects of its condemned findings, in their order */
export async function rowOf(
  k: Kysely<TraceTables>,
  inspectionId: string,
  merged: IdentityMap,
  maxDefects = MAX_DEFECTS,
): Promise<PartRow | null> {
  const rows = await k
    .selectFrom('inspection')
    .select(COLUMNS)
    .where('inspection_id', '=', inspectionId)
    .execute()
  return (await complete(k, rows, merged, maxDefects))[0] ?? null
}

type Selected = Pick<TraceTables['inspection'], (typeof COLUMNS)[number]>

/** Adds defects, image and gate of all rows with one query each. */
async function complete(
  k: Kysely<TraceTables>,
  rows: readonly Selected[],
  merged: IdentityMap,
  maxDefects = MAX_DEFECTS,
): Promise<PartRow[]> {
  if (rows.length === 0) return []
  const positions = rows.map((r) => r.position)
  const defects = await k
    .selectFrom('defect')
    .select(['position', 'class', 'score', 'x1', 'y1', 'x2', 'y2'])
    .where('position', 'in', positions)
    .orderBy('position')
    .orderBy('n')
    .execute()
  const images = await k
    .selectFrom('inspection_image')
    .select(['position', 'sha256', 'width_px', 'height_px'])
    .where('position', 'in', positions)
    .execute()
  const ids = rows.map((r) => r.inspection_id)
  const served = await gateDispositions(k, ids)
  const condemned = await condemnedInReview(k, ids)
  const decided = await decisionsOf(
    k,
    rows.map((r) => r.unit),
    merged,
  )
  const imageAt = new Map(images.map((i) => [i.position, i]))
  const defectsAt = new Map<number, PartRow['defects']>()
  for (const d of defects) {
    const list = defectsAt.get(d.position) ?? []
    list.push({ class: d.class, score: d.score, box: [d.x1, d.y1, d.x2, d.y2] })
    defectsAt.set(d.position, list)
  }
  return rows.map((r) => {
    const image = imageAt.get(r.position)
    const gate = served.get(r.inspection_id)
    const moved = gate?.disposition ?? r.disposition
    const decision = decided.get(r.inspection_id) ?? null
    const all = defectsAt.get(r.position) ?? []
    return {
      position: r.position,
      inspectionId: r.inspection_id,
      station: r.station,
      trigger: r.trigger_number,
      attempt: r.attempt,
      serial: r.serial,
      unit: r.unit,
      identifiedBy: r.identified_by,
      product: r.product,
      lot: r.lot,
      result: r.result,
      disposition:
        decision?.disposition ?? (moved === 'release' && condemned.has(r.inspection_id) ? 'hold' : moved),
      ruledDisposition: r.disposition,
      decision,
      severity: r.severity,
      noVerdict: r.no_verdict as NoVerdictReason | null,
      reasons: [...(JSON.parse(r.reasons) as I18n[]), ...(gate?.reason ? [gate.reason] : [])],
      defects: all.slice(0, maxDefects),
      ...(all.length > maxDefects && { defectCount: all.length }),
      image: image ? { sha256: image.sha256, widthPx: image.width_px, heightPx: image.height_px } : null,
      registration: r.registration === null ? null : (JSON.parse(r.registration) as Registration),
      recipe: r.recipe,
      at: r.ended_at,
      totalMs: r.total_ms,
      budgetMs: r.budget_ms,
    }
  })
}
