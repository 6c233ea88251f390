import { createHash } from 'node:crypto'
import type { EpcisItem } from '../../contracts/index.ts'
import { uuidv5 } from '../../contracts/thread.ts'
import { eventHash, formerHash } from './event-hash.ts'
import { linksOf, lotsOf, movesOf, subjectsOf, thingsOf } from './event-links.ts'
import type { JsonObject } from './faults.ts'
import { timeMs } from './uri.ts'

/** Namespace of the ids given to events that come without one (a random UUID of this program). */
const EVENT_IDS = '0f2f4c39-6a0e-4f55-9f6f-2b4f7a6f6a51'

/**
 * What the store needs of a checked event. An event without an id gets one made from its content, so that the same
 * event sent again is the same event.
 */
export function prepareItem(event: JsonObject, context: unknown): EpcisItem {
  const hash = eventHash(event, context)
  const item = itemOf(event, context, hash)
  if (typeof event['eventID'] === 'string' && !item.declaresError) return item
  const former = formerHash(event, context)
  return former === hash ? item : { ...item, former: itemOf(event, context, former) }
}

function itemOf(event: JsonObject, context: unknown, hash: string): EpcisItem {
  const eventID =
    typeof event['eventID'] === 'string' ? event['eventID'] : `urn:uuid:${uuidv5(EVENT_IDS, hash)}`
  const declaresError = event['errorDeclaration'] !== undefined
  const lots = declaresError ? {} : lotsOf(event, context)
  return {
    eventID,
    hash: declaresError ? withDeclaration(hash, event['errorDeclaration']) : hash,
    event: event as Record<string, unknown>,
    context,
    subject: subjectsOf(event)[0] ?? eventID,
    at: new Date(Math.floor(timeMs(String(event['eventTime'])))).toISOString(),
    declaresError,
    links: declaresError ? [] : linksOf(event, eventID),
    things: declaresError ? [] : thingsOf(event, lots),
    lots,
    moves: declaresError ? [] : movesOf(event, context),
  }
}

/** A declaration is a statement of its own: several may be made about one event. */
const withDeclaration = (hash: string, declaration: unknown): string =>
  createHash('sha256')
    .update(`${hash} ${JSON.stringify(declaration)}`)
    .digest('hex')
