import { CodedError, type SqlDatabase, type TraceFact } from '../../contracts/index.ts'
import type { ResolvedFact } from '../genealogy/fact-event.ts'
import { identityMap, namesEverOf, namesOf } from '../genealogy/identity-names.ts'
import { END } from '../genealogy/no-end.ts'
import { ENDED_BY_RETURN } from '../genealogy/returns.ts'
import { shippedSince } from '../genealogy/stopped.ts'
import { isShipment } from '../genealogy/things.ts'
import { makeWaiting } from './waiting-links.ts'

/** `since`: from when on it is away by that link. */
type Away = { child: string; parent: string; kind: 'ship' | 'aggregate'; valid_from: string; since: string }
type Standing = { position: number; at: string }

/** What a return ended counts too: an earlier one, told later, goes before it. */
const THEN = `valid_from < ?2 and (valid_to is null or valid_to > ?2 and ${ENDED_BY_RETURN})`

/**
 * Links with which a thing was away at a moment, as far as none but a return ended them: what it was shipped with itself,
 * and the box in which it was, where that one was shipped: what comes back alone is no longer in it. Of a shipment those
 * of all that was in it.
 *
 * @param moment absent = now
 */
function awayBy(db: SqlDatabase, uri: string, moment = END): Away[] {
  const names = JSON.stringify(namesOf(db, uri))
  if (isShipment(uri))
    return db.all<Away>(
      `select child, parent, kind, valid_from, valid_from as since from edge
         where parent in (select value from json_each(?1)) and kind = 'ship' and ${THEN}`,
      names,
      moment,
    )
  return db
    .all<Omit<Away, 'since'>>(
      `select child, parent, kind, valid_from from edge where child in (select value from json_each(?1))
         and kind in ('ship', 'aggregate') and ${THEN}`,
      names,
      moment,
    )
    .flatMap((link) => {
      const left = link.kind === 'ship' ? link.valid_from : shippedSince(db, link.parent, moment)
      // What was put into a box that had left is away from then on.
      return left === null ? [] : [{ ...link, since: left > link.valid_from ? left : link.valid_from }]
    })
}

/**
 * What something that came back was in until then, as far as the records say.
 *
 * @throws TRC_GENEALOGY when it left only after it is said to have come back
 */
export function leftBehind(db: SqlDatabase, uri: string, at: string): string[] {
  const ended = awayBy(db, uri, at)
  const [first] = ended.length === 0 ? awayBy(db, uri) : []
  if (first !== undefined)
    throw new CodedError('TRC_GENEALOGY', { expected: `a return after ${first.since}`, actual: at })
  return [...new Set(ended.map((link) => link.parent))].slice(0, NAMED)
}
const NAMED = 16

/** What a fact about returns, packings and shipments does to links: each ends with the first return behind it, whichever is told first. */
export function endReturned(
  db: SqlDatabase,
  fact: TraceFact,
  { subject, edges }: ResolvedFact,
  position: number,
): void {
  if (fact.kind === 'return') {
    end(db, subject, { position, at: fact.at })
    makeWaiting(db, [subject], position)
  }
  const moved = edges.flatMap((e) =>
    e.kind === 'ship' ? [e.child, e.parent] : e.kind === 'aggregate' ? [e.child] : [],
  )
  // What waited for an unpacking may have been made by it.
  settle(db, fact.kind === 'return' || fact.kind === 'disaggregate' ? [subject] : moved)
}

/** What stood in the place of a corrected fact, or is open again without it, may have come back, too. */
export function settleCorrected(db: SqlDatabase, id: string): void {
  const subject = db.get<{ subject: string }>('select subject from trace_fact where id = ?', id)?.subject
  if (subject === undefined) return
  settle(db, isShipment(subject) ? [subject, ...awayBy(db, subject).map((link) => link.child)] : [subject])
}

/** Ends what these things, those in them, or those in these shipments, are away by with the returns that stand. */
export function settle(db: SqlDatabase, uris: readonly string[]): void {
  for (const uri of cameBack(db, uris)) {
    const returns = db.all<Standing>(
      `select position, at from trace_fact where subject in (select value from json_each(?)) and kind = 'return'
         and superseded_by is null order by at, position`,
      JSON.stringify(namesOf(db, uri)),
    )
    for (const standing of returns) end(db, uri, standing)
  }
}

/** Things inside that are looked at, at most, beside those that are named; a pallet has some thousands. */
const LOOKED_AT = 20_000

/** Of these things, and of what lies in them or came back out of them, those of which a return speaks. */
function cameBack(db: SqlDatabase, uris: readonly string[]): string[] {
  if (uris.length === 0) return []
  const merged = identityMap(db)
  const all = new Set(merged.namesOfAll(uris))
  const most = all.size + LOOKED_AT
  for (let outer = [...all]; outer.length > 0 && all.size < most;) {
    const inner = db.all<{ uri: string }>(
      `select distinct edge.child as uri from json_each(?) v cross join edge
         on edge.parent = v.value and edge.kind = 'aggregate' and (edge.valid_to is null or ${ENDED_BY_RETURN})`,
      JSON.stringify(outer),
    )
    outer = merged.namesOfAll(inner.map((row) => row.uri)).filter((uri) => !all.has(uri))
    for (const uri of outer) all.add(uri)
  }
  return db
    .all<{ uri: string }>(
      `select distinct t.subject as uri from json_each(?) v cross join trace_fact t
         on t.subject = v.value and t.kind = 'return' and t.superseded_by is null`,
      JSON.stringify([...all]),
    )
    .map((row) => row.uri)
}

function end(db: SqlDatabase, uri: string, { position, at }: Standing): void {
  for (const { child, parent, kind, valid_from } of awayBy(db, uri, at))
    db.run(
      `update edge set valid_to = ?, closed_by = ? where child = ? and parent = ? and kind = ? and valid_from = ?`,
      at,
      position,
      child,
      parent,
      kind,
      valid_from,
    )
}

/** What a return ended is open again: it did not happen. Another one that stands ends it then. */
export function openAgain(db: SqlDatabase, uri: string, position: number): void {
  const end = isShipment(uri) ? 'parent' : 'child'
  db.run(
    `update edge set valid_to = null, closed_by = null
       where ${end} in (select value from json_each(?)) and kind in ('ship', 'aggregate') and closed_by = ?`,
    JSON.stringify(namesEverOf(db, uri)),
    position,
  )
}
