import { asCoded, type EpcisLink, type SqlDatabase, type SqlRow } from '../../contracts/index.ts'
import { refuseCycle } from '../genealogy/cycle-guard.ts'
import { namesOf } from '../genealogy/identity-names.ts'
import { END } from '../genealogy/no-end.ts'
import type { OpenLink } from './kept-links.ts'
import { type Ended, endLinks } from './link-ends.ts'

interface Waiting extends SqlRow {
  child: string
  parent: string
  kind: string
  op: string
  quantity: number | null
  uom: string | null
  at: string
  position: number
}

/** Links of one thing that are looked at, at most: each is what somebody stated and was not so when it came. */
const LOOKED_AT = 1_000

const names = (n: number): string => `(select value from json_each(?${n}))`
const OF_IT = `(child in ${names(3)} and (?4 = '' or parent = '' or parent in ${names(5)}) or child = '' and parent in ${names(5)})`
/** What waits for the other end of a link of kind ?1 at ?2, by the names ?3 of its child, its parent ?4 and the names ?5 of that. */
const OTHER_END = {
  open: `op = 'close' and (at >= ?2 and ${OF_IT} or child in ${names(3)} and exists (
    select 1 from edge e where e.child in ${names(3)} and e.kind = ?1 and e.valid_to is null
      and e.valid_from <= link_waiting.at))`,
  close: `op = 'open' and made_by is null and at <= ?2 and ${OF_IT}`,
}

/** About none of no things; a plant, where facts link nothing, has no such table. */
const isWaiting = (db: SqlDatabase, uris: Iterable<string>): boolean =>
  [...uris].length > 0 && db.get('select 1 as found from link_waiting limit 1') !== undefined

/**
 * Whether something waits that could make what was just kept: an end for a link, or a link for an end; or an end of what
 * stands in the way of a link, which a merge of names or a correction may have brought there since. Without it, its waiting
 * changes nothing; a crate that goes into ever other trucks and is never told to leave one has hundreds of these.
 */
export const hasOtherEnd = (db: SqlDatabase, { child, parent, kind, op }: EpcisLink, at: string): boolean =>
  db.get(
    `select 1 as found from link_waiting where kind = ?1 and ${OTHER_END[op]} limit 1`,
    kind,
    at,
    JSON.stringify(namesOf(db, child ?? '')),
    parent,
    JSON.stringify(namesOf(db, parent)),
  ) !== undefined

/** Whether it was made meanwhile. */
export const wasMade = (db: SqlDatabase, { child, parent, kind, op }: EpcisLink, position: number): boolean =>
  db.get(
    `select 1 as found from link_waiting where child = ? and parent = ? and kind = ? and op = ? and position = ?
       and made_by is not null`,
    child ?? '',
    parent,
    kind,
    op,
    position,
  ) !== undefined

/** The link as a row, unless one that begins alike is there. */
export const insertLink = (
  db: SqlDatabase,
  { child, parent, kind, quantity, uom }: Omit<OpenLink, 'op' | 'kind'> & { kind: string },
  from: string,
  position: number,
): boolean =>
  db.run(
    `insert into edge (child, parent, kind, certainty, quantity, uom, valid_from, valid_to, position)
     values (?, ?, ?, 'certain', ?, ?, ?, null, ?) on conflict (child, parent, kind, valid_from) do nothing`,
    child,
    parent,
    kind,
    quantity,
    uom,
    from,
    position,
  ).changes > 0

/** Why a thing may not be put into another, or made of it, at that time; null = it may. */
export function cycleOf(
  db: SqlDatabase,
  { child, parent, kind }: { child: string; parent: string; kind: string },
  from: string,
  to: string | null = null,
): string | null {
  const [up, down] = kind === 'aggregate' ? [child, parent] : [parent, child]
  try {
    refuseCycle(db, { up, down, from, to }, 0)
    return null
  } catch (error) {
    return asCoded(error, 'TRC_GENEALOGY').message
  }
}

/** Whether a packing in that box, which somebody captured, waits and could be made if it ended then. */
export const waitsFor = (db: SqlDatabase, { child, parent }: Ended, end: string): boolean =>
  db
    .all<Waiting>(
      `select * from link_waiting where child in (select value from json_each(?)) and kind = 'aggregate'
         and parent in (select value from json_each(?)) and op = 'open' and made_by is null and at < ?
         order by at limit ${LOOKED_AT}`,
      JSON.stringify(namesOf(db, child)),
      JSON.stringify(namesOf(db, parent)),
      end,
    )
    .some((link) => fitsNow(db, link, end))

/** What waits to be put into these things, or to be made of them. */
export const waitingIn = (db: SqlDatabase, uris: Iterable<string>): string[] =>
  isWaiting(db, uris)
    ? db
        .all<{ child: string }>(
          `select distinct child from link_waiting where parent in (select value from json_each(?)) and child <> ''
             and op = 'open' and made_by is null limit ${LOOKED_AT}`,
          JSON.stringify([...uris].flatMap((uri) => namesOf(db, uri))),
        )
        .map((row) => row.child)
    : []

