import { takeOver } from '../../../bin/line/replication.ts'
import { type SqlDatabase, type TraceFact, uuidv7 } from '../../../contracts/index.ts'
import { holdOrders } from '../../../traceability/index.ts'
import { openTraceQuery } from '../../../traceability/query/index.ts'
import { carryAll, type PlantLine } from './plant-line.ts'

export const fact = (kind: 'hold' | 'release', target: string, by = 'li'): TraceFact => ({
  id: uuidv7(),
  at: new Date().toISOString(),
  by,
  kind,
  target,
  reason: `${kind} by ${by}`,
})

export const where = (line: PlantLine): { plant: string; line: string } => ({ plant: 'p1', line: line.line })

export const state = async (line: PlantLine, stated: TraceFact): Promise<unknown> =>
  (await line.store()).recordFact(stated, where(line))

/** Holds of a line in words, in the order in which they were placed there. */
export function holdsOf(line: PlantLine): string[] {
  const source = line.source()
  const placed = source.all<{ id: string }>('select id from hold order by position').map((h) => h.id)
  source.close()
  const query = openTraceQuery(line.dir)
  const words = query
    .holds()
    .sort((a, b) => placed.indexOf(a.id) - placed.indexOf(b.id))
    .map((h) => {
      const text = `${h.target} of ${h.originLog ?? 'here'}`
      return h.releasedAt === null
        ? text
        : `${text}, released by ${h.releasedBy} of ${h.releaseLog ?? 'here'}`
    })
  query.close()
  return words
}

/** Records what the plant passes on; how many orders there were. */
export async function hear(line: PlantLine, plant: SqlDatabase): Promise<number> {
  const store = await line.store()
  const orders = holdOrders(line.source(), plant, line.line)
  for (const order of orders) await takeOver(order, store, where(line))
  return orders.length
}

/** Carries what the line has to the plant, then hears. */
export async function exchange(line: PlantLine, plant: SqlDatabase): Promise<number> {
  await line.store()
  carryAll(line.replicator(plant))
  return hear(line, plant)
}
