import type { NcrState, ShiftCalendar, SqlDatabase } from '../../contracts/index.ts'
import { type Hold, holdsOf } from '../genealogy/holds.ts'
import { identityMap } from '../genealogy/identity-names.ts'
import { lotName, shortName, urisOf } from '../genealogy/things.ts'
import type { Ncr } from '../ncr/ncr.ts'
import { missingSteps, overdueActions, stateOf } from '../ncr/ncr-state.ts'

/** A report in a list. */
export interface NcrRow extends Pick<Ncr, 'id' | 'title' | 'severity' | 'opened'> {
  state: NcrState
  /** Steps before it may be closed; empty for one that has ended. */
  missing: NcrState[]
  targets: { uri: string; name: string }[]
  classes: string[]
  /** Day of the next open action, and whose it is. */
  due: string | null
  owner: string | null
  /** Open actions whose day is over. */
  overdue: number
}

/** One report with everything it names. */
export interface NcrDetail
  extends NcrRow, Pick<Ncr, 'cause' | 'actions' | 'verification' | 'ended' | 'history'> {
  inspections: {
    inspectionId: string
    serial: string
    station: string
    result: string
    at: string
  }[]
  containment: { by: string; at: string; note: string | null; holds: Hold[] } | null
}

export interface NcrFilter {
  /** Only those that have not ended. */
  open?: boolean
  /** Only those about this thing: short name or URI. */
  target?: string
  /** Day of today, for what is overdue. */
  today: string
  /** Of those that have ended, the newest so many. */
  limit?: number
}

/** The day that it is now, `2026-01-31`, where the line stands; where it left no calendar of shifts, on this machine. */
export function todayOf(shifts: ShiftCalendar | null): string {
  const day = new Intl.DateTimeFormat('en-US', {
    ...(shifts !== null && { timeZone: shifts.spec.timeZone }),
    calendar: 'gregory',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts()
  const of = (type: 'year' | 'month' | 'day'): string => day.find((part) => part.type === type)?.value ?? ''
  return `${of('year')}-${of('month')}-${of('day')}`
}

const LIMIT = 500

/**
 * Newest first. Those that are open are all listed: the oldest of them is what has waited longest.
 *
 * @throws TRC_GENEALOGY for a target that names nothing
 */
export function ncrRows(
  db: SqlDatabase,
  all: readonly Ncr[],
  { open = false, target, today, limit = LIMIT }: NcrFilter,
): { total: number; reports: NcrRow[] } {
  const about = target === undefined ? null : namesOfTarget(db, target)
  const found = all.filter(
    (n) => (!open || n.ended === null) && (about === null || n.targets.some((t) => about(t))),
  )
  const ended = new Set(found.filter((n) => n.ended !== null).slice(-limit))
  const listed = found.filter((n) => n.ended === null || ended.has(n))
  return { total: found.length, reports: listed.toReversed().map((n) => row(db, n, today)) }
}

function namesOfTarget(db: SqlDatabase, target: string): (uri: string) => boolean {
  const uris = identityMap(db).namesOfAll(urisOf(db, target))
  const names = new Set([target, lotName(target), ...uris])
  return (uri) => names.has(uri) || shortName(uri) === target
}

/**
 * Reports that concern a unit: about itself, about what it was made of, or with one of its inspections as evidence.
 * One about a station, recipe or model concerns the parts that it names as evidence: not each that was judged there.
 */
export function ncrsAbout(
  db: SqlDatabase,
  all: readonly Ncr[],
  uris: ReadonlySet<string>,
  inspections: ReadonlySet<string>,
  today: string,
): NcrRow[] {
  const names = new Set([...uris].map(lotName))
  return all
    .filter(
      (n) =>
        n.targets.some((t) => uris.has(t) || names.has(t)) ||
        n.evidence.inspections.some((i) => inspections.has(i)),
    )
    .map((n) => row(db, n, today))
}

export function ncrDetail(db: SqlDatabase, ncr: Ncr, today: string): NcrDetail {
  const { evidence, containment, cause, actions, verification, ended, history } = ncr
  return {
    ...row(db, ncr, today),
    inspections: evidence.inspections.flatMap(
      (id) =>
        db.get<NcrDetail['inspections'][number] & Record<string, string>>(
          `select inspection_id as inspectionId, serial, station, result, started_at as at from inspection
           where inspection_id = ?`,
          id,
        ) ?? [],
    ),
    containment: containment && { ...containment, holds: holdsOf(db, containment.holds) },
    cause,
    actions,
    verification,
    ended,
    history,
  }
}

function row(db: SqlDatabase, ncr: Ncr, today: string): NcrRow {
  const { id, title, severity, opened, targets, evidence, ended } = ncr
  const held = ended === null && holdsOf(db, ncr.containment?.holds ?? []).some((h) => h.releasedAt === null)
  const [next] = ncr.actions
    .filter((a) => a.state === 'open' && ended === null)
    .toSorted((a, b) => (a.due < b.due ? -1 : 1))
  return {
    id,
    title,
    severity,
    opened,
    state: stateOf(ncr, held),
    missing: ended === null ? missingSteps(ncr, held) : [],
    targets: targets.map((uri) => ({ uri, name: shortName(uri) })),
    classes: evidence.classes,
    due: next?.due ?? null,
    owner: next?.owner ?? null,
    overdue: overdueActions(ncr, today),
  }
}
