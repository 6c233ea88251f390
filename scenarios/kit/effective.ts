import {
  inspectionCompletedSchema,
  verdictReviewedSchema,
  type InspectionCompleted,
  type QEvent,
  type VerdictReviewed,
} from '../../contracts/index.ts'
import type { Effective, SqlTx } from './io.ts'

const SEVERITY_ORDER = { critical: 0, major: 1, minor: 2 } as const

/** Facts kept per inspection: enough to subtract the old contribution when a review comes. */
type Facts = Omit<Effective, 'reviewed' | 'defects'> & {
  defects: { id: string; classCode: string; severity: 'critical' | 'major' | 'minor' }[]
}
type Review = Pick<VerdictReviewed, 'after' | 'labels'>

/**
 * Stores what an inspection or a review changes and returns the contribution before and after. The latest review
 * delivered wins; order holds inside a partition, and an inspection and its reviews share one.
 */
export function applyEffective(db: SqlTx, e: QEvent): { before?: Effective; after?: Effective } {
  if (e.type === 'qe.inspection.completed.v1') {
    const facts = factsOf(inspectionCompletedSchema.parse(e.data), e.time)
    const stored = load(db, facts.inspectionId)
    db.run(
      `insert into _effective(inspection_id, facts) values(?, ?)
       on conflict(inspection_id) do update set facts = excluded.facts`,
      facts.inspectionId,
      JSON.stringify(facts),
    )
    const review = stored?.review ?? null
    return {
      ...(stored?.facts && { before: combine(stored.facts, review) }),
      after: combine(facts, review),
    }
  }
  if (e.type === 'qe.verdict.reviewed.v1') {
    const r = verdictReviewedSchema.parse(e.data)
    const stored = load(db, r.inspectionId)
    const review: Review = { after: r.after, labels: r.labels }
    db.run(
      `insert into _effective(inspection_id, review) values(?, ?)
       on conflict(inspection_id) do update set review = excluded.review`,
      r.inspectionId,
      JSON.stringify(review),
    )
    if (!stored?.facts) return {}
    return { before: combine(stored.facts, stored.review), after: combine(stored.facts, review) }
  }
  return {}
}

function load(db: SqlTx, id: string): { facts: Facts | null; review: Review | null } | undefined {
  const row = db.get<{ facts: string | null; review: string | null }>(
    `select facts, review from _effective where inspection_id = ?`,
    id,
  )
  if (!row) return undefined
  return {
    facts: row.facts === null ? null : (JSON.parse(row.facts) as Facts),
    review: row.review === null ? null : (JSON.parse(row.review) as Review),
  }
}

function factsOf(d: InspectionCompleted, at: string): Facts {
  const worst = [...d.defects].sort(
    (a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] || b.confidence - a.confidence,
  )
  return {
    inspectionId: d.inspectionId,
    runType: d.runType,
    simulated: d.simulated,
    serial: d.unit.serial,
    reworkCount: d.unit.reworkCount,
    product: d.unit.product,
    lot: d.unit.lot,
    plant: d.place.plant,
    line: d.place.line,
    station: d.place.station,
    result: d.verdict.result,
    disposition: d.verdict.disposition,
    defects: worst.map(({ id, classCode, severity }) => ({ id, classCode, severity })),
    at,
  }
}

function combine(facts: Facts, review: Review | null): Effective {
  const plain = facts.defects.map(({ classCode, severity }) => ({ classCode, severity }))
  if (!review) return { ...facts, defects: plain, reviewed: false }
  const labelled = review.labels.map((l) => ({
    classCode: l.classCode,
    severity: facts.defects.find((d) => d.id === l.defectId || d.classCode === l.classCode)?.severity ?? null,
  }))
  return {
    ...facts,
    result: review.after,
    // A review settles the verdict, not where the part goes: a part condemned late is on hold until dispositioned.
    disposition:
      review.after === 'pass' ? 'release' : facts.result === review.after ? facts.disposition : 'hold',
    defects: review.after === 'pass' ? [] : labelled.length > 0 ? labelled : plain,
    reviewed: true,
  }
}
