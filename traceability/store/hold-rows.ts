import {
  CodedError,
  type FactAck,
  type HoldOrigin,
  type SqlDatabase,
  type TraceFact,
} from '../../contracts/index.ts'
import { oneUri } from '../epcis/epc.ts'
import type { ResolvedFact } from '../genealogy/fact-event.ts'
import { notOnHold } from '../genealogy/not-on-hold.ts'
import { shortName, spelt } from '../genealogy/things.ts'

type HoldFact = Extract<TraceFact, { kind: 'hold' }>
type ReleaseFact = Extract<TraceFact, { kind: 'release' }>

interface Place {
  /** Canonical URI, or `lot/<name>`. */
  target: string
  /** Of the event. */
  position: number
  origin: HoldOrigin | undefined
}

/** The hold itself, where it was placed here, or the copy of it. */
const COPY_OF = '(id = ? or origin_id = ?)'

export function placeHold(db: SqlDatabase, fact: HoldFact, { target, position, origin }: Place): void {
  db.run(
    `insert into hold (id, target, reason, placed_by, placed_at, position, origin_id, origin_log)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
    fact.id,
    target,
    fact.reason,
    fact.by,
    fact.at,
    position,
    origin?.hold ?? null,
    origin?.log ?? null,
  )
}

/** Ends every hold of the target; of one that was released elsewhere, that hold alone: nobody there knew of others. */
export function endHolds(db: SqlDatabase, fact: ReleaseFact, { target, origin }: Place): void {
  db.run(
    `update hold set released_by = ?, released_at = ?, release_reason = ?, release_log = ?
     where ${origin === undefined ? 'target = ?' : COPY_OF} and released_at is null`,
    fact.by,
    fact.at,
    fact.reason,
    origin?.log ?? null,
    ...(origin === undefined ? [target] : [origin.hold, origin.hold]),
  )
}

/**
 * The hold that a release names, and its target: that of the thing, under whichever URI, else the one of a lot of that
 * name, of whichever product it is called.
 *
 * @throws TRC_GENEALOGY nothing of that name is on hold, or several things are
 */
export function holdToEnd(
  db: SqlDatabase,
  fact: ReleaseFact,
  { subject, data }: ResolvedFact,
): Pick<ResolvedFact, 'subject' | 'data'> {
  const active = db.all<{ id: string; target: string }>(
    'select id, target from hold where released_at is null order by position',
  )
  const meant: ((target: string) => boolean)[] = [
    (target) => target === subject,
    (target) => oneUri(target) === oneUri(subject),
    (target) => spelt(shortName(target)) === spelt(fact.target),
  ]
  const found = meant.map((is) => active.filter((h) => is(h.target))).find((holds) => holds.length > 0) ?? []
  const [first] = found
  if (first === undefined) throw notOnHold(db, subject)
  const targets = [...new Set(found.map((h) => h.target))]
  if (targets.length > 1)
    throw new CodedError('TRC_GENEALOGY', {
      expected: `one thing on hold called ${fact.target}`,
      actual: targets.slice(0, 5).join(', '),
      hint: 'give the URI instead of the name',
    })
  return { subject: first.target, data: { ...data, target: first.target, hold: first.id } }
}

/** What the plant passed on and is so already: the hold is here, or is in force no longer. */
export function heardBefore(db: SqlDatabase, fact: TraceFact, origin: HoldOrigin): FactAck | null {
  const row = db.get<{ position: number; over: number }>(
    `select position, released_at is not null as over from hold where ${COPY_OF}`,
    origin.hold,
    origin.hold,
  )
  if (row === undefined || (fact.kind === 'release' && row.over === 0)) return null
  return { id: fact.id, position: row.position, repeated: true }
}

/**
 * The target as it stands: what it was where a person named it, whoever else uses the name here.
 *
 * @throws TRC_NOT_FOUND for the release of a hold that never came here; EVT_SCHEMA for another fact
 */
export function passedOn(db: SqlDatabase, fact: TraceFact, origin: HoldOrigin): ResolvedFact {
  if (fact.kind !== 'hold' && fact.kind !== 'release')
    throw new CodedError('EVT_SCHEMA', { path: 'kind', expected: 'hold or release', actual: fact.kind })
  const { target, reason, by } = fact
  const data = { by, target, reason, origin }
  if (fact.kind === 'hold') return { type: 'qe.hold.placed.v1', subject: target, data, edges: [] }
  const here = db.get<{ id: string; target: string }>(
    `select id, target from hold where ${COPY_OF}`,
    origin.hold,
    origin.hold,
  )
  if (here === undefined)
    throw new CodedError('TRC_NOT_FOUND', { expected: 'a hold that came here', actual: origin.hold })
  const others = db.get(
    'select 1 as found from hold where target = ? and released_at is null and id <> ?',
    here.target,
    here.id,
  )
  return {
    type: 'qe.hold.released.v1',
    subject: here.target,
    data: { ...data, target: here.target, hold: here.id, ...(others !== undefined && { stillHeld: true }) },
    edges: [],
  }
}
