import type { LoggedEvent, QEvent, SqlDatabase } from '../../contracts/index.ts'
import { applyNcr, type Ncr, NCR_SUBJECT } from './ncr.ts'

interface Row {
  [column: string]: string | number
  position: number
  json: string
}

const logged = ({ position, json }: Row): LoggedEvent => ({ position, event: JSON.parse(json) as QEvent })

// As the index by subject has it, which leaves inspections out.
const INDEXED = `type <> 'qe.inspection.completed.v1'`

/** One report from its events, or null. */
export function readNcr(db: SqlDatabase, id: string): Ncr | null {
  let ncr: Ncr | null = null
  for (const row of db.all<Row>(
    `select position, json from event where subject = ? and ${INDEXED} order by position`,
    `${NCR_SUBJECT}${id}`,
  ))
    ncr = applyNcr(ncr, logged(row))
  return ncr
}

/** All reports, from their events alone; asked again, it reads only what came since. */
export class NcrBook {
  readonly #db: SqlDatabase
  #reports = new Map<string, Ncr>()
  #position = 0
  #events = 0

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /** In the order they were opened; read only. */
  all(): Ncr[] {
    const { n, last } = this.#extent()
    if (n < this.#events || last < this.#position) this.#forget()
    if (n > this.#events) this.#read()
    // Events of another line may come to a plant behind later ones.
    if (n !== this.#events) {
      this.#forget()
      this.#read()
    }
    return [...this.#reports.values()]
  }

  #extent(): { n: number; last: number } {
    const row = this.#db.get<{ n: number; last: number | null }>(
      `select count(*) as n, max(position) as last from event where subject glob 'ncr/*' and ${INDEXED}`,
    )
    return { n: row?.n ?? 0, last: row?.last ?? 0 }
  }

  #read(): void {
    const rows = this.#db.all<Row>(
      `select position, json from event where subject glob 'ncr/*' and ${INDEXED} and position > ? order by position`,
      this.#position,
    )
    for (const row of rows) {
      const event = logged(row)
      const id = event.event.subject.slice(NCR_SUBJECT.length)
      const ncr = applyNcr(this.#reports.get(id) ?? null, event)
      if (ncr !== null) this.#reports.set(id, ncr)
      this.#position = event.position
    }
    this.#events += rows.length
  }

  #forget(): void {
    this.#reports = new Map()
    this.#position = 0
    this.#events = 0
  }
}
