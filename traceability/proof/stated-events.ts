import type { QEvent, SqlDatabase } from '../../contracts/index.ts'
import { INSPECTION } from './match-query.ts'

export type Data = Record<string, unknown>
/** An event, other than an inspection, and its place in the log. */
export interface StatedEvent {
  position: number
  event: QEvent<Data>
}

/** Events read at once. */
const BATCH = 1_000

/**
 * Places of events of these types, in their order. The index by subject leaves inspections out, which are nearly all; the
 * sign keeps SQLite from going by the places instead, through all of the log.
 */
export const positionsOf = (db: SqlDatabase, types: readonly string[]): number[] =>
  db
    .all<{ position: number }>(
      `select position from event where subject > '' and type <> '${INSPECTION}'
         and type in (${types.map((t) => `'${t}'`).join(', ')}) order by +position`,
    )
    .map((row) => row.position)

/** The events at these places. A text that is no event is left out: it is told where the texts or their rows are checked. */
export function* eventsAt(db: SqlDatabase, positions: readonly number[]): Generator<StatedEvent> {
  for (let i = 0; i < positions.length; i += BATCH)
    for (const { position, json } of db.all<{ position: number; json: string }>(
      `select e.position, e.json from json_each(?) v join event e on e.position = cast(v.value as bigint)
         order by e.position`,
      JSON.stringify(positions.slice(i, i + BATCH)),
    )) {
      try {
        const event = JSON.parse(json) as QEvent<Data> | null
        if (typeof event?.data !== 'object' || event.data === null) continue
        if (typeof event.subject === 'string' && typeof event.time === 'string') yield { position, event }
      } catch {
        continue
      }
    }
}
