import type { SqlDatabase, TriggerBalance } from '../../contracts/index.ts'
import type { RunningTotals } from './running-totals.ts'

type Judged = { station: string; verdicts: number; noVerdicts: number }
type Span = { station: string; first: number; last: number; open: number }

/**
 * The audit of triggers = verdicts + explained no-verdicts + open, from independent counts: triggers from the span of
 * the station's counter, verdicts and no-verdicts from the last attempt recorded per trigger, open ones from the
 * announcements. A number that was skipped, or closed without a record, leaves the balance unclosed; it says how many, and
 * which jumps of the counter are the reason.
 *
 * @param from triggers announced at or after this time, RFC 3339; absent = all
 */
export function triggerBalance(db: SqlDatabase, totals: RunningTotals, from?: string): TriggerBalance[] {
  const spans = from === undefined ? allSpans(db) : spansSince(db, from)
  const judged = from === undefined ? allJudged(db, totals) : judgedSince(db, from)
  return spans.map(({ station, first, last, open }) => {
    const triggers = last - first + 1
    const of = judged.find((j) => j.station === station)
    const verdicts = of?.verdicts ?? 0
    const noVerdicts = of?.noVerdicts ?? 0
    const unexplained = triggers - verdicts - noVerdicts - open
    const balance = { station, triggers, verdicts, noVerdicts, open, closed: unexplained === 0 }
    if (unexplained === 0) return balance
    const gaps = refusedGaps(db, station, first, last)
    return { ...balance, unexplained, ...(gaps.length === 0 ? {} : { gaps }) }
  })
}

/** Jumps that were not closed because no stop explains them. */
function refusedGaps(
  db: SqlDatabase,
  station: string,
  first: number,
  last: number,
): NonNullable<TriggerBalance['gaps']> {
  return db
    .all<{ first: number; last: number }>(
      'select first, last from trigger_gap where station = ? and last >= ? and first <= ? order by first limit 100',
      station,
      first,
      last,
    )
    .map((g) => ({ first: g.first, last: g.last }))
}

function spansSince(db: SqlDatabase, from: string): Span[] {
  return db.all<Span>(
    `select station, min(number) as first, max(number) as last, sum(state = 'open') as open
     from part_trigger where at >= ? group by station order by station`,
    from,
  )
}

function judgedSince(db: SqlDatabase, from: string): Judged[] {
  return db.all<Judged>(
    `select i.station, sum(i.no_verdict is null) as verdicts, sum(i.no_verdict is not null) as noVerdicts
     from part_trigger t join inspection i on i.station = t.station and i.trigger_number = t.number
     where t.at >= ? and i.attempt = (select max(attempt) from inspection j
       where j.station = i.station and j.trigger_number = i.trigger_number)
     group by i.station`,
    from,
  )
}

/** Walks from station to station in the key instead of over all triggers. */
function allSpans(db: SqlDatabase): Span[] {
  return db.all<Span>(
    `with recursive s (station) as (
       select min(station) from part_trigger
       union all
       select (select min(station) from part_trigger where station > s.station) from s where s.station is not null
     )
     select station,
       (select min(number) from part_trigger t where t.station = s.station) as first,
       (select max(number) from part_trigger t where t.station = s.station) as last,
       (select count(*) from part_trigger t where t.station = s.station and t.state = 'open') as open
     from s where station is not null`,
  )
}

function allJudged(db: SqlDatabase, totals: RunningTotals): Judged[] {
  const judged = new Map<string, Judged>()
  const add = (station: string, noVerdict: boolean, count: number): void => {
    const j = judged.get(station) ?? { station, verdicts: 0, noVerdicts: 0 }
    j[noVerdict ? 'noVerdicts' : 'verdicts'] += count
    judged.set(station, j)
  }
  for (const t of totals.read()) add(t.station, t.noVerdict !== null, t.count)
  const superseded = db.all<{ station: string; missing: number; count: number }>(
    `select i.station, i.no_verdict is not null as missing, count(*) as count
     from (select distinct station, trigger_number from inspection where attempt > 1) a
     join inspection i on i.station = a.station and i.trigger_number = a.trigger_number
     where i.attempt < (select max(attempt) from inspection j
       where j.station = i.station and j.trigger_number = i.trigger_number)
     group by i.station, missing`,
  )
  for (const s of superseded) add(s.station, s.missing === 1, -s.count)
  return [...judged.values()]
}
