import {
  type ErrorCode,
  type I18n,
  type SqlDatabase,
  type StationHealth,
  uuidv5,
} from '../../contracts/index.ts'

export interface LifeAlarm {
  id: string
  station: string
  /** `score-drift`, `escape-found`, `review-overdue`, `canary-rollback`, `canary-failed`, `canary-shadow`,
   * `challenge-failed` or `shadow-lost`. */
  alarm: string
  code: ErrorCode
  message: I18n
  since: string
}

/** An event that is decided but not in the log yet. */
export interface PendingEvent {
  /** The same for the same cause: appended once, however often it is tried. */
  id: string
  station: string
  data: StationHealth
  at: string
}

const NAMESPACE = '7b0d3d2e-5d55-4c0c-9a39-6f4f5ad0c1c7'

/** Alarms that follow from the log; others say what became of a recipe. */
const FOLLOWS = "alarm in ('score-drift', 'escape-found', 'review-overdue')"

/** Alarms about models, each with an event when it comes and when it goes. */
export class LifeAlarms {
  readonly #db: SqlDatabase

  /** @param db prepared by `prepareLife` for counts */
  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /** Inside the caller's transaction: drops those that the log leads to, and what is to be said of them. */
  beginAnew(): void {
    this.#db.run(`delete from life_outbox where ${FOLLOWS.replace('alarm', "data ->> '$.alarm'")}`)
    this.#db.run(`delete from life_alarm where ${FOLLOWS}`)
  }

  /** Inside the caller's transaction. */
  raise(alarm: LifeAlarm): void {
    this.#db.run(
      `insert or replace into life_alarm(id, station, alarm, code, zh, en, since) values(?, ?, ?, ?, ?, ?, ?)`,
      alarm.id,
      alarm.station,
      alarm.alarm,
      alarm.code,
      alarm.message.zh,
      alarm.message.en,
      alarm.since,
    )
    this.#tell(alarm, true, alarm.since)
    // The log is read anew: what a person has said about this very alarm still holds.
    const ended = this.#db.get<{ at: string; by: string }>(
      'select at, by from life_ended where id = ? and since = ?',
      alarm.id,
      alarm.since,
    )
    if (ended !== undefined) this.clear(alarm.id, ended.by, ended.at)
  }

  /** A person ends it by name. Returns false when no such alarm is active. */
  end(id: string, by: string, at: string): boolean {
    const active = this.active().find((a) => a.id === id)
    if (active === undefined) return false
    this.#db.run(
      'insert or replace into life_ended(id, since, at, by) values(?, ?, ?, ?)',
      id,
      active.since,
      at,
      by,
    )
    return this.clear(id, by, at)
  }

  /** Returns false when no such alarm is active. */
  clear(id: string, by: string, at: string): boolean {
    const active = this.active().find((a) => a.id === id)
    if (!active) return false
    this.#db.run('update life_alarm set cleared_at = ?, cleared_by = ? where id = ?', at, by, id)
    this.#tell(active, false, at)
    return true
  }

  /** Whether it was raised at that time or later, ended meanwhile or not. */
  raisedSince(id: string, at: string): boolean {
    const sql =
      'select 1 from life_alarm where id = ?1 and since >= ?2 union select 1 from life_ended where id = ?1 and since >= ?2'
    return this.#db.get(sql, id, at) !== undefined
  }

  active(): LifeAlarm[] {
    return this.#db
      .all<{
        id: string
        station: string
        alarm: string
        code: string
        zh: string
        en: string
        since: string
      }>(
        `select id, station, alarm, code, zh, en, since from life_alarm where cleared_at is null order by since, id`,
      )
      .map(({ zh, en, code, ...a }) => ({ ...a, code: code as ErrorCode, message: { zh, en } }))
  }

  pending(): PendingEvent[] {
    return this.#db
      .all<{ id: string; station: string; data: string; at: string }>(
        'select id, station, data, at from life_outbox order by at, id',
      )
      .map((r) => ({ ...r, data: JSON.parse(r.data) as StationHealth }))
  }

  /** The event is in the log. */
  sent(id: string): void {
    this.#db.run('delete from life_outbox where id = ?', id)
  }

  #tell({ id, station, alarm, code, message }: LifeAlarm, active: boolean, at: string): void {
    const data: StationHealth = { station, alarm, active, code, message: message.en }
    this.#db.run(
      'insert or ignore into life_outbox(id, station, data, at) values(?, ?, ?, ?)',
      uuidv5(NAMESPACE, `${id} ${active} ${at}`),
      station,
      JSON.stringify(data),
      at,
    )
  }
}
