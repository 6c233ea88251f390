import type { I18n, SqlDatabase } from '../../contracts/index.ts'
import { CAPTURED, capturedThings } from '../epcis/captured-things.ts'
import { serialOf } from '../genealogy/fact-event.ts'
import { decoded, lotName, thingUri } from '../genealogy/things.ts'
import { lotUri } from '../identity/index.ts'
import { unitOf } from '../store/prepared-capture.ts'
import { decodeRecord } from '../store/record-codec.ts'
import { type FindingPlace, type Findings, foundRows } from './report.ts'
import { eventsAt, positionsOf } from './stated-events.ts'
import { TABLE_WORDS } from './table-words.ts'
import { checkTriggers } from './trigger-check.ts'

const COMMISSION = 'qe.trace.linked.v1'

/**
 * Compares the tables by which units, lots and triggers are found with the log: a unit without its row is in no recall,
 * a lot without one is asked for in vain, and a trigger without one is in no balance. To be asked where records and links
 * were compared with the log. That a further name of a unit is gone is not seen.
 *
 * @param told by the walk through the log: URIs of lots that inspections state, and how many rows of units they made; null
 *             where not each has the row of its unit
 * @returns whether triggers were compared: a store of before version 7 knows nothing of their counts
 */
export function checkNames(
  db: SqlDatabase,
  { lots, units }: { lots: ReadonlySet<string>; units: number | null },
  findings: Findings,
): boolean {
  if (units === null) inspectedUnits(db, findings)
  const told = toldThings(db)
  unitsOfFacts(db, told.units, units, findings)
  aliases(db, findings)
  materialLots(db, new Set([...lots, ...told.lots]), findings)
  const counted = db.get(`select 1 as found from pragma_table_info('part_trigger') where name = 'attempt'`)
  if (counted !== undefined) checkTriggers(db, findings)
  return counted !== undefined
}

type Row = Record<string, string | number | null>
const tell = (
  findings: Findings,
  rows: readonly Row[],
  detail: I18n,
  at: (row: Row) => FindingPlace,
): void => {
  for (const row of rows) findings.add('record', detail, at(row))
}

/** As the first inspection of a unit made them (`store/genealogy.ts`). */
function inspectedUnits(db: SqlDatabase, findings: Findings): void {
  tell(
    findings,
    foundRows<Row>(
      db,
      findings,
      `select min(i.position) as position, i.unit from inspection i
         where not exists (select 1 from identity d where d.uri = i.unit) group by i.unit order by 1`,
    ),
    TABLE_WORDS.noUnitOfInspection,
    (row) => ({ position: Number(row['position']), subject: String(row['unit']) }),
  )
  tell(
    findings,
    foundRows<Row>(
      db,
      findings,
      `select d.uri, d.first_position as position from identity d join inspection i on i.position = d.first_position and i.unit = d.uri
         join event v on v.position = i.position
         where d.serial <> i.serial or d.kind <> i.identified_by or d.product <> i.product
           or d.lot is not i.lot or d.first_at <> v.time
           or d.kind = 'code' and instr(v.json, concat('"product":"https://id.gs1.org/01/', d.gtin, '","unit":')) = 0
             and (d.gtin is not null or instr(v.json, '"product":"urn:sightline:product:') = 0)
           or exists (select 1 from inspection e where e.unit = d.uri and e.position < d.first_position)
         order by d.first_position`,
    ),
    TABLE_WORDS.otherUnitOfInspection,
    (row) => ({ position: Number(row['position']), subject: String(row['uri']) }),
  )
}

interface ToldUnit {
  position: number
  serial: string
  product: string
  gtin: string | null
  at: string
}

/** Units and lots that facts and captured events name, by the first that does. */
function toldThings(db: SqlDatabase): { units: Map<string, ToldUnit>; lots: Set<string> } {
  const units = new Map<string, ToldUnit>()
  const lots = new Set<string>()
  const unit = (uri: string, told: ToldUnit): unknown => units.has(uri) || units.set(uri, told)
  for (const { position, event } of eventsAt(
    db,
    positionsOf(db, [COMMISSION, CAPTURED, 'ext.receipt.posted.v1']),
  )) {
    const { data, subject, time } = event
    if (event.type === 'ext.receipt.posted.v1') lots.add(subject)
    else if (event.type === COMMISSION && data['kind'] === 'commission' && typeof data['by'] === 'string') {
      const product = decoded(String(data['parent']).slice(thingUri('product', '').length))
      unit(subject, { position, serial: serialOf(subject), product, gtin: null, at: time })
      if (typeof data['lot'] === 'string') lots.add(data['lot'])
    } else if (event.type === CAPTURED) {
      const { at, things } = capturedThings(data)
      for (const { uri, kind, name, gtin, lot } of things) {
        if (kind === 'unit') unit(uri, { position, serial: name, product: gtin, gtin, at })
        if (lot !== null) lots.add(lotUri({ id: gtin, gtin }, lot))
      }
    }
  }
  return { units, lots }
}

/**
 * As facts and captured events made them, of units that no inspection made.
 *
 * @param inspected rows that inspections made; where these and those of `told` are all, none is of no event
 */
