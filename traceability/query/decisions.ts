import type { Kysely } from 'kysely'
import type { FACT_EVENT_DATA, QEvent, UnitDisposition } from '../../contracts/index.ts'
import type { z } from 'zod'
import type { IdentityMap } from '../identity/index.ts'
import type { TraceTables } from './tables.ts'

/** What a person decided about a unit. */
export interface UnitDecision {
  /** Id of the fact, by which it is taken back. */
  fact: string
  disposition: UnitDisposition
  by: string
  reason: string
  at: string
}

type Decided = z.infer<(typeof FACT_EVENT_DATA)['qe.unit.dispositioned.v1']>

/**
 * The newest decision that stands about each inspection of the units, under whichever name it was made: another inspection
 * of the unit counts anew.
 */
export async function decisionsOf(
  k: Kysely<TraceTables>,
  units: readonly string[],
  merged: IdentityMap,
): Promise<Map<string, UnitDecision>> {
  const rows = await k
    .selectFrom('trace_fact')
    .innerJoin('event', 'event.position', 'trace_fact.position')
    .select(['event.json', 'trace_fact.id'])
    .where('trace_fact.subject', 'in', merged.namesOfAll(units))
    .where('trace_fact.kind', '=', 'dispose')
    .where('trace_fact.superseded_by', 'is', null)
    .orderBy('trace_fact.position')
    .execute()
  return new Map(
    rows.flatMap(({ json, id }): [string, UnitDecision][] => {
      const { data, time } = JSON.parse(json) as QEvent<Decided>
      const { inspection, disposition, by, reason } = data
      return inspection === undefined ? [] : [[inspection, { fact: id, disposition, by, reason, at: time }]]
    }),
  )
}
