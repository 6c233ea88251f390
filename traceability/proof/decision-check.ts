import type { QEvent, SqlDatabase } from '../../contracts/index.ts'
import type { Findings } from './report.ts'

interface Row {
  [column: string]: string | number | null
  position: number
  id: string
  subject: string
  at: string
  superseded_by: number | null
}

const DECIDED = 'qe.unit.dispositioned.v1'

/**
 * Compares what the tables say about decisions of people with the log. What was decided stands in the event itself;
 * which of the decisions stand is told by their rows, and a row that is gone or taken back would let a part go, or keep
 * it, without a word in the log.
 */
export function checkDecisions(db: SqlDatabase, findings: Findings): void {
  const rows = new Map(
    db
      .all<Row>(
        `select position, id, subject, at, superseded_by from trace_fact where kind = 'dispose' order by position`,
      )
      .map((row) => [row.id, row]),
  )
  const decided: { position: number; event: QEvent }[] = []
  const takenBack = new Map<string, number>()
  // The index of events by subject leaves inspections out, which are nearly all of them.
  for (const { position, json } of db.all<{ position: number; json: string }>(
    `select position, json from event where subject > '' and type <> 'qe.inspection.completed.v1'
       and type in ('${DECIDED}', 'qe.trace.retracted.v1') order by position`,
  )) {
    const event = parsed(json)
    if (event === null) continue
    const supersedes = (event.data as { supersedes?: unknown } | null)?.supersedes
    if (typeof supersedes === 'string') takenBack.set(supersedes, position)
    if (event.type === DECIDED) decided.push({ position, event })
  }
  for (const { position, event } of decided) {
    const at = { position, event: event.id, subject: event.subject }
    const row = rows.get(event.id)
    rows.delete(event.id)
    if (row === undefined) {
      findings.add('record', 'the decision is in the log and not in the table', at)
      continue
    }
    const columns: [string, unknown, unknown][] = [
      ['position', row.position, position],
      ['subject', row.subject, event.subject],
      ['at', row.at, event.time],
      ['superseded_by', row.superseded_by, takenBack.get(event.id) ?? null],
    ]
    for (const [name, column, member] of columns)
      if (column !== member)
        findings.add(
          'record',
          `${name} of the decision is ${String(column)} in the table and ${String(member)} in the log`,
          at,
        )
  }
  for (const { position, id, subject } of rows.values())
    findings.add('record', 'a decision without an event', { position, event: id, subject })
}

/** A text that is no event is told where the texts are checked. */
function parsed(json: string): QEvent | null {
  try {
    return JSON.parse(json) as QEvent
  } catch {
    return null
  }
}
