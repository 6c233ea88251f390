import { CodedError, type QEvent, type SqlDatabase } from '../../contracts/index.ts'
import { decisionAbout, lastInspection } from './disposition.ts'
import { namesOf } from './identity-names.ts'
import { shortName } from './things.ts'

/**
 * The inspection that a decision about a unit is about: its last one, as what was found since may say otherwise; of a
 * correction the one that was decided about.
 *
 * @param looked    what the person says to have looked at
 * @param corrected the decision that this one replaces
 * @returns null for a unit that was never inspected
 * @throws TRC_GENEALOGY when the unit was inspected since, or the correction is of another unit
 */
export function inspectionLookedAt(
  db: SqlDatabase,
  unit: string,
  looked: string | undefined,
  corrected: { subject: string; position: number } | null,
): string | null {
  const names = namesOf(db, unit)
  if (corrected !== null && !names.includes(corrected.subject))
    throw new CodedError('TRC_GENEALOGY', {
      expected: `a decision about ${shortName(corrected.subject)}, as the one that it corrects`,
      actual: shortName(unit),
      hint: 'retract that one, and decide about the other unit by a fact of its own',
    })
  const about =
    corrected === null ? (lastInspection(db, names)?.id ?? null) : decidedAbout(db, corrected.position)
  if (looked !== undefined && looked !== about)
    throw new CodedError('TRC_GENEALOGY', {
      expected: `a decision about the last inspection of ${shortName(unit)}, ${about ?? 'which has none'}`,
      actual: looked,
      hint: 'look at what was found since, then decide',
    })
  return about
}

function decidedAbout(db: SqlDatabase, position: number): string | null {
  const row = db.get<{ json: string }>('select json from event where position = ?', position)
  return (JSON.parse(row?.json ?? '{}') as QEvent<{ inspection?: string }>).data.inspection ?? null
}

/**
 * Refuses a decision of somebody who saw another one in force about that inspection, or none.
 *
 * @param over id of the decision that was seen; null = none; absent = it does not count
 * @throws TRC_DECIDED
 */
export function refuseDecided(
  db: SqlDatabase,
  unit: string,
  inspection: string | null,
  over: string | null | undefined,
): void {
  if (over === undefined) return
  const inForce = decisionAbout(db, namesOf(db, unit), inspection)
  if ((inForce?.id ?? null) === over) return
  const said = inForce && `${inForce.disposition}, ${inForce.by}, ${inForce.at}`
  throw new CodedError('TRC_DECIDED', {
    expected: over === null ? 'a part that nobody has decided about' : `the decision ${over} in force`,
    actual: said ?? 'it was taken back',
    hint: 'look at the part again, then decide',
    zh: {
      expected: over === null ? '尚无人处置的工件' : `仍然有效的处置 ${over}`,
      ...(said === null && { actual: '该处置已撤回' }),
      hint: '请重新查看该工件后再处置',
    },
  })
}
