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
  /** Where looking back begins. */
  back: string
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

  /** The plant may lack what it had. */
  compareAnew(): void {
    this.#tables = null
  }

  /** @param meanwhile called between the pieces, outside of transactions */
  carry(meanwhile: () => void): void {
    this.#tables ??= new Map(SIDE_TABLES.map((t) => [t, this.#begin(t)]))
    for (const [table, carried] of this.#tables) this.#carry(table, carried, meanwhile)
  }

  #carry(table: SideTable, carried: Carried, meanwhile: () => void): void {
    // Nothing newer, nothing to look back for.
    if (this.#newest(table) <= carried.after) return
    let from = carried.back
    for (;;) {
      const ids = this.#source
        .all<{ id: string }>(`select id from ${table} where id > ? order by id limit ?`, from, BATCH)
        .map((r) => r.id)
      const last = ids.at(-1)
      if (last === undefined) break
      const fresh = ids.filter((id) => !carried.lately.has(id))
      if (fresh.length > 0) this.#copy(table, fresh)
      for (const id of fresh) carried.lately.add(id)
      from = last
      forget(carried, from)
      meanwhile()
      if (ids.length < BATCH) break
    }
    carried.after = from
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

  /** Goes on behind the last id up to which the plant has as many as the line. */
  #begin(table: SideTable): Carried {
    const after = this.#hasUpTo(table)
    const back = after === '' ? '' : anHourBefore(after)
    const lately = this.#source
      .all<{ id: string }>(
        `select id from ${table} where id > ? and id <= ? order by id desc limit ?`,
        back,
        after,
        LOOK_BACK_ROWS,
      )
      .map((r) => r.id)
    const first = lately.length < LOOK_BACK_ROWS ? back : (lately.at(-1) ?? back)
    return { after, back: first, lately: new Set(lately) }
  }

  /**
   * By halves, so that a link that breaks again and again gets on: the plant has nothing of a log that its line has not, so
   * where counts differ up to an id, they differ behind it, too.
   */
  #hasUpTo(table: SideTable): string {
    const newest = this.#newest(table)
    let [size, there] = [count(this.#source, table), this.#there(table, '', newest)]
    if (size === there) return newest
    let after = ''
    while (size > 1) {
      const half = Math.floor(size / 2)
      const middle = this.#source.get<{ id: string }>(
        `select id from ${table} where id > ? order by id limit 1 offset ?`,
        after,
        half - 1,
      )?.id
      if (middle === undefined) break
      there = this.#there(table, after, middle)
      if (there === half) after = middle
      size = there === half ? size - half : half
    }
    return after
  }

  #there(table: SideTable, after: string, last: string): number {
    return count(this.#plant, table, 'where log = ? and id > ? and id <= ?', this.#log, after, last)
  }

  #newest(table: SideTable): string {
    return this.#source.get<{ last: string | null }>(`select max(id) as last from ${table}`)?.last ?? ''
  }
}

const anHourBefore = (id: string): string => idAt(uuidMs(id) - LOOK_BACK_MS)

/** Those that are not looked back for any more, once the ids up to the last one went along. */
function forget(carried: Carried, last: string): void {
  const { lately } = carried
  const hour = anHourBefore(last)
  if (hour > carried.back) carried.back = hour
  for (const id of lately) {
    if (id > carried.back && lately.size <= LOOK_BACK_ROWS) continue
    lately.delete(id)
    if (id > carried.back) carried.back = id
  }
}

const count = (db: SqlDatabase, table: SideTable, which = '', ...values: string[]): number =>
  db.get<{ n: number }>(`select count(*) as n from ${table} ${which}`, ...values)?.n ?? 0
