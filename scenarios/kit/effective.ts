import {
  inspectionCompletedSchema,
  verdictReviewedSchema,
  type InspectionCompleted,
  type PartDisposition,
  type QEvent,
  type VerdictReviewed,
} from '../../contracts/index.ts'
import { decide, decided, decidedOf } from './decided.ts'
import type { Effective, SqlTx } from './io.ts'

const SEVERITY_ORDER = { critical: 0, major: 1, minor: 2 } as const

/** Facts kept per inspection: enough to subtract the old contribution when a review comes. */
type Facts = Omit<Effective, 'reviewed' | 'defects'> & {
  defects: { id: string; classCode: string; severity: 'critical' | 'major' | 'minor' }[]
}
type Review = Pick<VerdictReviewed, 'after' | 'labels'>

/**
 * Stores what an inspection, a review or a decision changes and returns the contribution before and after. The latest
 * one delivered wins; order holds inside a partition, and an inspection and its reviews share one.
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
    const decision = decided(db, facts.inspectionId)
    return {
      ...(stored?.facts && { before: combine(stored.facts, review, decision) }),
      after: combine(facts, review, decision),
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
    const decision = decided(db, r.inspectionId)
    return {
      before: combine(stored.facts, stored.review, decision),
      after: combine(stored.facts, review, decision),
    }
  }
  const id = decidedOf(db, e)
  const before = id === null ? null : decided(db, id)
  decide(db, e)
  if (id === null) return {}
  const stored = load(db, id)
  if (!stored?.facts) return {}
  const { facts, review } = stored
  return { before: combine(facts, review, before), after: combine(facts, review, decided(db, id)) }
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

function combine(facts: Facts, review: Review | null, decision: PartDisposition | null): Effective {
  const plain = facts.defects.map(({ classCode, severity }) => ({ classCode, severity }))
  if (!review)
    return { ...facts, disposition: decision ?? facts.disposition, defects: plain, reviewed: false }
  const rank = (severity: keyof typeof SEVERITY_ORDER | null): number =>
    severity === null ? Infinity : SEVERITY_ORDER[severity]
  const labelled = review.labels
    .map((l) => ({
      classCode: l.classCode,
      severity:
        facts.defects.find((d) => d.id === l.defectId || d.classCode === l.classCode)?.severity ?? null,
    }))
    .sort((a, b) => (rank(a.severity) === rank(b.severity) ? 0 : rank(a.severity) - rank(b.severity)))
  return {
    ...facts,
    result: review.after,
    // A review settles the verdict, not where the part goes: one found good stays until a person lets it go, one
    // condemned late is on hold.
    disposition:
      decision ?? (review.after !== 'pass' && facts.disposition === 'release' ? 'hold' : facts.disposition),
    defects: review.after === 'pass' ? [] : labelled.length > 0 ? labelled : plain,
    reviewed: true,
  }
}
