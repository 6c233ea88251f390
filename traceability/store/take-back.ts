import { canonicalJson, type QEvent, type SqlDatabase } from '../../contracts/index.ts'
import { namesEver } from '../genealogy/identity-names.ts'
import { shortName, thingUri } from '../genealogy/things.ts'

/**
 * Takes back what a fact did, inside the transaction of the fact that supersedes it: its links go, what it closed is open
 * again. Its event stays.
 *
 * @param position of the fact that supersedes it
 */
export function takeBack(db: SqlDatabase, id: string, position: number): void {
  const row = db.get<{ position: number; subject: string; json: string }>(
    'select t.position, t.subject, e.json from trace_fact t join event e on e.position = t.position where t.id = ?',
    id,
  )
  if (row === undefined) return
  const { type, data } = JSON.parse(row.json) as QEvent<Record<string, unknown>>
  const child = row.subject
  // It closed the links of all names that the part had then.
  if (data['kind'] === 'disaggregate')
    db.run(
      `update edge set valid_to = null, closed_by = null
         where child in (select value from json_each(?)) and closed_by = ?`,
      JSON.stringify(namesEver(db, child)),
      row.position,
    )
  const shipment = db.get<{ parent: string }>(
    `select parent from edge where child = ? and position = ? and kind = 'ship'`,
    child,
    row.position,
  )
  if (type === 'ext.receipt.posted.v1') takeBackReceipt(db, child, String(data['supplier']), row.position)
  else db.run('delete from edge where child = ? and position = ?', child, row.position)
  // Customer and order stay as long as anything is in the shipment.
  if (shipment !== undefined)
    db.run(
      `delete from edge where child = ?1 and kind in ('deliver', 'order') and not exists
         (select 1 from edge where parent = ?1 and kind = 'ship')`,
      shipment.parent,
    )
  db.run('update trace_fact set superseded_by = ? where id = ?', position, id)
}

/** An inspection of a part of the lot may have named the supplier, too, and made no link because there was one. */
function takeBackReceipt(db: SqlDatabase, lot: string, supplier: string, position: number): void {
  const named = db.get(
    `select 1 as found from edge e join event v on v.position = e.position
       where e.parent = ? and e.kind = 'associate' and v.type = 'qe.inspection.completed.v1'
         and instr(v.json, ?) > 0 limit 1`,
    lot,
    canonicalJson({ lot, supplier: thingUri('supplier', supplier) }),
  )
  if (named !== undefined) return
  db.run('delete from edge where child = ? and position = ?', lot, position)
  const other = db.get<{ parent: string }>(
    `select parent from edge where child = ? and kind = 'associate' and parent glob 'urn:sightline:supplier:*'
       order by valid_from desc limit 1`,
    lot,
  )
  db.run(
    'update material_lot set supplier = ? where uri = ? and supplier = ?',
    other === undefined ? null : shortName(other.parent).slice('supplier/'.length),
    lot,
    supplier,
  )
}
