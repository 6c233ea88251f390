import type { PartContext, ShiftsSpec, SqlDatabase } from '../../contracts/index.ts'

export interface Interruption {
  station: string
  nextTrigger: number
  recipe: { id: string; sha256: string }
  context: PartContext
  /** Absent = the shift of the context. */
  shifts?: ShiftsSpec | undefined
}

export function openTrigger(db: SqlDatabase, t: { station: string; trigger: number; at: string }): void {
  db.run(
    `insert into part_trigger (station, number, at, state) values (?, ?, ?, 'open') on conflict do nothing`,
    t.station,
    t.trigger,
    t.at,
  )
}

export function lastTrigger(db: SqlDatabase, station: string): number | null {
  const row = db.get<{ last: number | null }>(
    'select max(number) as last from part_trigger where station = ?',
    station,
  )
  return row?.last ?? null
}
