import type { EventLog, I18n, LoggedEvent, QEvent, SqlDatabase } from '../../contracts/index.ts'

/** Where a log in another process or without a store looks for news, ms. */
const POLL_MS = 200

/** What the record of an inspection says that was not told by an event of its own. */
export interface NewestInspection {
  position: number
  trigger: number
  /** RFC 3339, UTC. */
  endedAt: string
  recipeSha256: string
  reasons: I18n[]
}

/** An event with its place in the log. */
export interface Newest<T> {
  position: number
  event: QEvent<T>
}

type Row = { position: number; json: string }

/**
 * The log over a read-only connection. `wake` is the store's own notice; without one (a process beside the line) the
 * connection is asked whether anything changed while somebody listens.
 */
export class SqliteEventLog implements EventLog {
  readonly #db: SqlDatabase
  readonly #wake: ((listener: () => void) => () => void) | null

  constructor(db: SqlDatabase, wake: ((listener: () => void) => () => void) | null = null) {
    this.#db = db
    this.#wake = wake
  }

  read(afterPosition: number, limit: number, partition?: string): LoggedEvent[] {
    const rows =
      partition === undefined
        ? this.#db.all<Row>(
            'select position, json from event where position > ? order by position limit ?',
            afterPosition,
            limit,
          )
        : this.#db.all<Row>(
            'select position, json from event where position > ? and partitionkey = ? order by position limit ?',
            afterPosition,
            partition,
            limit,
          )
    return rows.map(({ position, json }) => ({ position, event: JSON.parse(json) as QEvent }))
  }

  /** The newest event of a type about a subject that is no part, by its index. */
  newest<T>(subject: string, type: string): Newest<T> | null {
    const row = this.#db.get<Row>(
      `select position, json from event where subject = ? and type <> 'qe.inspection.completed.v1' and type = ?
       order by position desc limit 1`,
      subject,
      type,
    )
    return row === undefined ? null : { position: row.position, event: JSON.parse(row.json) as QEvent<T> }
  }

  /** The newest inspection of a unit at a station; few units have many, and the index has all that is looked through. */
  newestInspection(unit: string, station: string): NewestInspection | null {
    const row = this.#db.get<Omit<NewestInspection, 'reasons'> & { reasons: string }>(
      `select position, trigger_number as "trigger", ended_at as "endedAt", recipe_sha256 as "recipeSha256", reasons from inspection
       where position = (select max(position) from inspection where unit = ? and +station = ?)`,
      unit,
      station,
    )
    return row === undefined ? null : { ...row, reasons: JSON.parse(row.reasons) as I18n[] }
  }

  /** The same about any subject `<kind>/…`. */
  newestOf<T>(kind: string, type: string): QEvent<T> | null {
    const row = this.#db.get<Row>(
      `select position, json from event
       where subject > ? and subject < ? and type <> 'qe.inspection.completed.v1' and type = ?
       order by position desc limit 1`,
      `${kind}/`,
      `${kind}0`,
      type,
    )
    return row === undefined ? null : (JSON.parse(row.json) as QEvent<T>)
  }

  /** Position of the last event, 0 before the first. */
  end(): number {
    return this.#db.get<{ last: number | null }>('select max(position) as last from event')?.last ?? 0
  }

  onAppend(listener: () => void): () => void {
    if (this.#wake !== null) return this.#wake(listener)
    let seen = this.end()
    const timer = setInterval(() => {
      const last = this.end()
      if (last === seen) return
      seen = last
      listener()
    }, POLL_MS)
    timer.unref()
    return () => clearInterval(timer)
  }

  close(): void {
    this.#db.close()
  }
}
