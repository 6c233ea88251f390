import type { SqlDatabase, TriggerBalance } from '../../contracts/index.ts'
import type { RunningTotals } from '../store/running-totals.ts'
import type { SpooledTriggers } from '../store/spooled-triggers.ts'
import { overtaken, triggerBalance } from '../store/trigger-balance.ts'

/**
 * The balance of a line that may be running, of one state: a part between two statements would be a trigger without a
 * verdict. Of what it leaves unexplained it says how many triggers wait in the spool.
 *
 * @param fromIso triggers at or after this time, RFC 3339 UTC; absent = all
 * @param toIso   and before this one; absent = all
 */
export function balanceNow(
  db: SqlDatabase,
  totals: RunningTotals,
  spooled: SpooledTriggers,
  fromIso?: string,
  toIso?: string,
): TriggerBalance[] {
  const count = (): TriggerBalance[] => triggerBalance(db, totals, fromIso, toIso)
  const counted = db.transaction(count)
  if (counted.every((b) => b.closed)) return counted
  // What is written while it is counted is in the spool before, and what goes there meanwhile behind.
  const before = spooled.read()
  return db.transaction(() =>
    count().map((b) => {
      if (b.closed) return b
      const waiting = overtaken(db, b.station, [...before, ...spooled.read()], fromIso, toIso)
      return waiting === 0 ? b : { ...b, waiting }
    }),
  )
}
