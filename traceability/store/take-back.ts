import { canonicalJson, type QEvent, type SqlDatabase } from '../../contracts/index.ts'
import type { FactEdge } from '../genealogy/fact-event.ts'
import { namesEverOf } from '../genealogy/identity-names.ts'
import { shortName, thingUri } from '../genealogy/things.ts'
import { openAgain, settle } from './returned.ts'
import { forgetWaiting, GONE, type GoneLink, keepEnds } from './kept-links.ts'
import { around, makeWaiting } from './waiting-links.ts'

/** Units of a lot, and inspections, looked at for one link that goes: some 60 ms at most. */
const LOOKED_AT = 10_000
/** Events looked at in one statement. */
const AT_ONCE = 200
const SUPPLIER = 'urn:sightline:supplier:'

/**
 * Takes back what a fact did, inside the transaction of the fact that supersedes it: its links go, what it closed is open
 * again. Its event stays.
 *
 * @param position of the fact that supersedes it
 * @param instead  links that this one makes
 */
export function takeBack(db: SqlDatabase, id: string, position: number, instead: readonly FactEdge[]): void {
  const row = db.get<{ position: number; subject: string; json: string }>(
    'select t.position, t.subject, e.json from trace_fact t join event e on e.position = t.position where t.id = ?',
    id,
  )
  if (row === undefined) return
  const { type, data } = JSON.parse(row.json) as QEvent<Record<string, unknown>>
  const child = row.subject
  // It closed the links of all names that the part had then.
  const unpacked = data['kind'] === 'disaggregate'
  if (unpacked) {
    forgetWaiting(db, row.position)
    db.run(
      `update edge set valid_to = null, closed_by = null
         where child in (select value from json_each(?)) and closed_by = ?`,
      JSON.stringify(namesEverOf(db, child)),
      row.position,
    )
  }
  if (type === 'ext.return.received.v1') openAgain(db, child, row.position)
  const gone = db.all<GoneLink>(
    `delete from edge where child = ? and position = ? returning ${GONE}`,
    child,
    row.position,
  )
  relink(db, gone, position)
  if (unpacked) makeWaiting(db, [child], position)
  for (const { parent, kind } of gone) {
    if (kind !== 'ship') continue
    // Customer and order stay as long as anything is in the shipment, and nobody says otherwise.
    db.run(
      `delete from edge where child = ?1 and kind in ('deliver', 'order') and not exists
         (select 1 from edge where parent = ?1 and kind = 'ship')`,
      parent,
    )
    readdress(
      db,
      parent,
      row.position,
      instead.filter((e) => e.child === parent),
    )
  }
  if (type === 'ext.receipt.posted.v1') nameSupplier(db, child, String(data['supplier']))
  db.run('update trace_fact set superseded_by = ? where id = ?', position, id)
  // Also what another fact, or an inspection, states in place of what is gone came back before.
  settle(
    db,
    gone.flatMap((link) => (link.kind === 'ship' ? [link.child, link.parent] : [link.child])),
  )
}

/** Links that go may have stood in the way of what others state, too; `by` = position of what took them back. */
export function relink(db: SqlDatabase, gone: readonly GoneLink[], by: number): void {
  linkStated(db, gone)
  linkInspected(db, gone)
  keepEnds(db, gone)
  makeWaiting(db, around(db, gone), by)
}

/** Of two facts that state one link of one beginning the first made it. Where that one is gone the next one makes it. */
export function linkStated(db: SqlDatabase, gone: readonly GoneLink[]): void {
  for (const { child, parent, kind, valid_from, valid_to, position, closed_by } of gone) {
    const facts = db.all<{ position: number; json: string }>(
      `select t.position, v.json from trace_fact t join event v on v.position = t.position
         where t.subject = ? and t.superseded_by is null and t.position <> ? and (t.at = ? or v.json like ?)
         order by t.position`,
      child,
      position,
      valid_from,
      `%"validFrom":"${valid_from}"%`,
    )
    for (const fact of facts) {
      const { type, time, data } = JSON.parse(fact.json) as QEvent<Record<string, unknown>>
      const said =
        type === 'ext.receipt.posted.v1'
          ? { kind: 'associate', parent: thingUri('supplier', String(data['supplier'])) }
          : type === 'ext.shipment.moved.v1'
            ? { kind: 'ship', parent: thingUri('shipment', String(data['shipment'])) }
            : data
      if (said['kind'] !== kind || said['parent'] !== parent || (data['validFrom'] ?? time) !== valid_from)
        continue
      const ended = closed_by !== null && closed_by > fact.position
      db.run(
        `insert into edge (child, parent, kind, certainty, quantity, uom, valid_from, valid_to, position, closed_by)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (child, parent, kind, valid_from) do nothing`,
        child,
        parent,
        kind,
        wordOf(data['certainty']) ?? 'certain',
        typeof data['quantity'] === 'number' ? data['quantity'] : null,
        wordOf(data['uom']),
        valid_from,
        ended ? valid_to : wordOf(data['validTo']),
        fact.position,
        ended ? closed_by : null,
      )
      break
    }
  }
}

const wordOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** A shipment goes no longer to whom a corrected fact said, unless another one says so. */
function readdress(db: SqlDatabase, shipment: string, position: number, instead: readonly FactEdge[]): void {
  for (const { kind, parent } of instead) {
    if (kind !== 'deliver' && kind !== 'order') continue
    const named = kind === 'deliver' ? 'customer' : 'order'
    const wrong = db.all<{ parent: string }>(
      'select parent from edge where child = ? and kind = ? and position = ? and parent <> ?',
      shipment,
      kind,
      position,
      parent,
    )
    for (const { parent: before } of wrong)
      db.run(
        `delete from edge where child = ?1 and kind = ?2 and position = ?3 and parent = ?4 and not exists
           (select 1 from edge s join event v on v.position = s.position
              where s.parent = ?1 and s.kind = 'ship' and json_extract(v.json, '$.data.${named}') = ?5)`,
        shipment,
        kind,
        position,
        before,
        shortName(before).slice(named.length + 1),
      )
  }
}

/**
 * An inspection links its unit to its lots, and these to their supplier, unless they are linked already. Where what was
 * in the way is gone, the first inspection that came after it makes its link now, and what ended the one that is gone
 * ends that too.
 */
function linkInspected(db: SqlDatabase, gone: readonly GoneLink[]): void {
  for (const { child, parent, kind, valid_to, position, closed_by } of gone) {
    const first = kind === 'associate' ? firstStating(db, child, parent, position) : undefined
    if (first === undefined) continue
    const linked = db.get(
      `select 1 as found from edge where child = ? and parent = ? and kind = 'associate' and position < ?
         and (valid_to is null or closed_by > ?) limit 1`,
      child,
      parent,
      first.position,
      first.position,
    )
    if (linked !== undefined) continue
    const ended = closed_by !== null && closed_by > first.position && first.time <= (valid_to ?? '')
    db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, valid_to, position, closed_by)
       values (?, ?, 'associate', 'certain', ?, ?, ?, ?) on conflict (child, parent, kind, valid_from) do nothing`,
      child,
      parent,
      first.time,
      ended ? valid_to : null,
      first.position,
      ended ? closed_by : null,
    )
  }
}

/**
 * The first inspection behind a place that states a link. Its unit is found by index, and those of a lot by their links
 * to it; what only units of a lot beyond the first `LOOKED_AT` state, as their URIs are sorted, is not found.
 */
function firstStating(
  db: SqlDatabase,
  child: string,
  parent: string,
  after: number,
): { position: number; time: string } | undefined {
  const ofLot = parent.startsWith(SUPPLIER)
  const units = ofLot
    ? `(select distinct child from edge where parent = ?1 and kind = 'associate' order by child limit ?3)`
    : '(select ?1 as child)'
  const positions = db
    .all<{ position: number }>(
      `select i.position from ${units} u cross join inspection i on i.unit = u.child and i.position > ?2
         order by i.position limit ?3`,
      child,
      after,
      LOOKED_AT,
    )
    .map((row) => row.position)
  const text = ofLot ? canonicalJson({ lot: child, supplier: parent }) : `{"lot":${JSON.stringify(parent)}`
  for (let i = 0; i < positions.length; i += AT_ONCE) {
    // PostgreSQL has no `instr`.
    const found = db.get<{ position: number; time: string }>(
      `select v.position, v.time from json_each(?) p cross join event v on v.position = cast(p.value as bigint)
         where replace(v.json, ?, '') <> v.json order by v.position limit 1`,
      JSON.stringify(positions.slice(i, i + AT_ONCE)),
      text,
    )
    if (found !== undefined) return found
  }
  return undefined
}

/** The lot comes no longer from the supplier of a receipt that was taken back, unless something else says so. */
function nameSupplier(db: SqlDatabase, lot: string, supplier: string): void {
  const suppliers = db
    .all<{ parent: string }>(
      `select parent from edge where child = ? and kind = 'associate' and parent glob '${SUPPLIER}*'
         order by valid_from desc`,
      lot,
    )
    .map((row) => row.parent)
  const [newest] = suppliers
  if (suppliers.includes(thingUri('supplier', supplier))) return
  db.run(
    'update material_lot set supplier = ? where uri = ? and supplier = ?',
    newest === undefined ? null : shortName(newest).slice('supplier/'.length),
    lot,
    supplier,
  )
}
