import type { ModelDeployed } from '../../contracts/index.ts'
import type { Newest } from '../../traceability/index.ts'

/** When the recipe in force came into force. */
export interface InForceSince {
  /** Of the activation. */
  n: number
  /** Position in the log of the word of it; 0 = not known, as of the first start. */
  position: number
  /** RFC 3339, UTC. */
  at: string
}

/** A change is told right before it is made, one of the line file at the end of the start that made it, ms. */
const TOLD_WITHIN_MS = { line: 600_000, other: 1_000 }

/**
 * @param told the newest change of the station in the log: another one than the activation where that was taken back since,
 *   or was told by a later start; then the clock alone says what is since
 */
export function inForceSince(
  { n, at }: Omit<InForceSince, 'position'>,
  told: Newest<ModelDeployed> | null,
): InForceSince {
  if (told === null) return { n, at, position: 0 }
  const { time, data } = told.event
  const lateMs = Date.parse(time) - Date.parse(at)
  const own = lateMs <= TOLD_WITHIN_MS[data.cause === 'line' ? 'line' : 'other']
  return { n, at, position: own ? told.position : 0 }
}

/**
 * Whether something on record is of the recipe as it is in force now, and not of an earlier time in which it was. The order
 * of the log says so, and the clock as far as it goes: a time that is still to come says that it was set back since.
 *
 * @param said `doubt`: what speaks against the recipe counts by the order alone where that is known, whatever the clock says
 */
export const isSince = (
  said: { position: number; at: string; doubt?: boolean },
  { position, at }: Omit<InForceSince, 'n'>,
): boolean =>
  said.position > position &&
  ((said.doubt === true && position > 0) || said.at >= at || Date.parse(at) > Date.now())
