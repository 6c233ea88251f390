import { asCoded, type IdentityChanged, newEvent, type SqlDatabase } from '../../contracts/index.ts'
import { IDENTITY_SUBJECT, identityMap, namesEverOf } from '../genealogy/identity-names.ts'
import { refuseInEachOther } from '../genealogy/identity-changes.ts'
import { lotUri } from '../identity/index.ts'
import { checkEvent } from './event-check.ts'
import type { EventAppender } from './event-appender.ts'
import type { PreparedCapture } from './prepared-capture.ts'

/**
 * A lot is known by product and name, but has a URI for each who named it: a receipt, or a part whose code could not be
 * read, does not know the item number (GTIN) of the product. They are merged when a part says that they are one lot, so
 * that what is asked of one is answered of all. Names that a person has split stay apart.
 *
 * @param uri  of the lot that the part names
 * @param name of the lot
 */
export function joinLotNames(
  db: SqlDatabase,
  events: Pick<EventAppender, 'append'>,
  { productId: id, gtin, event, capturedAt }: PreparedCapture,
  uri: string,
  name: string,
): void {
  const plain = lotUri({ id }, name)
  const others = db
    .all<{ uri: string }>(
      `select uri from material_lot where uri in (?1, ?2) union select uri from material_lot where lot = ?3 and product = ?4`,
      plain,
      gtin === null ? '' : lotUri({ id, gtin }, name),
      name,
      id,
    )
    .map((row) => row.uri)
    .filter((other) => other !== uri)
  if (others.length === 0) return
  const before = identityMap(db)
  const canonical = [uri, ...others].find((u) => u !== plain) ?? uri
  const uris = [uri, ...others].filter(
    (u) => before.canonical(u) !== before.canonical(canonical) && !namesEverOf(db, canonical).includes(u),
  )
  if (uris.length === 0) return
  const change: IdentityChanged = {
    kind: 'merge',
    canonical,
    uris,
    by: 'sightline',
    reason: `one lot by product and name: ${name} of ${id}`,
  }
  if (!mayJoin(db, change)) return
  const source = /^\/plants\/[^/]+\/lines\/[^/]+/.exec(event.source)?.[0] ?? event.source
  const { partitionkey } = event
  const type = 'qe.identity.changed.v1'
  const merge = {
    ...newEvent({ type, source, subject: IDENTITY_SUBJECT, partitionkey, data: change }),
    time: capturedAt,
  }
  checkEvent(merge)
  events.append(merge)
}

/** What was made of one another stays apart. */
function mayJoin(db: SqlDatabase, change: IdentityChanged): boolean {
  try {
    refuseInEachOther(db, change, identityMap(db))
    return true
  } catch (error) {
    if (asCoded(error, 'TRC_WRITE').code !== 'TRC_GENEALOGY') throw error
    return false
  }
}
