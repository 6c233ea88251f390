import type { SqlDatabase } from '../../contracts/index.ts'
import type { PreparedCapture } from './prepared-capture.ts'

/** Lots remembered as written, at most. */
const KNOWN_LOTS = 1_000

/**
 * Who the part is and what it comes from: identity with aliases, unit → lot, lot → supplier. The inspection's own event
 * says all of it (`genealogy`), so that it needs no events besides.
 */
export class GenealogyWriter {
  readonly #db: SqlDatabase
  /** Lots with their supplier whose rows are there: a lot is told by each of its parts. */
  readonly #known = new Set<string>()

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /** Somebody else may have changed lots or edges. */
  forget(): void {
    this.#known.clear()
  }

  write(p: PreparedCapture, position: number): void {
    const { unit, capturedAt: at } = p
    this.#db.run(
      `insert into identity (uri, serial, kind, product, gtin, lot, first_at, first_position)
       values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (uri) do nothing`,
      unit.uri,
      unit.serial,
      unit.identifiedBy,
      p.productId,
      p.gtin,
      unit.lot,
      at,
      position,
    )
    for (const [value, scheme] of p.aliases)
      this.#db.run(
        'insert into identity_alias (value, scheme, uri) values (?, ?, ?) on conflict do nothing',
        value,
        scheme,
        unit.uri,
      )
    unit.origin?.lots.forEach(({ lot, supplier }, i) => {
      this.#lot(p, lot, p.lotNames[i] ?? '', supplier, position)
      this.#associate(unit.uri, lot, at, position)
    })
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
