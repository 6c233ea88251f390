import type { LoggedEvent, VerdictResult } from '../../../contracts/index.ts'
import type { PartQueries } from '../ports.ts'

const PAGE = 200
const MAX_PAGES = 25

/**
 * The next part after a log position that matches the filter, or null. Looks through at most 5,000 events, so
 * that a rare filter cannot keep the server busy.
 */
export async function newerPart(
  queries: PartQueries,
  position: number,
  filter: { station?: string; result?: VerdictResult },
): Promise<string | null> {
  let from = position
  for (let page = 0; page < MAX_PAGES; page++) {
    const events = await queries.eventsAfter(from, PAGE)
    for (const logged of events) {
      const part = inspectionOf(logged)
      if (
        part &&
        (filter.station === undefined || part.station === filter.station) &&
        (filter.result === undefined || part.result === filter.result)
      )
        return part.inspectionId
    }
    const last = events.at(-1)
    if (!last || events.length < PAGE) return null
    from = last.position
  }
  return null
}

interface InspectionFacts {
  inspectionId: string
  station: string
  result: string
  totalMs: number
}

/** The facts that filters and latency need; null for every other event type. */
export function inspectionOf({ event }: LoggedEvent): InspectionFacts | null {
  if (event.type !== 'qe.inspection.completed.v1') return null
  const data = event.data as {
    inspectionId?: unknown
    place?: { station?: unknown }
    verdict?: { result?: unknown }
    timing?: { totalMs?: unknown }
  }
  const { inspectionId, place, verdict, timing } = data
  return typeof inspectionId === 'string' &&
    typeof place?.station === 'string' &&
    typeof verdict?.result === 'string' &&
    typeof timing?.totalMs === 'number'
    ? { inspectionId, station: place.station, result: verdict.result, totalMs: timing.totalMs }
    : null
}
