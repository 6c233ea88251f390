import type { SqlDatabase } from '../../contracts/index.ts'
import type { Findings } from './report.ts'
import { eventsAt, positionsOf, type StatedEvent } from './stated-events.ts'
import { TABLE_WORDS } from './table-words.ts'

interface Row {
  [column: string]: string | number | null
  position: number
  id: string
  subject: string
}

/** Kind of a fact by the type of its event; a link says it itself. */
const KIND: Readonly<Record<string, string>> = {
  'ext.receipt.posted.v1': 'receive',
  'ext.shipment.moved.v1': 'ship',
  'ext.return.received.v1': 'return',
  'qe.unit.reworked.v1': 'rework',
  'qe.unit.reinspected.v1': 'reinspect',
  'qe.unit.dispositioned.v1': 'dispose',
  'qe.hold.placed.v1': 'hold',
  'qe.hold.released.v1': 'release',
  'ext.service.recorded.v1': 'use',
  'ext.complaint.received.v1': 'complain',
  'qe.trace.retracted.v1': 'retract',
}
const LINKED = 'qe.trace.linked.v1'
const REVIEWED = 'qe.verdict.reviewed.v1'
const DECIDED = 'qe.unit.dispositioned.v1'
const RETRACTED = 'qe.trace.retracted.v1'

/**
 * Compares what the tables say about facts, holds and reviews with the log. What people stated stands in the events; what
 * of it is in force is told by the rows, and a row that is gone or altered would let a part go, or keep it, without a
 * word in the log.
 */
export function checkFacts(db: SqlDatabase, findings: Findings): void {
  const told = (...types: string[]): Iterable<StatedEvent> => eventsAt(db, positionsOf(db, types))
  compareRows(
    db,
    'trace_fact',
    factRows(() => told(...Object.keys(KIND), LINKED)),
    findings,
  )
  compareRows(db, 'hold', holdRows(told('qe.hold.placed.v1', 'qe.hold.released.v1')), findings)
  compareRows(db, 'review', reviewRows(told(REVIEWED)), findings)
}

/** Of the plant store decisions alone: it calls stations otherwise, and ends holds by its own word. */
export function checkDecisions(db: SqlDatabase, findings: Findings): void {
  const decided = [...factRows(() => eventsAt(db, positionsOf(db, [DECIDED, RETRACTED])))]
  const disposed = decided.filter(({ columns }) => columns['kind'] === 'dispose')
  compareRows(db, `trace_fact where kind = 'dispose'`, disposed, findings)
}

/** Columns as they have to be, and the event that says so. */
interface Expected {
  columns: Row
  at: { position: number; event: string; subject: string }
}

const placeOf = ({ position, event }: StatedEvent): Expected['at'] => ({
  position,
  event: event.id,
  subject: event.subject,
})

/** @param told reads the events, twice: a log has more of them than memory should hold */
function* factRows(told: () => Iterable<StatedEvent>): Generator<Expected> {
  const takenBack = new Map<string, number>()
  for (const { position, event } of told())
    if (typeof event.data['supersedes'] === 'string') takenBack.set(event.data['supersedes'], position)
  for (const t of told()) {
    const { position, event } = t
    // Links were once told by the store itself, of nobody.
    const kind = event.type === LINKED ? event.data['by'] && event.data['kind'] : KIND[event.type]
    if (typeof kind !== 'string') continue
    const columns = {
      position,
      id: event.id,
      kind,
      subject: event.subject,
      at: event.time,
      superseded_by: takenBack.get(event.id) ?? null,
    }
    yield { columns, at: placeOf(t) }
  }
}

/** As the store places and ends holds (`store/hold-rows.ts`). */
function holdRows(told: Iterable<StatedEvent>): Expected[] {
  const holds: Expected[] = []
  for (const t of told) {
    const { position, event } = t
    const { by, reason } = event.data
    const origin = event.data['origin'] as { log?: unknown; hold?: unknown } | undefined
    const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
    if (event.type === 'qe.hold.placed.v1')
      holds.push({
        columns: {
          position,
          id: event.id,
          target: event.subject,
          subject: event.subject,
          reason: text(reason),
          placed_by: text(by),
          placed_at: event.time,
          origin_id: text(origin?.hold),
          origin_log: text(origin?.log),
          released_by: null,
          released_at: null,
          release_reason: null,
          release_log: null,
        },
        at: placeOf(t),
      })
    if (event.type !== 'qe.hold.released.v1') continue
    for (const { columns } of holds) {
      const meant =
        origin === undefined
          ? columns['target'] === event.subject
          : columns.id === origin.hold || columns['origin_id'] === origin.hold
      if (!meant || columns['released_at'] !== null) continue
      columns['released_by'] = text(by)
      columns['released_at'] = event.time
      columns['release_reason'] = text(reason)
      columns['release_log'] = text(origin?.log)
    }
  }
  return holds
}

function* reviewRows(told: Iterable<StatedEvent>): Generator<Expected> {
  for (const t of told) {
    const text = (name: string): string => String(t.event.data[name] ?? '')
    const columns = {
      position: t.position,
      id: t.event.id,
      subject: t.event.subject,
      inspection_id: text('inspectionId'),
      reviewer: text('reviewer'),
      before: text('before'),
      after: text('after'),
      reason: text('reason'),
      at: t.event.time,
    }
    yield { columns, at: placeOf(t) }
  }
}

function compareRows(db: SqlDatabase, from: string, expected: Iterable<Expected>, findings: Findings): void {
  const table = from.split(' ')[0] ?? from
  const rows = new Map(db.all<Row>(`select * from ${from} order by position`).map((row) => [keyOf(row), row]))
  for (const { columns, at } of expected) {
    const row = rows.get(keyOf(columns)) ?? rows.get(String(columns.position))
    if (row === undefined) {
      findings.add('record', TABLE_WORDS.notInTable(table), at)
      continue
    }
    rows.delete(keyOf(row))
    for (const [name, member] of Object.entries(columns))
      if (Object.hasOwn(row, name) && row[name] !== member)
        findings.add('record', TABLE_WORDS.inTable(table, name, row[name], member), at)
  }
  for (const row of rows.values())
    findings.add('record', TABLE_WORDS.noEvent(table), {
      position: row.position,
      event: row.id ?? null,
      subject: String(row['subject'] ?? row['target'] ?? ''),
    })
}

/** Reviews have no id of their own. */
const keyOf = (row: Row): string => (row['inspection_id'] === undefined ? row.id : String(row.position))
