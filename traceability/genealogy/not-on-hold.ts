import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { dispositionOf } from './disposition.ts'
import { activeHolds, byTarget, heldBy } from './holds.ts'
import { lotName, shortName } from './things.ts'

const MAX_WAYS = 5_000

/** A release of something on which there is no hold, with what does stop it, and the command that ends that. */
export function notOnHold(db: SqlDatabase, target: string): CodedError {
  const name = shortName(target)
  const none = (actual: string, hint?: string): CodedError =>
    new CodedError('TRC_GENEALOGY', {
      expected: 'something that is on hold',
      actual,
      ...(hint === undefined ? {} : { hint }),
    })
  const { hold } = heldBy(db, byTarget(activeHolds(db)), [{ uri: target }], MAX_WAYS)
  if (hold !== null)
    return none(
      `${name}, which falls under the hold of ${shortName(hold.target)}`,
      `sightline release ${shortName(hold.target)} --reason … --by …`,
    )
  const disposition = lotName(target) === null ? dispositionOf(db, target) : null
  if (disposition === null) return none(target)
  return none(
    `${name}, on which there is no hold; its disposition is ${disposition}`,
    `a person decides what becomes of it: sightline dispose ${name} release --reason … --by …`,
  )
}
