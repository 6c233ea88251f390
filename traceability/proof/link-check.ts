import type { InspectionCompleted, QEvent, SqlDatabase } from '../../contracts/index.ts'
import { namesEverOf } from '../genealogy/identity-names.ts'
import { lotName, thingUri } from '../genealogy/things.ts'
import { EndedLinks } from './ended-links.ts'
import type { InspectedLinksResult } from './inspected-links.ts'
import { INSPECTION } from './match-query.ts'
import type { Findings, ProofFinding } from './report.ts'
import { type Data, eventsAt, positionsOf, type StatedEvent } from './stated-events.ts'
import { type EdgeRow, LINKING, type StatedLink, stating } from './stated-links.ts'
import { TABLE_WORDS } from './table-words.ts'
import { keyOf, TakenBack } from './taken-back.ts'

type At = Pick<ProofFinding, 'position' | 'event' | 'subject'>

/** Links that no inspection made: unit → lot or fixture, lot → supplier. */
const FOREIGN = `select e.* from edge e left join event v on v.position = e.position and v.type = '${INSPECTION}'
    left join inspection i on i.position = v.position
  where i.position is null or e.kind <> 'associate' or not (
    instr(v.json, e.parent) > 0 and (e.child = i.unit or instr(v.json, concat('{"lot":"', e.child, '"')) > 0)
    or e.child = i.unit and e.parent glob 'urn:sightline:fixture:*' and instr(v.json, '"fixture":') > 0)`
const NO_AMOUNT = { certainty: 'certain', quantity: null, uom: null }
/** As `store/epcis-writer.ts` has it. */
const END = '9999'
interface Supplied {
  lot: string
  supplier: string
  position: number
}

/**
 * Compares the links between units, lots, suppliers, boxes and shipments, by which recalls and lives go, with the events
 * that state them: none is gone, altered or ended, and none is there that no event states.
 */
export class LinkCheck {
  readonly #db: SqlDatabase
  readonly #findings: Findings
  readonly #odd: number[] = []
  /** URIs of all lots that inspections state. */
  readonly lots = new Set<string>()
  /** Lots with their suppliers, and the first event that says so. */
  readonly #supplied = new Map<string, Supplied>()
  /** Links that were told as gone: a part that was seen often states them each time. */
  readonly #told = new Set<string>()
  #made = 0
  #takenBack: TakenBack
  #ended: EndedLinks

  constructor(db: SqlDatabase, findings: Findings) {
    this.#db = db
    this.#findings = findings
    this.#takenBack = new TakenBack(db, [])
    this.#ended = new EndedLinks(db, this.#takenBack)
  }

  /** Of one piece of the log. */
  add({ made, odd, lots }: InspectedLinksResult): void {
    this.#made += made
    this.#odd.push(...odd)
    for (const [text, position] of lots) this.#supply(lotsOf(text), position)
  }

