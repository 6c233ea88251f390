import type { SqlDatabase } from '../../contracts/index.ts'
import { WORDS } from './finding-words.ts'
import type { Findings } from './report.ts'

/**
 * What the gate did not take stands in the log and beside the inspection, written in one transaction: the row must say
 * so, too, and no other that the part was served. What the gate took is in no event.
 */
export function checkGateFailures(db: SqlDatabase, findings: Findings): void {
  for (const { position, event, subject, trigger, served, told } of db.all<Row>(FAILURES)) {
    if (told === 1 && served === 0) continue
    findings.add('record', WORDS.gate(trigger, served === 1), { position, event, subject })
  }
}

type Row = {
  position: number
  event: string
  subject: string
  trigger: number
  served: number
  told: number
}

/** Asked by subject: an index without inspections, which are nearly all events, tells it. */
export const FAILURES = `
  select f.position, f.id as event, f.subject, f.data ->> 'trigger' as "trigger",
      exists (select 1 from gate g where g.inspection_id = f.data ->> 'inspectionId' and g.ok = 1) as served,
      exists (select 1 from gate g where g.inspection_id = f.data ->> 'inspectionId' and g.ok = 0
        and g.command ->> 'action' = f.data ->> 'action' and g.ack ->> 'code' = f.data ->> 'code') as told
    from (
      select e.position, e.id, e.subject, e.json -> 'data' as data from event e
        where e.type <> 'qe.inspection.completed.v1' and e.type = 'qe.gate.failed.v1'
          and e.subject >= 'inspection/' and e.subject < 'inspection0'
    ) f`
