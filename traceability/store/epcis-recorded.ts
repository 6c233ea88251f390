import {
  type EpcisCaptured,
  type EpcisItem,
  type QEvent,
  type SqlDatabase,
  uuidv5,
} from '../../contracts/index.ts'
import { eventHash } from '../epcis/event-hash.ts'
import type { EventAppender } from './event-appender.ts'

/** Namespace of the log ids of captured events (a random UUID of this program). */
const EPCIS_NAMESPACE = '6f3d8a0e-2f57-4c1b-9f2d-7f1c5b7f9a10'

/** The id in the log: of an event by its own id, of each declaration of an error by what it says, too. */
export const logId = (item: EpcisItem): string =>
  item.declaresError ? idOf(`${item.eventID} error ${item.hash}`) : idOf(item.eventID)

export const idOf = (name: string): string => uuidv5(EPCIS_NAMESPACE, name)

/** Whether the event at a position says what the item says, also where its hash is that of an older program. */
export function says(db: SqlDatabase, position: number, item: EpcisItem): boolean {
  const row = db.get<{ json: string }>('select json from event where position = ?', position)
  const { hash, event, context } = (JSON.parse(row?.json ?? '{}') as QEvent<EpcisCaptured>).data
  return hash === item.hash || eventHash(event, context) === eventHash(item.event, item.context)
}

/** An item by the ids under which an older program has recorded it, or what it declares an error in; else by its own. */
export function asRecorded(
  db: SqlDatabase,
  events: EventAppender,
  item: EpcisItem,
  source: string,
): EpcisItem {
  const { former } = item
  if (former === undefined) return item
  const ids = [logId(former)]
  // An event with an id of its own is found by that.
  if (former.eventID !== item.eventID) ids.push(idOf(former.eventID))
  const places = ids.map((id) => events.find(id, source))
  return places.some((position) => position !== null && says(db, position, item)) ? former : item
}
