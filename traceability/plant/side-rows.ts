import { type SqlDatabase, type SqlRow, uuidMs } from '../../contracts/index.ts'
import type { ReplicaRows } from './replica-rows.ts'
import { SIDE_TABLES, type SideTable } from './replica-tables.ts'

const BATCH = 1_000
/** Rows that were delayed in the spool of the line carry older ids: so far is looked back, ms. */
const LOOK_BACK_MS = 3_600_000
/** And over so many rows at most: behind an id of a clock that was far ahead, all others lie within a moment. */
const LOOK_BACK_ROWS = 100_000

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
    const back = this.#lookedBackTo(table, newest)
    let from = this.#lookedBackTo(table, carried.after)
    for (;;) {
      const ids = this.#source
        .all<{ id: string }>(`select id from ${table} where id > ? order by id limit ?`, from, BATCH)
        .map((r) => r.id)
      const last = ids.at(-1)
      if (last === undefined) break
      const fresh = ids.filter((id) => !carried.lately.has(id))
      if (fresh.length > 0) this.#copy(table, fresh)
      for (const id of fresh) if (id > back) carried.lately.add(id)
      from = last
      meanwhile()
      if (ids.length < BATCH) break
    }
    carried.after = from
    for (const id of carried.lately) if (id <= back) carried.lately.delete(id)
  }

  #copy(table: SideTable, ids: readonly string[]): void {
    this.#rows.copySide(
      table,
      this.#source.all<SqlRow>(
        `select * from ${table} where id in (select value from json_each(?))`,
        JSON.stringify(ids),
      ),
    )
  }

  #lookedBackTo(table: SideTable, id: string): string {
    if (id === '') return ''
    const nth = this.#source.get<{ id: string }>(
      `select id from ${table} where id <= ? order by id desc limit 1 offset ?`,
      id,
      LOOK_BACK_ROWS,
    )
    const moment = idAt(uuidMs(id) - LOOK_BACK_MS)
    return nth && nth.id > moment ? nth.id : moment
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

const count = (db: SqlDatabase, table: SideTable, which = '', ...values: string[]): number =>
  db.get<{ n: number }>(`select count(*) as n from ${table} ${which}`, ...values)?.n ?? 0
