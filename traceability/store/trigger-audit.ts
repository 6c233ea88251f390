import {
  CodedError,
  type CountedTrigger,
  noVerdict,
  ShiftCalendar,
  type SqlDatabase,
  uuidv7,
} from '../../contracts/index.ts'
import type { CaptureRecord } from './record-codec.ts'
import { countsOf, type Interruption } from './trigger-ledger.ts'

/** More lost triggers in a row than this mean that the counter was reset or mistyped, not that parts passed. */
const MAX_GAP = 100_000
/** The same of more than can pass in a second; a few may come at once. */
const MAX_PER_S = 200
const SHORT_GAP = 1_000
/** A count that goes on by multiples of this has its two words of 16 bits swapped, or is read one register beside. */
const WORD = 0x1_0000

const MISREAD =
  'these stay unexplained in the balance; check the trigger counter of the device: it was reset or read wrongly (of a PLC check `baseRegister` and the order of the words of a 32-bit value, high word first)'
/** Rows looked at in one go. */
const PAGE = 5_000

/** What an audit of a station's counts did. */
export interface Audit {
  /** Triggers closed as `interrupted`. */
  closed: number
  /** EVT_SEQUENCE naming the jump that was too large to close, the first of several; else null. */
  refusal: CodedError | null
}

/** The numbers of one count below `until`. */
interface Count {
  station: string
  attempt: number
  until: number
}

/** A trigger that is open, or behind which numbers are missing up to `next`. */
type Suspect = { number: number; at: string; state: string; next: number; next_at: string }

/**
 * Gives `write` a no-verdict capture for every trigger that was announced and never judged, and for every number the counter
 * skipped since the first one known: in the count of `next` below that, in the others as far as they came. A jump over more
 * numbers than parts can have passed (see `mostLost`) is not closed: it is kept in `trigger_gap`, where the balance finds it,
 * and reported once; one that leads to `next` itself, of which no part is known, is only reported.
 *
 * Remembers what has been gone through, so that the next audit reads the numbers that are new and the open ones.
 */
export function closeInterrupted(
  db: SqlDatabase,
  i: Interruption,
  now: string,
  write: (record: CaptureRecord) => void,
): Audit {
  const audit: Audit = { closed: 0, refusal: null }
  const shifts = i.shifts && new ShiftCalendar(i.shifts)
  for (const attempt of countsOf(db, i.station)) {
    const close = (trigger: number, at: string): void => {
      const context = shifts ? { ...i.context, shift: shifts.at(Date.parse(at)).name } : i.context
      write(interrupted({ ...i, context }, { trigger, attempt }, at, now))
      audit.closed += 1
    }
    const until = attempt === i.next.attempt ? i.next.trigger : endOf(db, i.station, attempt)
    const refusal = auditCount(db, { station: i.station, attempt, until }, now, close)
    audit.refusal ??= refusal
  }
  return audit
}

/** @returns the first jump that was too large to close, which is kept; null = none */
function auditCount(
  db: SqlDatabase,
  c: Count,
  now: string,
  close: (trigger: number, at: string) => void,
): CodedError | null {
  let refusal: CodedError | null = null
  const range = (from: number, until: number): void => {
    for (const s of suspects(db, c, from, until, now)) {
      if (s.state === 'open') close(s.number, s.at)
      const missing = s.next - s.number - 1
      if (missing <= mostLost(s)) for (let n = s.number + 1; n < s.next; n++) close(n, now)
      else {
        refusal ??= refusalOf(c.station, s)
        if (s.next < c.until) keepGap(db, c, s, now)
      }
    }
  }
  const first = edge(db, c, 'min')
  if (first === null) return null
  const done = db.get<{ low: number; high: number }>(
    'select low, high from trigger_audit where station = ? and attempt = ?',
    c.station,
    c.attempt,
  )
  if (done === undefined) range(first, c.until)
  else {
    // A counter that was set back shows numbers below all known ones.
    if (first < done.low) range(first, Math.min(done.low, c.until))
    for (const open of openBetween(db, c, done.low, done.high)) close(open.number, open.at)
    if (done.high < c.until) range(done.high, c.until)
  }
  db.run(
    `insert into trigger_audit (station, attempt, low, high) values (?, ?, ?, ?)
     on conflict (station, attempt) do update set low = min(low, excluded.low), high = max(high, excluded.high)`,
    c.station,
    c.attempt,
    done !== undefined && c.until < done.low ? done.low : first,
    edge(db, c, 'max') ?? first,
  )
  return refusal
}

