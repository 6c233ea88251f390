import type { z } from 'zod'
import type { LoggedEvent, StationHealth } from '../../../contracts/index.ts'
import type { LiveQueries } from '../ports.ts'
import type { LIVE_MESSAGES } from '../schemas/live.schema.ts'
import { inspectionOf } from './inspection-facts.ts'

export type LiveMessageData = { [K in keyof typeof LIVE_MESSAGES]: z.infer<(typeof LIVE_MESSAGES)[K]> }

/** A message ready to be written: the text is shared by all clients. */
export interface LiveFrame {
  position: number | null
  text: string
}

/** Text form of a server-sent event, html.spec.whatwg.org section 9.2. */
export function frame<K extends keyof LiveMessageData>(
  name: K,
  data: LiveMessageData[K],
  position: number | null = null,
): LiveFrame {
  const id = position === null ? '' : `id: ${position}\n`
  return { position, text: `${id}event: ${name}\ndata: ${JSON.stringify(data)}\n\n` }
}

/**
 * Log events → small messages. Inspections are sent as their list row, since the event has neither the reasons in
 * words nor the image size; everything else as type and subject.
 */
export async function liveFrames(
  queries: Pick<LiveQueries, 'recentParts'>,
  batch: LoggedEvent[],
): Promise<LiveFrame[]> {
  const last = batch.at(-1)
  if (!last) return []
  const inspections = batch.filter((logged) => inspectionOf(logged) !== null).length
  const rows =
    inspections === 0
      ? []
      : await queries.recentParts({ limit: inspections, beforePosition: last.position + 1 })
  const byId = new Map(rows.map((row) => [row.inspectionId, row]))
  return batch.map((logged) => {
    const part = inspectionOf(logged)
    const row = part ? byId.get(part.inspectionId) : undefined
    return row ? frame('part', row, logged.position) : frame('event', eventFacts(logged), logged.position)
  })
}

function eventFacts({ position, event }: LoggedEvent): LiveMessageData['event'] {
  const facts = { position, type: event.type, subject: event.subject, at: event.time }
  if (event.type !== 'qe.station.health.v1') return facts
  const { station, alarm, code, message, active } = event.data as StationHealth
  return { ...facts, alarm: { station, alarm, code, message, active } }
}
