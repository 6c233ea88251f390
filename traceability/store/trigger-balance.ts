import type { SqlDatabase, TriggerBalance } from '../../contracts/index.ts'
import type { RunningTotals } from './running-totals.ts'
import type { SpooledTrigger } from './spooled-triggers.ts'
import { lastTrigger } from './trigger-ledger.ts'

type Judged = { station: string; verdicts: number; noVerdicts: number }
/** Numbers of one count. */
type Known = { station: string; attempt: number; count: number; first: number; last: number }
type Triggers = { station: string; triggers: number; open: number }
/** From inclusive to exclusive, RFC 3339 UTC. */
type Range = readonly [from: string, to: string]

/** Before and after every time of a record. */
const [EVER, NEVER] = ['0', '9999']

/**
 * The audit of triggers = verdicts + explained no-verdicts + open, from independent counts: triggers from the numbers that
 * the station's counter went through, each time that it began anew, verdicts and no-verdicts from the records, open ones
 * from the announcements. A number that was skipped, or closed without a record, leaves the balance unclosed; it says how
 * many, and which jumps of the counter are the reason.
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

/**
 * How many of the numbers that the counter of a station skipped in a time are not written yet: a later one went before
 * them.
 */
export function overtaken(
  db: SqlDatabase,
  station: string,
  unwritten: readonly SpooledTrigger[],
  from = EVER,
  to = NEVER,
): number {
  const found = new Set<string>()
  for (const a of unwritten.filter((u) => u.station === station)) {
    const attempt = a.attempt ?? lastTrigger(db, station)?.attempt ?? 1
    const near = db.get<{ before: number | null; number: number; at: string }>(
      `select number, at, (select max(number) from part_trigger
         where station = ?1 and attempt = ?2 and number < ?3) as before
       from part_trigger where station = ?1 and attempt = ?2 and number >= ?3 order by number limit 1`,
      station,
      attempt,
      a.trigger,
    )
    if (near === undefined || near.before === null || near.number === a.trigger) continue
    if (near.at >= from && near.at < to) found.add(`${attempt} ${a.trigger}`)
  }
  return found.size
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
       join part_trigger t on t.station = g.station and t.attempt = g.attempt and t.number = (
         select min(n.number) from part_trigger n
         where n.station = g.station and n.attempt = g.attempt and n.number > g.last)
       where g.station = ? and t.at >= ? and t.at < ? order by g.first limit 100`,
      station,
      from,
      to,
    )
    .map((g) => ({ first: g.first, last: g.last }))
}

function triggersWithin(db: SqlDatabase, range: Range): Triggers[] {
  const known = db.all<Known>(
    `select station, attempt, count(*) as count, min(number) as first, max(number) as last
     from part_trigger where at >= ? and at < ? group by station, attempt order by station, attempt`,
    ...range,
  )
  // The plus keeps the query on the index of the open ones, which are few.
  const open = db.all<{ station: string; count: number }>(
    `select station, count(*) as count from part_trigger
     where state = 'open' and +at >= ? and +at < ? group by station`,
    ...range,
  )
  const triggers = new Map<string, number>()
  for (const k of known) {
    const whole = k.last - k.first + 1 === k.count
    const own = whole ? k.count + skippedBefore(db, k) : passed(db, k, range)
    triggers.set(k.station, (triggers.get(k.station) ?? 0) + own)
  }
  return [...triggers].map(([station, count]) => ({
    station,
    triggers: count,
    open: open.find((o) => o.station === station)?.count ?? 0,
  }))
}

/** Numbers that the counter passed on its way to this one, from the next lower one that is known. */
function skippedBefore(db: SqlDatabase, { station, attempt, first }: Known): number {
  const before = db.get<{ number: number | null }>(
    'select max(number) as number from part_trigger where station = ? and attempt = ? and number < ?',
    station,
    attempt,
    first,
  )?.number
  return before === null || before === undefined ? 0 : first - before - 1
}

/** Of numbers with jumps, or with numbers of other times, between them. */
function passed(db: SqlDatabase, { station, attempt }: Known, [from, to]: Range): number {
  const row = db.get<{ passed: number }>(
    `with known as (
       select number, lag(number) over (order by number) as before
       from part_trigger where at >= ?1 and at < ?2 and station = ?3 and attempt = ?4
     )
     select cast(sum(case when before = number - 1 then 1 else number - coalesce(
       (select max(p.number) from part_trigger p
        where p.station = ?3 and p.attempt = ?4 and p.number < known.number), number - 1
     ) end) as bigint) as passed from known`,
    from,
    to,
    station,
    attempt,
  )
  return row?.passed ?? 0
}

/** Of numbers that came twice before counts were told apart, the later record stands (`schema-7.ts`). */
function judgedWithin(db: SqlDatabase, [from, to]: Range): Judged[] {
  return db.all<Judged>(
    `select i.station, sum(i.no_verdict is null) as verdicts, sum(i.no_verdict is not null) as noVerdicts
     from part_trigger t join inspection i on i.station = t.station and i.trigger_number = t.number
     where t.at >= ? and t.at < ? and i.attempt = case when t.attempt > 1 then t.attempt else (
       select max(j.attempt) from inspection j
       where j.station = t.station and j.trigger_number = t.number and (j.attempt = 1 or not exists (
         select 1 from part_trigger o
         where o.station = j.station and o.attempt = j.attempt and o.number = j.trigger_number))) end
     group by i.station`,
    from,
    to,
  )
}

/** Walks from count to count in the key instead of over all triggers. */
function allTriggers(db: SqlDatabase): Triggers[] {
  return db.all<Triggers>(
    `with recursive s (station) as (
       select min(station) from part_trigger
       union all
       select (select min(station) from part_trigger where station > s.station) from s where s.station is not null
     ), c (station, attempt) as (
       select s.station, (select min(attempt) from part_trigger t where t.station = s.station)
       from s where s.station is not null
       union all
       select c.station, (select min(attempt) from part_trigger t where t.station = c.station and t.attempt > c.attempt)
       from c where c.attempt is not null
     )
     select station, cast(sum(
       (select max(number) from part_trigger t where t.station = c.station and t.attempt = c.attempt)
         - (select min(number) from part_trigger t where t.station = c.station and t.attempt = c.attempt) + 1
       ) as bigint) as triggers,
       (select count(*) from part_trigger t where t.station = c.station and t.state = 'open') as open
     from c where attempt is not null group by station order by station`,
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
    'select station, missing, count from trigger_superseded',
  )
  for (const s of superseded) add(s.station, s.missing === 1, -s.count)
  return [...judged.values()]
}