function unitsOfFacts(
  db: SqlDatabase,
  told: ReadonlyMap<string, ToldUnit>,
  inspected: number | null,
  findings: Findings,
): void {
  let stated = inspected ?? 0
  const differs = (uri: string, position: number, detail: I18n): void =>
    findings.add('record', detail, { position, subject: uri })
  for (const [uri, unit] of told) {
    const row = db.get<Row>('select * from identity where uri = ?', uri)
    if (row?.['first_position'] === unit.position) stated += 1
    if (row === undefined) differs(uri, unit.position, TABLE_WORDS.noUnit)
    else if (Number(row['first_position']) < unit.position) continue
    else if (
      row['first_position'] !== unit.position ||
      row['serial'] !== unit.serial ||
      row['kind'] !== 'code' ||
      row['product'] !== unit.product ||
      row['gtin'] !== unit.gtin ||
      row['first_at'] !== unit.at
    )
      differs(uri, unit.position, TABLE_WORDS.otherUnit)
  }
  const all = db.get<{ count: number }>('select count(*) as count from identity')?.count
  if (inspected !== null && stated === all) return
  for (const { uri, position } of db.all<{ uri: string; position: number }>(
    `select d.uri, d.first_position as position from identity d
       where not exists (select 1 from inspection i where i.unit = d.uri and i.position = d.first_position)`,
  ))
    if (told.get(uri)?.position !== position) differs(uri, position, TABLE_WORDS.unitUnstated)
}

/** A further name is one that was read with the unit, or put together from what was. */
function aliases(db: SqlDatabase, findings: Findings): void {
  for (const { value, scheme, uri } of db.all<{ value: string; scheme: string; uri: string }>(
    `select a.value, a.scheme, a.uri from identity_alias a where not exists
       (select 1 from inspection i join carrier_read c on c.position = i.position
          where i.unit = a.uri and c.ok = 1 and c.text = a.value)`,
  )) {
    let isRead = false
    for (const { record, record_encoding } of recordsOf(db, uri)) {
      isRead = names(record, record_encoding).some((a) => a.value === value && a.scheme === scheme)
      if (isRead) break
    }
    if (!isRead) findings.add('record', TABLE_WORDS.alias(value, scheme), { subject: uri })
  }
}

interface StoredRecord {
  [column: string]: number | string | Uint8Array
  position: number
  record: Uint8Array
  record_encoding: string
}

/** One at a time: a unit that is seen often has many, and the first mostly says it. */
function* recordsOf(db: SqlDatabase, unit: string): Generator<StoredRecord> {
  for (let after = 0; ;) {
    const row = db.get<StoredRecord>(
      `select position, record, record_encoding from inspection
         where unit = ? and position > ? order by position limit 1`,
      unit,
      after,
    )
    if (row === undefined) return
    yield row
    after = row.position
  }
}

function names(record: Uint8Array, encoding: string): readonly { value: string; scheme: string }[] {
  try {
    return unitOf(decodeRecord(record, encoding)).identification.aliases
  } catch {
    return []
  }
}

/** @param stated URIs of lots that events state; older commissions name theirs by their link alone */
function materialLots(db: SqlDatabase, stated: ReadonlySet<string>, findings: Findings): void {
  const left = new Set(stated)
  const tellLot = (uri: string, detail: I18n): void => findings.add('record', detail, { subject: uri })
  for (const { uri, lot, product, supplier, linked, made, named } of db.all<
    Record<'uri' | 'lot' | 'product', string> & {
      supplier: string | null
      linked: number
      made: number
      named: string | null
    }
  >(
    `select m.uri, m.lot, m.product, m.supplier,
         exists (select 1 from edge e where e.parent = m.uri) as linked,
         m.uri glob 'urn:sightline:lot:*' or instr(m.uri, concat('/01/', m.product, '/10/')) > 0 or exists (select 1 from edge e
           join inspection i on i.unit = e.child where e.parent = m.uri and e.kind = 'associate'
             and i.product = m.product) as made,
         (select json_group_array(e.parent) from edge e join event v on v.position = e.position
            where e.child = m.uri and e.kind = 'associate' and e.parent glob 'urn:sightline:supplier:*'
              and (m.supplier is not null
                or v.type in ('qe.inspection.completed.v1', 'ext.receipt.posted.v1'))) as named
       from material_lot m order by m.uri`,
  )) {
    const suppliers = JSON.parse(named ?? '[]') as string[]
    const of = /^urn:sightline:lot:([^:]*):/.exec(uri)?.[1]
    if (!left.delete(uri) && linked === 0) tellLot(uri, TABLE_WORDS.lotUnstated)
    // The URI of a GS1 lot has the item number alone: a capture names its product by that, an inspection by its own id.
    else if (lotName(uri) !== `lot/${lot}` || (of === undefined ? made === 0 : decoded(of) !== product))
      tellLot(uri, TABLE_WORDS.otherLot(lot, product))
    else if (supplier === null ? suppliers.length > 0 : !suppliers.includes(thingUri('supplier', supplier)))
      tellLot(uri, TABLE_WORDS.supplierUnstated(supplier))
  }
  for (const uri of left) tellLot(uri, TABLE_WORDS.noLot)
}