  /** Inspections state their links from version 4 of the store on; a log that began before cannot be held to them. */
  get stated(): boolean {
    const first = this.#db.get<{ json: string }>(
      `select json from event where type = '${INSPECTION}' order by position limit 1`,
    )
    return first === undefined || first.json.includes('"genealogy":{"lots":[')
  }

  /** When all pieces were added. */
  finish(): void {
    const linking = positionsOf(this.#db, [...LINKING, 'qe.trace.retracted.v1'])
    this.#takenBack = new TakenBack(this.#db, linking)
    this.#ended = new EndedLinks(this.#db, this.#takenBack)
    for (const { position, event } of eventsAt(this.#db, this.#odd)) this.#inspected(position, event)
    this.#suppliers()
    for (const told of eventsAt(this.#db, linking)) this.#stated(told)
    const count = this.#db.get<{ count: number }>('select count(*) as count from edge')?.count ?? 0
    if (count !== this.#made) this.#nameUnstated(count)
  }

  #inspected(position: number, event: QEvent<Data>): void {
    const { genealogy, place, process } = event.data as Partial<InspectionCompleted>
    const at = { position, event: event.id, subject: event.subject }
    const unit = this.#db.get<{ unit: string }>(
      'select unit from inspection where position = ?',
      position,
    )?.unit
    if (unit === undefined) return
    const plain = {
      certainty: 'certain',
      quantity: null,
      uom: null,
      to: null,
      kind: 'associate',
      child: unit,
    }
    // By the primary key alone: a unit that is seen often has many links.
    const rowsTo = (parent: string): EdgeRow[] =>
      this.#db.all<EdgeRow>(
        `select * from edge where child = ? and parent = ? and kind = 'associate'`,
        unit,
        parent,
      )
    const lots = genealogy?.lots ?? []
    this.#supply(lots, position)
    for (const parent of new Set(lots.map((l) => l.lot))) {
      const link = { ...plain, parent, from: event.time }
      const rows = rowsTo(parent)
      if (rows.length === 0) this.#gone(link, at, true)
      for (const row of rows) if (row.position === position) this.#same(row, link, at)
    }
    if (place?.fixture === undefined) return
    const [from, end] = [process?.startedAt ?? '', process?.endedAt ?? '']
    const to = end > from ? end : new Date(Date.parse(from) + 1).toISOString()
    const link = { ...plain, parent: thingUri('fixture', place.fixture), from, to }
    const row = this.#rowOf(link) ?? rowsTo(link.parent).find((r) => r.position === position)
    if (row === undefined) this.#gone(link, at)
    else if (row.position === position) this.#same(row, link, at)
  }

  #rowOf({ child, parent, kind, from }: StatedLink): EdgeRow | undefined {
    return this.#db.get<EdgeRow>(
      'select * from edge where child = ? and parent = ? and kind = ? and valid_from = ?',
      child,
      parent,
      kind,
      from,
    )
  }

  #supply(lots: readonly { lot: string; supplier?: string | undefined }[], position: number): void {
    for (const { lot, supplier } of lots) {
      this.lots.add(lot)
      const key = `${lot} ${supplier ?? ''}`
      if (supplier !== undefined && !this.#supplied.has(key))
        this.#supplied.set(key, { lot, supplier, position })
    }
  }

  /** Lot → supplier, which the first part of a lot tells. */
  #suppliers(): void {
    for (const { lot, supplier, position } of this.#supplied.values()) {
      const rows = this.#db.all<EdgeRow & { type: string; time: string }>(
        `select e.*, v.type, v.time from edge e join event v on v.position = e.position
           where e.child = ? and e.parent = ? and e.kind = 'associate'`,
        lot,
        supplier,
      )
      const link = { child: lot, parent: supplier, kind: 'associate', to: null }
      const plain = { ...link, certainty: 'certain', quantity: null, uom: null }
      const at = { position, event: null, subject: lot }
      if (rows.length === 0) this.#gone({ ...plain, from: '' }, at, true)
      for (const row of rows) if (row.type === INSPECTION) this.#same(row, { ...plain, from: row.time }, at)
    }
  }

  #stated({ position, event }: StatedEvent): void {
    if (event.type === 'qe.trace.retracted.v1') return
    const at = { position, event: event.id, subject: event.subject }
    const said = stating(event)
    if (said === null) return
    const { links, perhaps, ends } = said
    const takenBack = this.#takenBack.has(position)
    const seen = new Set<string>()
    for (const link of links) {
      if (seen.has(keyOf(link))) continue
      seen.add(keyOf(link))
      const row = this.#rowOf(link)
      if (row === undefined) {
        if (!takenBack && link.waited !== true) this.#gone(link, at)
      } else if (row.position === position) {
        this.#same(row, link, at)
        if (takenBack && goesWith(event, link)) this.#unstated(row)
      }
    }
    for (const { child, parent, waited } of perhaps) {
      const rows = this.#db.all<EdgeRow>(
        `select * from edge where child = ? and kind = 'associate' and position = ?`,
        child,
        position,
      )
      // One lot at most.
      const row = rows.find((r) => (parent === null ? lotName(r.parent) !== null : r.parent === parent))
      for (const other of rows)
        if (other !== row && !seen.has(keyOf(other))) {
          this.#made += 1
          this.#unstated(other)
        }
      const link = {
        ...NO_AMOUNT,
        child,
        parent: parent ?? '',
        kind: 'associate',
        from: said.at < END ? said.at : END,
        to: null,
      }
      if (row !== undefined && !seen.has(keyOf(row))) this.#same(row, link, at)
      else if (row === undefined && parent !== null && !takenBack && !waited && this.#beginsHere(parent))
        if (this.#rowOf(link) === undefined) this.#gone(link, at)
    }
    if (takenBack) return
    for (const end of ends)
      if (end.sure && !this.#ended.ended(end, position))
        this.#findings.add('record', TABLE_WORDS.notEnded(end.child ?? end.parent ?? ''), at)
  }

  /** Nothing was ever known from which the lot came, so that no circle can have kept a unit from being linked to it. */
  #beginsHere(lot: string): boolean {
    const names = JSON.stringify(namesEverOf(this.#db, lot))
    const above = this.#db.get(
      `select 1 as found from edge where child in (select value from json_each(?1))
         and parent not glob 'urn:sightline:supplier:*'
       union all select 1 from edge where parent in (select value from json_each(?1)) and kind in ('aggregate', 'ship')
       limit 1`,
      names,
    )
    return above === undefined && !this.#takenBack.names(lot)
  }

  #unstated({ child, parent, position }: EdgeRow): void {
    this.#findings.add('record', TABLE_WORDS.linkUnstated(child, parent), {
      position,
      subject: child,
    })
  }

  /** A link that is there, and made by the event that states it. */
  #same(row: EdgeRow, link: StatedLink, at: At): void {
    this.#made += 1
    const differs = (name: string, found: unknown, expected: unknown): void => {
      if (found !== expected)
        this.#findings.add('record', TABLE_WORDS.link(row.parent, name, found, expected), at)
    }
    differs('valid_from', row.valid_from, link.from)
    differs('certainty', row.certainty, link.certainty)
    differs('quantity', row.quantity, link.quantity)
    differs('uom', row.uom, link.uom)
    if (row.closed_by === null) return differs('valid_to', row.valid_to, link.to)
    const end = this.#ended.endOf(row)
    if (end === null) this.#findings.add('record', TABLE_WORDS.endUnstated(row.parent), at)
    else differs('valid_to', row.valid_to, end)
  }

  #gone(link: StatedLink, at: At, inspected = false): void {
    const key = keyOf(link)
    if (this.#told.has(key) || this.#takenBack.said(link, inspected)) return
    this.#told.add(key)
    this.#findings.add('record', TABLE_WORDS.linkGone(link.child, link.parent), at)
  }

  #nameUnstated(count: number): void {
    const before = this.#findings.list.length
    const stated = new Set<string>()
    for (const { position, event } of eventsAt(this.#db, positionsOf(this.#db, LINKING))) {
      const { links, perhaps } = stating(event) ?? { links: [], perhaps: [] }
      for (const link of links) stated.add(`${position} ${keyOf(link)}`)
      for (const { child } of perhaps) stated.add(`${position} ${child}`)
    }
    for (const row of this.#db.all<EdgeRow>(FOREIGN)) {
      const place = `${row.position} `
      if (!stated.has(place + keyOf(row)) && !stated.has(place + row.child)) this.#unstated(row)
    }
    if (this.#findings.list.length === before)
      this.#findings.add('record', TABLE_WORDS.linkCount(count, this.#made))
  }
}

/** A link goes when its event is taken back, but for what others said, too: of a lot, and of a whole shipment. */
const goesWith = ({ type }: QEvent<Data>, { kind }: StatedLink): boolean =>
  type !== 'ext.receipt.posted.v1' && kind !== 'deliver' && kind !== 'order'

const lotsOf = (text: string): { lot: string; supplier?: string }[] => {
  try {
    return JSON.parse(`[${utf8(text)}]`) as { lot: string; supplier?: string }[]
  } catch {
    return []
  }
}

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString()
