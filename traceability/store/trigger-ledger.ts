import type { CountedTrigger, PartContext, ShiftsSpec, SqlDatabase } from '../../contracts/index.ts'

export interface Interruption {
  station: string
  next: CountedTrigger
  recipe: { id: string; sha256: string }
  context: PartContext
  /** Absent = the shift of the context. */
  shifts?: ShiftsSpec | undefined
}

export interface Announcement {
  station: string
  trigger: number
  /** Absent = the newest count that is known, also in lines that older programs spooled. */
  attempt?: number
  at: string
}

export function openTrigger(db: SqlDatabase, t: Announcement): void {
  db.run(
    `insert into part_trigger (station, attempt, number, at, state) values (?, ?, ?, ?, 'open') on conflict do nothing`,
    t.station,
    t.attempt ?? lastTrigger(db, t.station)?.attempt ?? 1,
    t.trigger,
    t.at,
  )
}

export function lastTrigger(db: SqlDatabase, station: string): CountedTrigger | null {
  const row = db.get<{ trigger: number; attempt: number }>(
    `select number as "trigger", attempt from part_trigger where station = ?
     order by station desc, attempt desc, number desc limit 1`,
    station,
  )
  return row ?? null
}

/** The counts of a station, oldest first; from one to the next in the key instead of over all triggers. */
export function countsOf(db: SqlDatabase, station: string): number[] {
  return db
    .all<{ attempt: number }>(
      `with recursive c (attempt) as (
         select min(attempt) from part_trigger where station = ?1
         union all
         select (select min(attempt) from part_trigger where station = ?1 and attempt > c.attempt)
         from c where c.attempt is not null
       )
       select attempt from c where attempt is not null`,
      station,
    )
    .map((row) => row.attempt)
}
