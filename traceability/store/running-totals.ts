import type { SqlDatabase } from '../../contracts/index.ts'

export interface ResultCount {
  station: string
  result: string
  noVerdict: string | null
  count: number
}

const SELECT = 'select station, result, no_verdict, count(*) as count, max(position) as last from inspection'
const GROUP = 'group by station, result, no_verdict'

type Row = { station: string; result: string; no_verdict: string | null; count: number; last: number }

/**
 * Inspections per station and result over the whole history. Rows are only ever added, in order of position, so that
 * each reading counts the new ones alone: a year of parts is not scanned for every refresh of a page.
 */
export class RunningTotals {
  readonly #db: SqlDatabase
  readonly #counts = new Map<string, ResultCount>()
  #upTo = 0

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  read(): ResultCount[] {
    // Without a condition SQLite reads the narrow index instead of the wide rows.
    const rows = this.#upTo === 0 ? this.#db.all<Row>(`${SELECT} ${GROUP}`) : this.#newer()
    for (const r of rows) {
      const key = JSON.stringify([r.station, r.result, r.no_verdict])
      const at = this.#counts.get(key)
      if (at) at.count += r.count
      else
        this.#counts.set(key, {
          station: r.station,
          result: r.result,
          noVerdict: r.no_verdict,
          count: r.count,
        })
      this.#upTo = Math.max(this.#upTo, r.last)
    }
    return [...this.#counts.values()]
  }

  #newer(): Row[] {
    return this.#db.all<Row>(`${SELECT} where position > ? ${GROUP}`, this.#upTo)
  }
}