/** Behind the last number of a count. */
function endOf(db: SqlDatabase, station: string, attempt: number): number {
  const row = db.get<{ last: number | null }>(
    'select max(number) as last from part_trigger where station = ? and attempt = ?',
    station,
    attempt,
  )
  return (row?.last ?? 0) + 1
}

/** Smallest or largest number known below `until`. */
function edge(db: SqlDatabase, c: Count, which: 'min' | 'max'): number | null {
  const row = db.get<{ number: number | null }>(
    `select ${which}(number) as number from part_trigger where station = ? and attempt = ? and number < ?`,
    c.station,
    c.attempt,
    c.until,
  )
  return row?.number ?? null
}

/** In order; SQLite reads no further than a page asks, and `from` must be a number that is known. */
function* suspects(db: SqlDatabase, c: Count, from: number, until: number, now: string): Generator<Suspect> {
  for (let at = from; at < until;) {
    const page = db.all<Suspect>(
      `select number, at, state, next, next_at from (
         select number, at, state, lead(number, 1, ?) over count as next, lead(at, 1, ?) over count as next_at
         from part_trigger where station = ? and attempt = ? and number >= ? and number < ?
         window count as (order by number))
       where state = 'open' or next <> number + 1 order by number limit ${PAGE}`,
      until,
      now,
      c.station,
      c.attempt,
      at,
      until,
    )
    yield* page
    at = page.length < PAGE ? until : (page.at(-1)?.next ?? until)
  }
}

/** Announced late, or again after a counter was set back, among numbers that an earlier audit went through. */
function openBetween(db: SqlDatabase, c: Count, low: number, high: number): Pick<Suspect, 'number' | 'at'>[] {
  return db.all(
    `select number, at from part_trigger
     where station = ? and attempt = ? and state = 'open' and number >= ? and number < ? and number < ?
     order by number`,
    c.station,
    c.attempt,
    low,
    high,
    c.until,
  )
}

function keepGap(db: SqlDatabase, c: Count, s: Suspect, now: string): void {
  db.run(
    `insert into trigger_gap (station, attempt, first, last, found_at) values (?, ?, ?, ?, ?) on conflict do nothing`,
    c.station,
    c.attempt,
    s.number + 1,
    s.next - 1,
    now,
  )
}

/** Whole seconds from a trigger to the next one that is known; 0 where the clock was set back. */
const elapsedS = (s: Suspect): number =>
  Math.max(0, Math.floor((Date.parse(s.next_at) - Date.parse(s.at)) / 1000))

/** How many parts can have passed behind a trigger, unseen; 0 where the count went on by whole words. */
const mostLost = (s: Suspect): number =>
  (s.next - s.number) % WORD === 0 ? 0 : Math.min(MAX_GAP, Math.max(SHORT_GAP, MAX_PER_S * elapsedS(s)))

function refusalOf(station: string, s: Suspect): CodedError {
  const [most, seconds] = [mostLost(s), elapsedS(s)]
  return new CodedError('EVT_SEQUENCE', {
    expected:
      most === 0 ? 'a count that goes on by 1 a part' : `at most ${most} lost triggers in ${seconds} s`,
    actual: `${s.next - s.number - 1} of station ${station} in ${seconds} s: ${s.number + 1} to ${s.next - 1}`,
    hint: MISREAD,
  })
}

function interrupted(
  i: Interruption,
  { trigger, attempt }: CountedTrigger,
  at: string,
  now: string,
): CaptureRecord {
  const verdict = noVerdict(i.recipe, {
    reason: 'interrupted',
    code: 'INS_INTERRUPTED',
    message: `trigger ${trigger} of station ${i.station} has no record: it was not judged before the system stopped, or its record was lost`,
  })
  return {
    inspectionId: uuidv7(),
    station: i.station,
    trigger,
    attempt,
    runType: 'production',
    meta: null,
    context: i.context,
    product: { id: i.context.product, revision: '' },
    identity: 'none',
    identityTools: [],
    outcome: {
      verdict,
      timing: { queueMs: 0, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: 0 },
      widthPx: 0,
      heightPx: 0,
      worker: 'store',
    },
    budgetMs: 0,
    startedAt: at,
    endedAt: now,
  }
}
