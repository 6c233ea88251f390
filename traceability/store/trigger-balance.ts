import type { SqlDatabase, TriggerBalance } from '../../contracts/index.ts'
import type { RunningTotals } from './running-totals.ts'

type Judged = { station: string; verdicts: number; noVerdicts: number }
type Triggers = { station: string; triggers: number; open: number }
/** From inclusive to exclusive, RFC 3339 UTC. */
type Range = readonly [from: string, to: string]

/** Before and after every time of a record. */
const [EVER, NEVER] = ['0', '9999']

/**
 * The audit of triggers = verdicts + explained no-verdicts + open, from independent counts: triggers from the numbers that
 * the station's counter went through, verdicts and no-verdicts from the last attempt recorded per trigger, open ones from
 * the announcements. A number that was skipped, or closed without a record, leaves the balance unclosed; it says how many,
 * and which jumps of the counter are the reason.
 *
 * A part counts where its trigger lies, whenever it was judged, and a skipped number where the next known one does. So the
 * balances of times that follow one another sum up to that of all.
 *
 * @param from triggers at or after this time, RFC 3339 UTC; absent = all
 * @param to   and before this one; absent = all
 */
export function triggerBalance(
  db: SqlDatabase,
  totals: RunningTotals,
  from?: string,
  to?: string,
): TriggerBalance[] {
  const range: Range | null = from === undefined && to === undefined ? null : [from ?? EVER, to ?? NEVER]
  const judged = range === null ? allJudged(db, totals) : judgedWithin(db, range)
  return (range === null ? allTriggers(db) : triggersWithin(db, range)).map((t) => {
    const of = judged.find((j) => j.station === t.station)
    const verdicts = of?.verdicts ?? 0
    const noVerdicts = of?.noVerdicts ?? 0
    const unexplained = t.triggers - verdicts - noVerdicts - t.open
    const balance = {
      station: t.station,
      triggers: t.triggers,
      verdicts,
      noVerdicts,
      open: t.open,
      closed: unexplained === 0,
    }
    if (unexplained === 0) return balance
    const gaps = refusedGaps(db, t.station, range ?? [EVER, NEVER])
    return { ...balance, unexplained, ...(gaps.length === 0 ? {} : { gaps }) }
  })
}

/** Jumps that were not closed because no stop explains them. */
function refusedGaps(
  db: SqlDatabase,
  station: string,
  [from, to]: Range,
): NonNullable<TriggerBalance['gaps']> {
  return db
    .all<{ first: number; last: number }>(
      `select g.first, g.last from trigger_gap g
       join part_trigger t on t.station = g.station and t.number = (
         select min(n.number) from part_trigger n where n.station = g.station and n.number > g.last)
       where g.station = ? and t.at >= ? and t.at < ? order by g.first limit 100`,
      station,
      from,
      to,
    )
    .map((g) => ({ first: g.first, last: g.last }))
}

function triggersWithin(db: SqlDatabase, range: Range): Triggers[] {
  const known = db.all<{ station: string; count: number; first: number; last: number }>(
    `select station, count(*) as count, min(number) as first, max(number) as last
     from part_trigger where at >= ? and at < ? group by station order by station`,
    ...range,
  )
  // The plus keeps the query on the index of the open ones, which are few.
  const open = db.all<{ station: string; count: number }>(
    `select station, count(*) as count from part_trigger
     where state = 'open' and +at >= ? and +at < ? group by station`,
    ...range,
  )
  return known.map(({ station, count, first, last }) => ({
    station,
    triggers:
      last - first + 1 === count ? count + skippedBefore(db, station, first) : passed(db, station, range),
    open: open.find((o) => o.station === station)?.count ?? 0,
  }))
}

/** Numbers that the counter passed on its way to this one, from the next lower one that is known. */
function skippedBefore(db: SqlDatabase, station: string, number: number): number {
  const before = db.get<{ number: number | null }>(
    'select max(number) as number from part_trigger where station = ? and number < ?',
    station,
    number,
  )?.number
  return before === null || before === undefined ? 0 : number - before - 1
}

/** Of numbers with jumps, or with numbers of other times, between them. */
function passed(db: SqlDatabase, station: string, [from, to]: Range): number {
  const row = db.get<{ passed: number }>(
    `with known as (
       select number, lag(number) over (order by number) as before
       from part_trigger where at >= ? and at < ? and station = ?
     )
     select cast(sum(case when before = number - 1 then 1 else number - coalesce(
       (select max(p.number) from part_trigger p where p.station = ? and p.number < known.number), number - 1
     ) end) as bigint) as passed from known`,
    from,
    to,
    station,
    station,
  )
  return row?.passed ?? 0
}

function judgedWithin(db: SqlDatabase, [from, to]: Range): Judged[] {
  return db.all<Judged>(
    `select i.station, sum(i.no_verdict is null) as verdicts, sum(i.no_verdict is not null) as noVerdicts
     from part_trigger t join inspection i on i.station = t.station and i.trigger_number = t.number
     where t.at >= ? and t.at < ? and i.attempt = (select max(attempt) from inspection j
       where j.station = i.station and j.trigger_number = i.trigger_number)
     group by i.station`,
    from,
    to,
  )
}

/** Walks from station to station in the key instead of over all triggers. */
function allTriggers(db: SqlDatabase): Triggers[] {
  return db.all<Triggers>(
    `with recursive s (station) as (
       select min(station) from part_trigger
       union all
       select (select min(station) from part_trigger where station > s.station) from s where s.station is not null
     )
     select station,
       (select max(number) from part_trigger t where t.station = s.station)
         - (select min(number) from part_trigger t where t.station = s.station) + 1 as triggers,
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
