import type { LoggedEvent } from '../../../contracts/index.ts'

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
