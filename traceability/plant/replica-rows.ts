import { CodedError, type SqlDatabase, type SqlRow } from '../../contracts/index.ts'
import { encodePart } from '../identity/index.ts'
import { linkStated } from '../store/take-back.ts'
import { GONE, type GoneLink } from '../store/kept-links.ts'
import { nameLot } from '../store/unit-lot.ts'
import { namedIn } from './captured.ts'
import { jsonOf } from './postgres.ts'
import { REPLICA_TABLES, type ReplicaTable, SIDE_TABLES, type SideTable } from './replica-tables.ts'
import { endStated, type OpenAgain, settleReturns } from './stated-ends.ts'

const STATION = 'urn:sightline:station:'

/**
 * The name of a station in the plant: two lines may both have an `st10`. Ids of lines and stations have no dot.
 *
 * @param name a station, or a URI; what is no station stays as it is
 */
export function stationInPlant(name: string, line: string, isUri: boolean): string {
  if (!isUri) return `${line}.${name}`
  return name.startsWith(STATION) ? `${STATION}${encodePart(line)}.${name.slice(STATION.length)}` : name
}

/** Columns of a table in both stores. @throws TRC_OPEN when one of them has a column that the other lacks */
function sharedColumns(source: SqlDatabase, plant: SqlDatabase, table: string): string[] {
  const here = source.all<{ name: string }>(`select name from pragma_table_info(?) order by cid`, table)
  const there = plant.all<{ name: string }>(
    `select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = ?`,
    table,
  )
  const known = new Set(there.map((c) => c.name))
  const missing = here.filter((c) => !known.has(c.name)).map((c) => c.name)
  if (here.length === 0 || missing.length > 0)
    throw new CodedError('TRC_OPEN', {
      expected: `the same columns of ${table} in line and plant`,
      actual: here.length === 0 ? 'no such table in the line' : `only the line has ${missing.join(', ')}`,
      hint: 'bring the plant store to the version of the line',
    })
  return here.map((c) => c.name)
}

/** Carries the rows that belong to a stretch of the log from the store of a line into the plant store. */
export class ReplicaRows {
  readonly #source: SqlDatabase
  readonly #plant: SqlDatabase
  readonly #log: string
  readonly #line: string
  readonly #columns = new Map<string, string[]>()

  constructor(source: SqlDatabase, plant: SqlDatabase, log: string, line: string) {
    this.#source = source
    this.#plant = plant
    this.#log = log
    this.#line = line
    for (const { table } of REPLICA_TABLES) this.#columns.set(table, sharedColumns(source, plant, table))
    for (const table of SIDE_TABLES) this.#columns.set(table, sharedColumns(source, plant, table))
  }

