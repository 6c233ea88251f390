import type { EpcisLink, SqlDatabase } from '../../contracts/index.ts'

/** A link that went. */
export interface GoneLink {
  [column: string]: string | number | null
  child: string
  parent: string
  kind: string
  valid_from: string
  valid_to: string | null
  position: number
  closed_by: number | null
}
/** Columns of `GoneLink`. */
export const GONE = 'child, parent, kind, valid_from, valid_to, position, closed_by'

export type OpenLink = Extract<EpcisLink, { op: 'open' }>
export type CloseLink = Extract<EpcisLink, { op: 'close' }>

/** Types of events that end links, returns aside: of others, and of people. */
export const UNPACKING = ['ext.epcis.captured.v1', 'qe.trace.linked.v1']

/**
 * A link that could not be made, or that another event had made already.
 *
 * @param madeBy of what ends all that is in something: that which comes late was in it, too
 */
export function keepWaiting(
  db: SqlDatabase,
  link: EpcisLink,
  at: string,
  position: number,
  madeBy: number | null = null,
): void {
  const { quantity, uom } = link.op === 'open' ? link : { quantity: null, uom: null }
  db.run(
    `insert into link_waiting (child, parent, kind, op, quantity, uom, at, position, made_by)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (child, parent, kind, op, position) do nothing`,
    link.child ?? '',
    link.parent,
    link.kind,
    link.op,
    quantity,
    uom,
    at,
    position,
    madeBy,
  )
}

/** What that event stated is in error. */
export const forgetWaiting = (db: SqlDatabase, position: number): void =>
  void db.run('delete from link_waiting where position = ?', position)

/** What an unpacking had ended is gone, or ends before it: that end waits for what is stated instead. */
export function keepEnds(db: SqlDatabase, gone: readonly GoneLink[]): void {
  for (const { child, parent, kind, valid_to, closed_by } of gone)
    if (closed_by !== null && valid_to !== null && UNPACKING.includes(typeOf(db, closed_by)))
      keepWaiting(db, { op: 'close', kind: kind as CloseLink['kind'], child, parent }, valid_to, closed_by)
}

const typeOf = (db: SqlDatabase, position: number): string =>
  db.get<{ type: string }>('select type from event where position = ?', position)?.type ?? ''
