import { type SqlDatabase, type SqlRow, uuidMs } from '../../contracts/index.ts'
import type { ReplicaRows } from './replica-rows.ts'
import { SIDE_TABLES, type SideTable } from './replica-tables.ts'

const BATCH = 1_000
/** Rows that were delayed in the spool of the line carry older ids: so far is looked back, ms. */
const LOOK_BACK_MS = 3_600_000

/** Smallest UUIDv7 of a moment. */
const idAt = (ms: number): string => {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

interface Carried {
  /** The last id that went along. */
  after: string
  /** Ids within what is looked back for that went along: nothing goes twice. */
  lately: Set<string>
}

/** Carries what has no place in the log into the plant store, in the order of its ids: answers of the gate and late results. */
export class SideRows {
  readonly #source: SqlDatabase
  readonly #plant: SqlDatabase
  readonly #log: string
  readonly #rows: ReplicaRows
  #tables: Map<SideTable, Carried> | null = null

  constructor(source: SqlDatabase, plant: SqlDatabase, log: string, rows: ReplicaRows) {
    this.#source = source
    this.#plant = plant
    this.#log = log
    this.#rows = rows
  }

  /** @param meanwhile called between the pieces, outside of transactions */
  carry(meanwhile: () => void): void {
    this.#tables ??= new Map(SIDE_TABLES.map((t) => [t, { after: this.#begin(t), lately: new Set() }]))
    for (const [table, carried] of this.#tables) this.#carry(table, carried, meanwhile)
  }

  #carry(table: SideTable, carried: Carried, meanwhile: () => void): void {
    const newest = this.#newest(table)
    // Nothing newer, nothing to look back for.
    if (newest <= carried.after) return
    const back = lookedBackTo(newest)
    let from = lookedBackTo(carried.after)
    for (;;) {
      const rows = this.#source.all<SqlRow & { id: string }>(
        `select * from ${table} where id > ? order by id limit ?`,
        from,
        BATCH,
      )
      const last = rows.at(-1)
      if (last === undefined) break
      const fresh = rows.filter((r) => !carried.lately.has(r.id))
      if (fresh.length > 0) this.#rows.copySide(table, fresh)
      for (const { id } of fresh) if (id > back) carried.lately.add(id)
      from = last.id
      meanwhile()
      if (rows.length < BATCH) break
    }
    carried.after = from
    for (const id of carried.lately) if (id <= back) carried.lately.delete(id)
  }

  /** Counts that agree leave only what is still to come. */
  #begin(table: SideTable): string {
    const here = count(this.#source, table)
    const there = count(this.#plant, table, 'where log = ?', this.#log)
    return here === there ? this.#newest(table) : ''
  }

  #newest(table: SideTable): string {
    return this.#source.get<{ last: string | null }>(`select max(id) as last from ${table}`)?.last ?? ''
  }
}

const lookedBackTo = (id: string): string => (id === '' ? '' : idAt(uuidMs(id) - LOOK_BACK_MS))

const count = (db: SqlDatabase, table: SideTable, which = '', ...values: string[]): number =>
  db.get<{ n: number }>(`select count(*) as n from ${table} ${which}`, ...values)?.n ?? 0
