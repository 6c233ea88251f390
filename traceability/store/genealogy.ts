import { type QEvent, type SqlDatabase, type TraceLinked, uuidv7 } from '../../contracts/index.ts'
import { lotUri, productUri, supplierUri } from '../identity/index.ts'
import type { EventAppender } from './event-appender.ts'
import { schemaUri } from './inspection-event.ts'
import type { PreparedCapture } from './prepared-capture.ts'

/**
 * Who the part is and what it comes from: identity with aliases, unit → lot, lot → supplier. A new fact is also a
 * `qe.trace.linked.v1` event, except about a unit without a code: a trigger number is a name for our own records, not
 * a commissioned identity, so that it gives rows only.
 */
export function writeGenealogy(
  db: SqlDatabase,
  events: EventAppender,
  p: PreparedCapture,
  position: number,
): void {
  const { unit, record, identification } = p
  const at = record.meta?.capturedAt ?? record.startedAt
  const { product, context } = record
  const link = (fact: Omit<TraceLinked, 'certainty'>): void => {
    if (unit.identifiedBy === 'code' || fact.child !== unit.uri)
      events.append(linkedEvent(p, at, { ...fact, certainty: 'certain' }))
  }

  const isNew = db.run(
    `insert into identity (uri, serial, kind, product, gtin, lot, first_at, first_position)
     values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (uri) do nothing`,
    unit.uri,
    unit.serial,
    unit.identifiedBy,
    product.id,
    identification.gtin ?? product.gtin ?? null,
    unit.lot,
    at,
    position,
  ).changes
  if (unit.identifiedBy === 'code') {
    for (const alias of identification.aliases) {
      db.run(
        'insert into identity_alias (value, scheme, uri) values (?, ?, ?) on conflict do nothing',
        alias.value,
        alias.scheme,
        unit.uri,
      )
    }
  }
  const named = { id: product.id, gtin: identification.gtin ?? product.gtin }
  if (isNew === 1) link({ kind: 'commission', child: unit.uri, parent: productUri(named) })

  const associate = (child: string, parent: string): void => {
    const added = db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, position)
       select ?1, ?2, 'associate', 'certain', ?3, ?4 where not exists
         (select 1 from edge where child = ?1 and parent = ?2 and kind = 'associate' and valid_to is null)`,
      child,
      parent,
      at,
      position,
    ).changes
    if (added === 1) link({ kind: 'associate', child, parent })
  }
  // The batch printed on the part and the material lot in force on the line may both be known.
  const lots = [...new Set([unit.lot, context.lot ?? null])].filter((lot) => lot !== null && lot !== '')
  for (const lot of lots) {
    if (lot === null) continue
    const uri = lotUri(lot === identification.lot ? named : product, lot)
    const ofSupplier = lot === (context.lot ?? lot) ? context.supplier : undefined
    db.run(
      `insert into material_lot (uri, lot, product, supplier, first_at) values (?, ?, ?, ?, ?)
       on conflict (uri) do update set supplier = excluded.supplier
         where supplier is null and excluded.supplier is not null`,
      uri,
      lot,
      product.id,
      ofSupplier ?? null,
      at,
    )
    associate(unit.uri, uri)
    if (ofSupplier !== undefined && ofSupplier !== '') associate(uri, supplierUri(ofSupplier))
  }
}

function linkedEvent(
  { record, event }: PreparedCapture,
  at: string,
  data: TraceLinked,
): Omit<QEvent<TraceLinked>, 'sequence'> {
  const type = 'qe.trace.linked.v1'
  return {
    specversion: '1.0',
    id: uuidv7(),
    source: event.source,
    type,
    subject: event.subject,
    time: at,
    datacontenttype: 'application/json',
    dataschema: schemaUri(type),
    partitionkey: event.partitionkey,
    causationid: record.inspectionId,
    data,
  }
}
