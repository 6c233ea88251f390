import {
  CodedError,
  EPCIS_EVENT_DATA,
  FACT_EVENT_DATA,
  type GateNote,
  type InspectOutcome,
  NCR_EVENT_DATA,
  type QEvent,
  type SqlDatabase,
  verdictReviewedSchema,
} from '../../contracts/index.ts'
import type { EventAppender } from './event-appender.ts'
import { checkEvent } from './event-check.ts'

const GATE_FAILED = 'qe.gate.failed.v1'

/** A fact after the verdict; `id` makes a repeated delivery harmless. */
export interface Annotation {
  id: string
  at: string
  inspectionId: string
  note: { late?: InspectOutcome; gate?: GateNote }
}

/** Of a note that may have been read back from a file. @throws EVT_SCHEMA for an event that is no failure of the gate */
export function checkAnnotation({ note }: Annotation): void {
  const failed = note.gate?.failed
  if (failed === undefined) return
  if (failed.type !== GATE_FAILED)
    throw new CodedError('EVT_SCHEMA', { expected: GATE_FAILED, actual: failed.type })
  checkEvent(failed)
}

/** Kept beside the inspection, also when that one is still in the spool. */
export function writeAnnotation(
  db: SqlDatabase,
  events: Pick<EventAppender, 'find' | 'append'>,
  a: Annotation,
): void {
  const { gate, late } = a.note
  if (gate !== undefined) {
    db.run(
      `insert into gate (id, inspection_id, at, ok, command, ack) values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
      a.id,
      a.inspectionId,
      a.at,
      gate.ack.ok ? 1 : 0,
      JSON.stringify(gate.command),
      JSON.stringify(gate.ack),
    )
    if (gate.failed !== undefined) writeEvent(db, events, gate.failed)
  }
  if (late !== undefined) {
    db.run(
      `insert into late_result (id, inspection_id, at, result, outcome) values (?, ?, ?, ?, ?)
       on conflict do nothing`,
      a.id,
      a.inspectionId,
      a.at,
      late.verdict.result,
      JSON.stringify(late),
    )
  }
}

/** @throws EVT_SCHEMA; inspections come through capture, where record and event are one transaction */
export function checkEmitted(event: Omit<QEvent, 'sequence'>): void {
  if (event.type === 'qe.inspection.completed.v1') {
    throw new CodedError('EVT_SCHEMA', {
      expected: 'inspections to come through capture',
      actual: event.type,
      hint: 'the record and its event are one transaction',
    })
  }
  if (event.type in FACT_EVENT_DATA || event.type in EPCIS_EVENT_DATA) {
    throw new CodedError('EVT_SCHEMA', {
      expected: 'facts about parts to come through recordFact, EPCIS events through captureEpcis',
      actual: event.type,
      hint: 'edges and holds are made with the event in one transaction',
    })
  }
  if (event.type in NCR_EVENT_DATA) {
    throw new CodedError('EVT_SCHEMA', {
      expected: 'steps of nonconformance reports to come through recordNcrStep',
      actual: event.type,
      hint: 'each is checked against the steps before it',
    })
  }
  if (event.type === GATE_FAILED) {
    throw new CodedError('EVT_SCHEMA', {
      expected: 'what a gate did not take to come through annotate',
      actual: event.type,
      hint: 'what became of the command and its event are one transaction',
    })
  }
  if (event.type === 'qe.image.deleted.v1') {
    throw new CodedError('EVT_SCHEMA', {
      expected: 'deletions of images to come through deleteImages',
      actual: event.type,
      hint: 'an event without the deletion would explain an image that was taken away',
    })
  }
  checkEvent(event)
}

/** Appends a checked event; a review also becomes a row. The same (id, source) again is nothing new. */
export function writeEvent(
  db: SqlDatabase,
  events: Pick<EventAppender, 'find' | 'append'>,
  event: Omit<QEvent, 'sequence'>,
): void {
  if (events.find(event.id, event.source) !== null) return
  const { position } = events.append(event)
  if (event.type !== 'qe.verdict.reviewed.v1') return
  const review = verdictReviewedSchema.parse(event.data)
  db.run(
    'insert into review (position, inspection_id, reviewer, before, after, reason, at) values (?, ?, ?, ?, ?, ?, ?)',
    position,
    review.inspectionId,
    review.reviewer,
    review.before,
    review.after,
    review.reason,
    event.time,
  )
}
