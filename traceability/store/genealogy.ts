import type { SqlDatabase } from '../../contracts/index.ts'
import type { EventAppender } from './event-appender.ts'
import { joinLotNames } from './lot-names.ts'
import type { PreparedCapture } from './prepared-capture.ts'
import type { RowBuffer } from './row-buffer.ts'

/** Lots remembered as written, at most. */
const KNOWN_LOTS = 1_000

const linkOf = (child: string, parent: string): string => `${child} ${parent}`

/**
 * Who the part is and what it comes from: identity with aliases, unit → lot, lot → supplier, unit → fixture. The
 * inspection's own event says all of it (`genealogy`, `place`), so that it needs no events besides.
 */
export class GenealogyWriter {
  readonly #db: SqlDatabase
  readonly #events: Pick<EventAppender, 'append'>
  readonly #rows: RowBuffer
  /** Lots with their supplier whose rows are there: a lot is told by each of its parts. */
  readonly #known = new Set<string>()
  /** Links of the expected units that hold. */
  #linked = new Set<string>()

  constructor(db: SqlDatabase, events: Pick<EventAppender, 'append'>, rows: RowBuffer) {
    this.#db = db
    this.#events = events
    this.#rows = rows
  }

  /** Somebody else may have changed lots or edges. */
  forget(): void {
    this.#known.clear()
  }

  /**
   * Asks once for the links of all units of a transaction, instead of with each.
   *
   * @param units that are written next, until somebody else writes
   */
  expect(units: readonly string[]): void {
    const rows = this.#db.all<{ child: string; parent: string }>(
      `select e.child, e.parent from json_each(?) v cross join edge e
         on e.child = v.value and e.kind = 'associate' and e.valid_to is null`,
      JSON.stringify(units),
    )
    this.#linked = new Set(rows.map((r) => linkOf(r.child, r.parent)))
  }

  write(p: PreparedCapture, position: number): void {
    const { unit, capturedAt: at } = p
    const { uri, serial, identifiedBy, lot } = unit
    this.#rows.add('identity', [uri, serial, identifiedBy, p.productId, p.gtin, lot, at, position])
    for (const [value, scheme] of p.aliases) this.#rows.add('identity_alias', [value, scheme, uri])
    unit.origin?.lots.forEach(({ lot: of, supplier }, i) => {
      this.#lot(p, of, p.lotNames[i] ?? '', supplier, position)
      const link = linkOf(uri, of)
      if (this.#linked.has(link)) return
      this.#linked.add(link)
      this.#rows.add('edge', [uri, of, 'associate', 'certain', at, position])
    })
    if (p.fixture !== null) this.#lay(uri, p.fixture, p, position)
  }

  /** The part lay in the holder while it was inspected, as far as anybody knows. */
  #lay(unit: string, fixture: string, { startedAt, endedAt }: PreparedCapture, position: number): void {
    // An empty window would hold nothing.
    const to = endedAt > startedAt ? endedAt : new Date(Date.parse(startedAt) + 1).toISOString()
    this.#db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, valid_to, position)
       values (?, ?, 'associate', 'certain', ?, ?, ?) on conflict do nothing`,
      unit,
      fixture,
      startedAt,
      to,
      position,
    )
  }

  #lot(p: PreparedCapture, uri: string, name: string, supplier: string | undefined, position: number): void {
    const key = `${uri} ${supplier ?? ''}`
    if (this.#known.has(key)) return
    this.#db.run(
      `insert into material_lot (uri, lot, product, supplier, first_at) values (?, ?, ?, ?, ?)
       on conflict (uri) do update set supplier = excluded.supplier
         where supplier is null and excluded.supplier is not null`,
      uri,
      name,
      p.productId,
      supplier === undefined ? null : p.supplier,
      p.capturedAt,
    )
    if (supplier !== undefined) this.#associate(uri, supplier, p.capturedAt, position)
    joinLotNames(this.#db, this.#events, p, uri, name)
    if (this.#known.size >= KNOWN_LOTS) this.#known.clear()
    this.#known.add(key)
  }

  #associate(child: string, parent: string, at: string, position: number): void {
    this.#db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, position)
       select ?1, ?2, 'associate', 'certain', ?3, ?4 where not exists
         (select 1 from edge where child = ?1 and parent = ?2 and kind = 'associate' and valid_to is null)`,
      child,
      parent,
      at,
      position,
    )
  }
}
