import { asCoded, type EpcisItem, type SqlDatabase } from '../../contracts/index.ts'
import { refuseStopped, stopOf, type WalkBudget } from './stopped.ts'

export interface Contradiction {
  thing: string
  kind: string
  reason: string
}

/** Of one event, at most: an event may name thousands of parts of one lot. */
const NAMED = 20

/**
 * What an event of somebody else says has happened although it is stopped here. It has happened all the same, so that
 * nothing is refused; but nobody is to overlook it.
 *
 * @param budget of all events that are captured together; what is left of it is written back
 */
export function contradictionsOf(
  db: SqlDatabase,
  { moves, at }: Pick<EpcisItem, 'moves' | 'at'>,
  budget: WalkBudget,
): Contradiction[] {
  const found: Contradiction[] = []
  for (const kind of ['aggregate', 'ship'] as const) {
    const uris = moves.filter((m) => m.kind === kind).map((m) => m.uri)
    const how = { at, kept: kind === 'ship' }
    // Nearly always nothing is in the way of any of them, which one look tells.
    if (uris.length === 0 || budget.left <= 0 || stopOf(db, uris, how, budget) === null) continue
    for (const uri of uris) {
      budget.left -= QUESTION
      try {
        refuseStopped(db, { kind, uri, ...how }, budget)
      } catch (error) {
        found.push({ thing: uri, kind, reason: asCoded(error, 'TRC_HELD').message })
      }
      // What cannot be told any more is said once.
      if (found.length === NAMED || budget.left <= 0) break
    }
  }
  return found
}

/** One question costs as much as so many links. */
const QUESTION = 20
