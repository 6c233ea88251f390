import { CodedError, type SqlDatabase, type SqlRow } from '../../contracts/index.ts'
import type { FactEdge, ResolvedFact } from '../genealogy/fact-event.ts'
import { namesEverOf, namesOf } from '../genealogy/identity-names.ts'
import { END } from '../genealogy/no-end.ts'
import { endLinks } from './link-ends.ts'
import { keepWaiting } from './kept-links.ts'
import { makeWaiting, waitsFor } from './waiting-links.ts'

/** A packing on record. */
interface Packing extends SqlRow {
  child: string
  parent: string
  valid_from: string
  valid_to: string | null
  position: number
  closed_by: number | null
}
/** The fact that another one corrects. */
type Corrected = { position: number; kind: string; subject: string } | null

/** By their child, which the fact is about: links are many. */
const packingOf = (db: SqlDatabase, { subject, position }: NonNullable<Corrected>): Packing | undefined =>
  db.get<Packing>(
    `select * from edge where child = ? and position = ? and kind = 'aggregate'`,
    subject,
    position,
  )
const unpackedBy = (db: SqlDatabase, { subject, position }: NonNullable<Corrected>): Packing[] =>
  db.all<Packing>(
    `select * from edge where child in (select value from json_each(?)) and closed_by = ? and kind = 'aggregate'`,
    JSON.stringify(namesEverOf(db, subject)),
    position,
  )
const refused = (expected: string, actual: string, hint: string): CodedError =>
  new CodedError('TRC_GENEALOGY', { expected, actual, hint })

/**
 * A thing is in one box at a time, under whichever of its names; what was packed only later is no hindrance, as what took
 * it out before may be told last. The correction of a packing that was ended since ends
 * there, too.
 *
 * @throws TRC_GENEALOGY
 */
export function refusePacked(db: SqlDatabase, link: FactEdge, corrected: Corrected): void {
  const { child, parent, from } = link
  const names = namesOf(db, child)
  const before = corrected === null ? undefined : packingOf(db, corrected)
  if (before !== undefined && before.closed_by !== null) {
    if (!names.includes(before.child) || !namesOf(db, parent).includes(before.parent))
      throw refused(
        `${before.child} in ${before.parent}, from where it was unpacked at ${before.valid_to ?? ''}`,
        `${child} in ${parent}`,
        'retract its disaggregate first',
      )
    link.to = before.valid_to
    link.closedBy = before.closed_by
  }
  const open = db.get<Packing>(
    `select * from edge where child in (select value from json_each(?1)) and kind = 'aggregate' and position <> ?2
       and (valid_to is null and ?3 = 0 and valid_from <= ?6 or child = ?4 and parent = ?5 and valid_from = ?6)`,
    JSON.stringify(names),
    corrected?.position ?? 0,
    link.closedBy ?? 0,
    child,
    parent,
    from,
  )
  if (open !== undefined)
    throw refused(
      `${child} in no box`,
      `it is in ${open.parent}`,
      open.parent === parent ? 'it was packed there already' : 'record its disaggregate first',
    )
}

/**
 * What is unpacked lies there, and was packed before, or was taken out only later as far as was told, or waits to be made;
 * the correction of an unpacking is about what that one unpacked.
 *
 * @throws TRC_GENEALOGY
 */
export function refuseUnpacked(
  db: SqlDatabase,
  { data }: ResolvedFact,
  at: string,
  corrected: Corrected,
): void {
  const [child, parent] = [String(data['child']), String(data['parent'])]
  const packed = db.all<Packing>(
    `select * from edge where child in (select value from json_each(?)) and parent in (select value from json_each(?))
       and kind = 'aggregate' and (?3 = 0 and (valid_to is null or valid_from < ?4 and valid_to > ?4 and closed_by is not null)
       or closed_by = ?3) order by valid_from`,
    JSON.stringify(namesOf(db, child)),
    JSON.stringify(namesOf(db, parent)),
    corrected?.position ?? 0,
    at,
  )
  const [first] = packed
  const isPacked = packed.some((p) => p.valid_from < at)
  if (!isPacked && corrected === null && waitsFor(db, { child, parent }, at)) return
  if (first === undefined)
    throw new CodedError('TRC_GENEALOGY', {
      expected: corrected === null ? `${child} in ${parent}` : 'a correction of what was unpacked then',
      actual: corrected === null ? 'it is not packed there' : `${child} in ${parent}`,
      ...(corrected !== null && { hint: 'retract that one, and record another' }),
    })
  if (!isPacked)
    throw new CodedError('TRC_GENEALOGY', { expected: `an end after ${first.valid_from}`, actual: at })
  if (corrected !== null) refuseRepacked(db, corrected, at)
}

/**
 * What an unpacking ended is open again when it is taken back: not where the thing was packed anew since.
 *
 * @param unpacking on record
 * @param until    when it ends instead
 * @throws TRC_GENEALOGY
 */
export function refuseRepacked(db: SqlDatabase, unpacking: NonNullable<Corrected>, until = END): void {
  for (const { child, parent, valid_from } of unpackedBy(db, unpacking)) {
    const next = db.get<Packing>(
      `select * from edge where child in (select value from json_each(?)) and kind = 'aggregate'
         and valid_from > ? and valid_from < ? and (closed_by is null or closed_by <> ?) order by valid_from limit 1`,
      JSON.stringify(namesOf(db, child)),
      valid_from,
      until,
      unpacking.position,
    )
    if (next !== undefined)
      throw refused(
        `${child} in ${parent} until it was packed in ${next.parent} at ${next.valid_from}`,
        until === END ? 'it would still be there' : `until ${until}`,
        'correct the time of its disaggregate, or retract that packing first',
      )
  }
}

/** Ends the packing from `at` on; one that began only later is another, and one that waits is made with its end. */
export function unpack(db: SqlDatabase, { data }: ResolvedFact, at: string, position: number): void {
  const [child, parent] = [String(data['child']), String(data['parent'])]
  const link = { child, parent, kind: 'aggregate' } as const
  if (endLinks(db, link, at, position, '<').length === 0)
    keepWaiting(db, { op: 'close', ...link }, at, position)
  makeWaiting(db, [child], position)
}