  /** @param place position in the plant of each position of the stretch */
  copy(after: number, end: number, place: ReadonlyMap<number, number>): void {
    const { gone, open, unlinked } = this.#takeBack(after, end)
    const named = namedIn(this.#source, after, end)
    for (const t of REPLICA_TABLES) {
      const more = t.named === true ? [JSON.stringify(named.uris)] : []
      const rows = this.#source.all(t.select, after, end, ...more)
      if (rows.length === 0) continue
      this.#write(t, this.#placed(t, rows, end, place))
      if (t.table === 'hold') endOrigins(this.#plant, this.#log)
    }
    // What another line states, too, had no row of its own.
    linkStated(this.#plant, gone)
    endStated(this.#plant, open, this.#log)
    // The first row of a unit stays, and a later event may say its lot, or be in error about it.
    for (const unit of new Set([...named.ofLots, ...unlinked])) nameLot(this.#plant, unit)
    settleReturns(this.#source, this.#plant, { after, end }, [...open, ...gone])
  }

  /** Rows of a table that has no place in the log. Sent again they meet their id. */
  copySide(table: SideTable, rows: readonly SqlRow[]): void {
    const columns = [...(this.#columns.get(table) ?? []), 'log']
    this.#insert(
      table,
      columns,
      'id',
      [],
      rows.map((r) => ({ ...r, log: this.#log })),
    )
  }

  #write({ table, key, changes }: ReplicaTable, rows: readonly SqlRow[]): void {
    this.#insert(table, this.#columns.get(table) ?? [], key, changes, rows)
  }

  #insert(
    table: string,
    columns: readonly string[],
    key: string,
    changes: readonly string[],
    rows: readonly SqlRow[],
  ): void {
    const names = columns.join(', ')
    const set = changes.map((c) => `${c} = ${valueOf(table, c)}`).join(', ')
    this.#plant.run(
      `insert into ${table} (${names}) select ${names} from json_populate_recordset(cast(null as ${table}), cast(? as json))
       on conflict (${key}) do ${changes.length === 0 ? 'nothing' : `update set ${set}`}`,
      JSON.stringify(rows.map(asJson)),
    )
  }

  /** Positions and stations as they are called in the plant. */
  #placed(t: ReplicaTable, rows: SqlRow[], end: number, place: ReadonlyMap<number, number>): SqlRow[] {
    const older = new Set<number>()
    for (const row of rows)
      for (const column of t.positions) {
        const at = row[column]
        if (typeof at === 'number' && at <= end && !place.has(at)) older.add(at)
      }
    const known = this.#places([...older])
    return rows.map((row) => {
      const copy: SqlRow = { ...row }
      for (const column of t.positions) {
        const at = row[column]
        if (typeof at !== 'number') continue
        // What happens to the row behind the stretch comes with that stretch.
        const there = at > end ? null : (place.get(at) ?? known.get(at) ?? null)
        copy[column] = there
        if (there === null && column === 'closed_by') copy['valid_to'] = null
      }
      for (const column of t.stations) {
        const name = row[column]
        if (typeof name === 'string') copy[column] = stationInPlant(name, this.#line, column !== 'station')
      }
      return copy
    })
  }

  #places(positions: readonly number[]): Map<number, number> {
    if (positions.length === 0) return new Map()
    const rows = this.#plant.all<{ at: number; position: number }>(
      `select e.log_position as at, e.position from json_each(?) v join event e
         on e.log = ? and e.log_position = cast(v.value as bigint)`,
      JSON.stringify(positions),
      this.#log,
    )
    return new Map(rows.map((r) => [r.at, r.position]))
  }

  /**
   * Facts that the stretch took back: their edges go, what they closed is open again; what the line kept, or an
   * inspection of before linked instead, comes back.
   *
   * @returns the edges that went, and those that are open again; `unlinked`: units whose link to a lot went because an
   *          event was declared in error, as a line gives those alone another lot
   */
  #takeBack(after: number, end: number): { gone: GoneLink[]; open: OpenAgain[]; unlinked: string[] } {
    const facts = this.#source.all<{ position: number }>(
      'select position from trace_fact where superseded_by > ? and superseded_by <= ? and position <= ?',
      after,
      end,
      after,
    )
    const epcis = this.#source.all<{ position: number }>(
      `select o.position from event d join event o on o.source = d.source and o.type = d.type and o.position < d.position
         and json_extract(o.json, '$.data.eventID') = json_extract(d.json, '$.data.eventID')
       where d.position > ? and d.position <= ? and d.type = 'ext.epcis.captured.v1' and o.position <= ?
         and json_extract(d.json, '$.data.event.errorDeclaration') is not null`,
      after,
      end,
      after,
    )
    const old = [...facts, ...epcis].map((r) => r.position)
    const edges = REPLICA_TABLES.find((t) => t.table === 'edge')
    const went: GoneLink[] = []
    const open: OpenAgain[] = []
    const unlinked: string[] = []
    const ofEvents = new Set(epcis.map((r) => r.position))
    for (const [position, there] of this.#places(old)) {
      const gone = this.#plant.all<GoneLink>(`delete from edge where position = ? returning ${GONE}`, there)
      went.push(...gone)
      if (ofEvents.has(position))
        unlinked.push(...gone.flatMap(({ kind, child }) => (kind === 'associate' ? child : [])))
      open.push(
        ...this.#plant.all<OpenAgain>(
          `update edge set valid_to = null, closed_by = null where closed_by = ?
             returning child, parent, kind, valid_from`,
          there,
        ),
      )
      const kept = this.#source.all(
        `select * from edge where position = ?1 union select e.* from json_each(?2) v join edge e
           on e.child = v.value ->> 'child' and e.parent = v.value ->> 'parent' and e.kind = v.value ->> 'kind'
           where e.position <= ?3`,
        position,
        JSON.stringify(gone),
        after,
      )
      if (edges !== undefined && kept.length > 0)
        this.#write(edges, this.#placed(edges, kept, end, new Map([[position, there]])))
      this.#readdress(gone.flatMap(({ kind, parent }) => (kind === 'ship' ? [parent] : [])))
    }
    return { gone: went, open, unlinked }
  }

  /** Customer and order of a shipment go on the line with the last thing in it, whichever fact named them. */
  #readdress(shipments: readonly string[]): void {
    if (shipments.length === 0) return
    const list = JSON.stringify(shipments)
    const key = (e: SqlRow): string => JSON.stringify([e['child'], e['parent'], e['kind'], e['valid_from']])
    const left = new Set(
      this.#source
        .all(
          `select e.child, e.parent, e.kind, e.valid_from from json_each(?) v join edge e on e.child = v.value
             where e.kind in ('deliver', 'order')`,
          list,
        )
        .map(key),
    )
    const there = this.#plant.all(
      `select e.child, e.parent, e.kind, e.valid_from from json_each(?) v join edge e on e.child = v.value
         join event x on x.position = e.position and x.log = ? where e.kind in ('deliver', 'order')`,
      list,
      this.#log,
    )
    for (const e of there)
      if (!left.has(key(e)))
        this.#plant.run(
          'delete from edge where child = ? and parent = ? and kind = ? and valid_from = ?',
          String(e['child']),
          String(e['parent']),
          String(e['kind']),
          String(e['valid_from']),
        )
  }
}

/**
 * What a row that is there becomes. The worst retention stays, a supplier is not forgotten, a hold ends once, and so does a
 * link, unless the event that made it says so itself: another line that was told the same may not know of the end.
 */
function valueOf(table: string, column: string): string {
  if (column === 'retention')
    return `case when image.retention = 'ng' or excluded.retention = 'ng' then 'ng' else excluded.retention end`
  // The line may not have heard yet that its hold was released elsewhere.
  if (table === 'hold')
    return `case when hold.released_at is null then excluded.${column} else hold.${column} end`
  if (table === 'edge')
    return `case when edge.position = excluded.position or edge.valid_to is null then excluded.${column} else edge.${column} end`
  if (column === 'supplier') return `coalesce(excluded.supplier, ${table}.supplier)`
  return `excluded.${column}`
}

const asJson = (row: SqlRow): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, jsonOf(value)]))

/** A hold ends where it was placed as soon as somebody released its copy on another line. */
function endOrigins(plant: SqlDatabase, log: string): void {
  plant.run(
    `update hold set released_by = c.released_by, released_at = c.released_at, release_reason = c.release_reason,
       release_log = coalesce(c.release_log, ?)
     from hold c where c.origin_id = hold.id and c.released_at is not null and hold.released_at is null`,
    log,
  )
}
