import type { I18n, SqlDatabase } from '../../contracts/index.ts'
import { type Findings, foundRows } from './report.ts'
import { TABLE_WORDS } from './table-words.ts'

type Row = { station: string; number: number; last: number; position: number | null }

const COUNTED = `t.station = i.station and t.attempt in (1, i.attempt) and t.number = i.trigger_number`
const AUDITED = `from trigger_audit a where a.station = g.station and a.attempt = g.attempt`

interface Check {
  sql: string
  /** Says with one row that `sql` has none, at a fraction of its cost: so it is in nearly every store. */
  none?: string
  detail(row: Row): I18n
}

/** As many records as judged triggers, each the trigger of a record by count and number: both are keys. */
const ALL_JUDGED = `select 1 from (select count(*) as n from inspection) records, (
    select count(*) as n from part_trigger where state = 'judged') judged
  where records.n = judged.n and records.n = (
    select count(*) from inspection i cross join part_trigger t
      on t.station = i.station and t.attempt = i.attempt and t.number = i.trigger_number where t.state = 'judged')`

/** A count with as many numbers as lie between its ends. */
const NO_JUMP = `select 1 where not exists (select 1 from part_trigger
  group by station, attempt having count(*) <> max(number) - min(number) + 1)`

/**
 * What is wrong with the tables of the balance of triggers, by the records. Numbers of before version 7 of the store stand
 * in their first count, whichever the record names.
 */
const CHECKS: readonly Check[] = [
  {
    sql: `select i.position, i.station, i.trigger_number as number, 0 as last from inspection i
      where not exists (select 1 from part_trigger t where ${COUNTED} and t.state = 'judged')`,
    none: ALL_JUDGED,
    detail: ({ number }) => TABLE_WORDS.notJudged(number),
  },
  {
    sql: `select null as position, t.station, t.number, 0 as last from part_trigger t where t.state = 'judged'
      and not exists (select 1 from inspection i where i.station = t.station and i.trigger_number = t.number)`,
    none: ALL_JUDGED,
    detail: ({ number }) => TABLE_WORDS.judgedOfNone(number),
  },
  {
    // Who closes what a stop interrupted, which has no budget, notes how far the count was gone through. Asked from the few
    // parts without a verdict, which an index tells.
    sql: `select i.position, i.station, i.trigger_number as number, 0 as last
      from (select position from inspection where result = 'inconclusive') n cross join inspection i on i.position = n.position
      where i.no_verdict = 'interrupted' and i.budget_ms = 0 and not exists (
        select 1 from trigger_audit a where a.station = i.station and a.attempt in (1, i.attempt))`,
    detail: ({ number }) => TABLE_WORDS.notAudited(number),
  },
  {
    sql: `select null as position, g.station, g.first as number, g.last from trigger_gap g
      where not exists (select 1 ${AUDITED} and a.high > g.last)`,
    detail: ({ number, last }) => TABLE_WORDS.gapInNoCount(number, last),
  },
  {
    sql: `select null as position, g.station, g.low as number, g.high as last from trigger_audit g
      where (select count(*) from part_trigger t where t.station = g.station and t.attempt = g.attempt
        and t.number in (g.low, g.high)) < iif(g.low = g.high, 1, 2)`,
    detail: ({ number, last }) => TABLE_WORDS.auditUnknown(number, last),
  },
  {
    // Within a count that was gone through every number was judged or closed, is open, or is part of a jump.
    sql: `select null as position, g.station, g.number + 1 as number, g.next - 1 as last from (
        select t.station, t.attempt, t.number, lead(t.number) over (partition by t.station, t.attempt order by t.number) as next
        from part_trigger t) g
      where g.next > g.number + 1 and exists (select 1 ${AUDITED} and a.low <= g.number and a.high >= g.next)
        and not exists (select 1 from trigger_gap j where j.station = g.station and j.attempt = g.attempt
          and j.first <= g.number + 1 and j.last >= g.next - 1)`,
    none: NO_JUMP,
    detail: ({ number, last }) => TABLE_WORDS.neither(number, last),
  },
]

/** Compares the tables of the balance of triggers with the records and with each other. */
export function checkTriggers(db: SqlDatabase, findings: Findings): void {
  const nothing = new Map([ALL_JUDGED, NO_JUMP].map((sql) => [sql, db.get(sql) !== undefined]))
  for (const { sql, none, detail } of CHECKS) {
    if (none !== undefined && nothing.get(none) === true) continue
    for (const row of foundRows<Row>(db, findings, sql).sort((a, b) => (a.position ?? 0) - (b.position ?? 0)))
      findings.add('record', detail(row), { position: row.position, subject: row.station })
  }
}
