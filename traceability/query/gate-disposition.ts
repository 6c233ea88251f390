import type { Kysely } from 'kysely'
import type { Disposition, I18n, RejectCommand } from '../../contracts/index.ts'
import type { TraceTables } from './tables.ts'

export interface GateOutcome {
  disposition: Disposition
  /** Why the part did not go where its verdict says. */
  reason: I18n | null
}

const UNACKNOWLEDGED: I18n = { zh: '剔除口未确认放行', en: 'The gate did not acknowledge the release' }

/**
 * What the gate did with parts, by inspection; a part that no gate was told about is absent. The last command counts. A
 * release that the gate did not acknowledge is `hold`: the PLC diverts every part without one.
 */
export async function gateDispositions(
  k: Kysely<TraceTables>,
  inspectionIds: readonly string[],
): Promise<Map<string, GateOutcome>> {
  const rows = await k
    .selectFrom('gate')
    .select(['inspection_id', 'ok', 'command'])
    .where('inspection_id', 'in', inspectionIds)
    .orderBy('at')
    .orderBy('id')
    .execute()
  return new Map(
    rows.map((g) => {
      const { action, disposition, reason = null } = JSON.parse(g.command) as RejectCommand
      const unserved = action === 'release' && g.ok === 0
      return [
        g.inspection_id,
        {
          disposition: action === 'hold' || unserved ? 'hold' : disposition,
          reason: unserved ? UNACKNOWLEDGED : reason,
        },
      ]
    }),
  )
}

/** Of these inspections, those whose last review does not find the part good. */
export async function condemnedInReview(
  k: Kysely<TraceTables>,
  inspectionIds: readonly string[],
): Promise<Set<string>> {
  const rows = await k
    .selectFrom('review')
    .select(['inspection_id', 'after'])
    .where('inspection_id', 'in', inspectionIds)
    .orderBy('position')
    .execute()
  const last = new Map(rows.map((r) => [r.inspection_id, r.after]))
  return new Set([...last].flatMap(([id, after]) => (after === 'pass' ? [] : [id])))
}