/** Things whose waiting links these may have stood in the way of, a circle of three included. */
export const around = (db: SqlDatabase, links: readonly Ended[]): Set<string> =>
  new Set([
    ...links.flatMap((l) => [l.child, l.parent]),
    ...waitingIn(db, new Set(links.map((l) => l.child))),
  ])

/**
 * Makes what waited for something about these things to end, to begin or to be taken back, in the order of its times:
 * links from them, and ends of those.
 *
 * @param by position of the event that changed something about them
 */
export function makeWaiting(db: SqlDatabase, uris: Iterable<string>, by: number): void {
  if (isWaiting(db, uris)) for (const uri of new Set(uris)) if (uri !== '') makeOf(db, uri, by)
}

function makeOf(db: SqlDatabase, uri: string, by: number): void {
  let rows = waitingOf(db, uri)
  const made = (row: Waiting): void => {
    db.run(
      `update link_waiting set made_by = ? where child = ? and parent = ? and kind = ? and op = ? and position = ?`,
      by,
      row.child,
      row.parent,
      row.kind,
      row.op,
      row.position,
    )
    rows = rows.filter((r) => r !== row)
  }
  // What is made or ended may let others be made.
  for (let before = -1; before !== rows.length;) {
    before = rows.length
    for (const row of rows) {
      if (row.op === 'close') {
        if (endLinks(db, { ...row, child: uri }, row.at, row.position).length > 0) made(row)
        continue
      }
      const end = rows.find((r) => r.op === 'close' && r.at >= row.at && ends(db, r, row))
      if (!fitsNow(db, row, end?.at ?? null) || !insertLink(db, row, row.at, row.position)) continue
      made(row)
      if (end !== undefined && endLinks(db, row, end.at, end.position).length > 0) made(end)
    }
  }
}

/** Links and ends of a thing that wait, and what emptied a box that it is in, or is said to have been in, since. */
function waitingOf(db: SqlDatabase, uri: string): Waiting[] {
  const names = JSON.stringify(namesOf(db, uri))
  const own = db.all<Waiting>(
    `select * from link_waiting w where child in (select value from json_each(?)) and (op = 'close' or made_by is null
       and not exists (select 1 from edge e
         where e.child = w.child and e.parent = w.parent and e.kind = w.kind and e.valid_from = w.at))
     order by at, position limit ${LOOKED_AT}`,
    names,
  )
  const boxes = [
    ...own.filter((w) => w.op === 'open' && w.kind === 'aggregate'),
    ...db.all<Pick<Waiting, 'parent' | 'at'>>(
      `select parent, valid_from as at from edge
         where child in (select value from json_each(?)) and kind = 'aggregate' and valid_to is null`,
      names,
    ),
  ]
  if (boxes.length === 0) return own
  const since = boxes.reduce((least, { at }) => (at < least ? at : least), END)
  const emptied = db.all<Waiting>(
    `select * from link_waiting where parent in (select value from json_each(?)) and child = '' and at >= ?
       order by at, position limit ${LOOKED_AT}`,
    JSON.stringify([...new Set(boxes.flatMap(({ parent }) => namesOf(db, parent)))]),
    since,
  )
  return [...own, ...emptied].sort((a, b) => (a.at === b.at ? a.position - b.position : a.at < b.at ? -1 : 1))
}

/** Whether the end is of that link. */
function ends(db: SqlDatabase, end: Waiting, link: Waiting): boolean {
  const same = (a: string, b: string): boolean => a === '' || a === b || namesOf(db, b).includes(a)
  return end.kind === link.kind && same(end.child, link.child) && same(end.parent, link.parent)
}

/**
 * Whether a link that waited is to be made now: an individual was not in that box at that time, and, where the end is not
 * known, is in no other and was not packed elsewhere later. One with an end is made beside what is said of other boxes:
 * the clocks of those who state it differ.
 */
function fitsNow(db: SqlDatabase, link: Waiting, to: string | null): boolean {
  if (link.kind === 'aggregate' && link.quantity === null) {
    const other = db.get(
      `select 1 as found from edge where child in (select value from json_each(?1)) and kind = 'aggregate' and (
         parent in (select value from json_each(?2)) and valid_from < ?4 and (valid_to is null or valid_to > ?3)
         or ?5 = 1 and (valid_to is null or valid_from > ?3)) limit 1`,
      JSON.stringify(namesOf(db, link.child)),
      JSON.stringify(namesOf(db, link.parent)),
      link.at,
      to ?? END,
      to === null ? 1 : 0,
    )
    if (other !== undefined) return false
  }
  return cycleOf(db, link, link.at, to) === null
}
