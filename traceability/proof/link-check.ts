import type { InspectionCompleted, QEvent, SqlDatabase } from '../../contracts/index.ts'
import { namesOf } from '../genealogy/identity-names.ts'
import { thingUri } from '../genealogy/things.ts'
import type { InspectedLinksResult } from './inspected-links.ts'
import { INSPECTION } from './match-query.ts'
import type { Findings, ProofFinding } from './report.ts'
import { type Data, eventsAt, positionsOf, type StatedEvent } from './stated-events.ts'
import { LINKING, type StatedLink, type Statement, stating, takenBackBy } from './stated-links.ts'

type At = Pick<ProofFinding, 'position' | 'event' | 'subject'>
type EdgeRow = Omit<StatedLink, 'from' | 'to'> & {
  [column: string]: string | number | null
  valid_from: string
  valid_to: string | null
  position: number
  closed_by: number | null
}

/** Links that no inspection made: unit → lot or fixture, lot → supplier. */
const FOREIGN = `select e.* from edge e left join event v on v.position = e.position and v.type = '${INSPECTION}'
    left join inspection i on i.position = v.position
  where i.position is null or e.kind <> 'associate' or not (
    instr(v.json, e.parent) > 0 and (e.child = i.unit or instr(v.json, concat('{"lot":"', e.child, '"')) > 0)
    or e.child = i.unit and e.parent glob 'urn:sightline:fixture:*' and instr(v.json, '"fixture":') > 0)`
interface Supplied {
  lot: string
  supplier: string
  position: number
}
const keyOf = (l: { child: string; parent: string; kind: string }): string =>
  `${l.child} ${l.parent} ${l.kind}`

/**
 * Compares the links between units, lots, suppliers, boxes and shipments, by which recalls and lives go, with the events
 * that state them: none is gone, altered or ended, and none is there that no event states.
 */
export class LinkCheck {
  readonly #db: SqlDatabase
  readonly #findings: Findings
  readonly #odd: number[] = []
  /** Lots with their suppliers, and the first event that says so. */
  readonly #supplied = new Map<string, Supplied>()
  /** Links that were told as gone: a part that was seen often states them each time. */
  readonly #told = new Set<string>()
  #made = 0
  /** Positions of events that later ones took back. */
  #takenBack: ReadonlySet<number> = new Set()
  #takenBackLinks: ReadonlySet<string> | null = null

  constructor(db: SqlDatabase, findings: Findings) {
    this.#db = db
    this.#findings = findings
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
    const takenBack = new Set<number>()
    for (const { event } of eventsAt(this.#db, linking)) {
      const corrected = this.#correctedBy(event)
      if (corrected !== undefined) takenBack.add(corrected)
    }
    this.#takenBack = takenBack
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
    const rows = this.#db.all<EdgeRow>(`select * from edge where child = ? and kind = 'associate'`, unit)
    const plain = {
      certainty: 'certain',
      quantity: null,
      uom: null,
      to: null,
      kind: 'associate',
      child: unit,
    }
    const lots = genealogy?.lots ?? []
    this.#supply(lots, position)
    for (const { lot: parent } of lots)
      if (!rows.some((r) => r.parent === parent)) this.#gone({ ...plain, parent, from: event.time }, at, true)
    const [from, end] = [process?.startedAt ?? '', process?.endedAt ?? '']
    const to = end > from ? end : new Date(Date.parse(from) + 1).toISOString()
    for (const row of rows) {
      if (row.position !== position) continue
      const { parent } = row
      if (lots.some((l) => l.lot === parent)) this.#same(row, { ...plain, parent, from: event.time }, at)
      else if (place?.fixture !== undefined && parent === thingUri('fixture', place.fixture))
        this.#same(row, { ...plain, parent, from, to }, at)
    }
  }

  #supply(lots: readonly { lot: string; supplier?: string | undefined }[], position: number): void {
    for (const { lot, supplier } of lots) {
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
      const row = this.#db.get<EdgeRow>(
        'select * from edge where child = ? and parent = ? and kind = ? and valid_from = ?',
        link.child,
        link.parent,
        link.kind,
        link.from,
      )
      if (row === undefined) {
        if (!takenBack) this.#gone(link, at)
      } else if (row.position === position) this.#same(row, link, at)
    }
    for (const { child, parent } of perhaps)
      for (const row of this.#db.all<EdgeRow>(
        `select * from edge where child = ? and kind = 'associate' and position = ?`,
        child,
        position,
      ))
        if (!seen.has(keyOf(row)) && (parent === null || row.parent === parent))
          this.#same(row, { ...row, from: row.valid_from, to: null, certainty: 'certain' }, at)
    if (!takenBack) for (const end of ends) this.#ended(end, at)
  }

  /** Something was ended by the event, under whichever of its names. */
  #ended({ child, parent, kind }: Statement['ends'][number], at: At): void {
    const ends = [
      ['child', child],
      ['parent', parent],
    ] as const
    const named = ends.flatMap(([end, uri]) => (uri === null ? [] : [[end, uri] as const]))
    const found = this.#db.get(
      `select 1 as found from edge where kind = ? and closed_by = ?${named
        .map(([end]) => ` and ${end} in (select value from json_each(?))`)
        .join('')} limit 1`,
      kind,
      at.position,
      ...named.map(([, uri]) => JSON.stringify(namesOf(this.#db, uri))),
    )
    if (found !== undefined) return
    // What was ended may have been taken back since.
    if ([...this.#links()].some((key) => key.startsWith(`${child ?? ''} `) || child === null)) return
    this.#findings.add('record', `no link of ${child ?? parent ?? ''} was ended, as the event says`, at)
  }

  /** A link that is there, and made by the event that states it. */
  #same(row: EdgeRow, link: StatedLink, at: At): void {
    this.#made += 1
    const differs = (name: string, found: unknown, expected: unknown): void => {
      if (found !== expected)
        this.#findings.add(
          'record',
          `${name} of the link to ${row.parent} is ${String(found)} in the table edge and ${String(expected)} in the log`,
          at,
        )
    }
    differs('valid_from', row.valid_from, link.from)
    differs('certainty', row.certainty, link.certainty)
    differs('quantity', row.quantity, link.quantity)
    differs('uom', row.uom, link.uom)
    if (row.closed_by === null) return differs('valid_to', row.valid_to, link.to)
    const [ending] = eventsAt(this.#db, [row.closed_by])
    const ends =
      ending !== undefined &&
      ending.event.type !== INSPECTION &&
      !this.#takenBack.has(row.closed_by) &&
      LINKING.some((type) => type === ending.event.type)
        ? stating(ending.event)
        : null
    if (ends === null || ends.ends.length === 0)
      this.#findings.add('record', `the link to ${row.parent} was ended by no event`, at)
    else differs('valid_to', row.valid_to, ends.at)
  }

  /** Inspections make no link where there is one; other events none where one of the same beginning is. */
  #gone(link: StatedLink, at: At, inspected = false): void {
    const key = keyOf(link)
    if (this.#told.has(key) || this.#links().has(inspected ? key : `${key} ${link.from}`)) return
    this.#told.add(key)
    // Customer and order go with the last thing in a shipment that was taken back.
    if ((link.kind === 'deliver' || link.kind === 'order') && this.#links().has(`${link.child} ship`)) return
    this.#findings.add('record', `the link from ${link.child} to ${link.parent} is gone`, at)
  }

  /** What events said that were taken back: another event that says the same made no link of its own. */
  #links(): ReadonlySet<string> {
    if (this.#takenBackLinks !== null) return this.#takenBackLinks
    const found = new Set<string>()
    for (const { event } of eventsAt(this.#db, [...this.#takenBack])) {
      if (!LINKING.some((type) => type === event.type)) continue
      const { links, perhaps } = stating(event) ?? { links: [], perhaps: [] }
      for (const link of links) {
        found.add(keyOf(link)).add(`${keyOf(link)} ${link.from}`)
        if (link.kind === 'ship') found.add(`${link.parent} ship`)
      }
      for (const { child, parent } of perhaps)
        if (parent !== null) found.add(keyOf({ child, parent, kind: 'associate' }))
    }
    return (this.#takenBackLinks = found)
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
      const { child, parent, position } = row
      if (stated.has(`${position} ${keyOf(row)}`) || stated.has(`${position} ${child}`)) continue
      this.#findings.add('record', `a link from ${child} to ${parent} that no event states`, {
        position,
        subject: child,
      })
    }
    if (this.#findings.list.length === before)
      this.#findings.add('record', `${count} links are in the table edge, the events state ${this.#made}`)
  }

  #correctedBy(event: QEvent<Data>): number | undefined {
    const corrected = takenBackBy(event)
    if (corrected === null) return undefined
    return this.#db.get<{ position: number }>(
      `select position from event where id = ? and source = ? and type <> '${INSPECTION}'`,
      corrected.id,
      corrected.source,
    )?.position
  }
}

const lotsOf = (text: string): { lot: string; supplier?: string }[] => {
  try {
    return JSON.parse(`[${utf8(text)}]`) as { lot: string; supplier?: string }[]
  } catch {
    return []
  }
}

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString()
