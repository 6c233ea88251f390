import {
  asCoded,
  type EpcisCaptureAck,
  type EpcisCaptureRequest,
  type EpcisItem,
  type EpcisItemAck,
  type EpcisLink,
  type QEvent,
  type SqlDatabase,
  uuidv5,
} from '../../contracts/index.ts'
import { contradictionsOf } from '../genealogy/contradictions.ts'
import { namesOf } from '../genealogy/identity-names.ts'
import { refuseCycle } from '../genealogy/cycle-guard.ts'
import type { WalkBudget } from '../genealogy/stopped.ts'
import { lotUri } from '../identity/index.ts'
import type { EventAppender } from './event-appender.ts'
import { checkEvent } from './event-check.ts'
import { schemaUri } from './inspection-event.ts'
import { GONE, type GoneLink, linkInspected } from './take-back.ts'

type Close = Extract<EpcisLink, { op: 'close' }>

/** Namespace of the log ids of captured events (a random UUID of this program). */
export const EPCIS_NAMESPACE = '6f3d8a0e-2f57-4c1b-9f2d-7f1c5b7f9a10'
const END = '9999'
/** Links followed for one capture, in search of holds: some 0.2 s at most. */
const ONE_CAPTURE = 30_000

type NotLinked = { child: string; parent: string; kind: string; reason: string }

/**
 * The write side of EPCIS capture. An event is what somebody else says has happened: it enters the log whole. What it
 * says about genealogy becomes edges unless that contradicts what is recorded; then the event says which and why. That a
 * hold was in the way is said there, too.
 */
export class EpcisWriter {
  readonly #db: SqlDatabase
  readonly #events: EventAppender

  constructor(db: SqlDatabase, events: EventAppender) {
    this.#db = db
    this.#events = events
  }

  /** Inside the caller's transaction. Nothing is written when `rollback` is asked for and an item is refused. */
  write(ask: EpcisCaptureRequest): EpcisCaptureAck {
    const source = `/plants/${ask.source.plant}/lines/${ask.source.line}/epcis`
    const before = this.#known(ask.items, source)
    if (ask.rollback && before.some((ack) => ack !== null && 'conflict' in ack))
      return { written: false, items: before.map((ack, i) => ack ?? pending(ask.items[i])) }
    const here = new Map<string, EpcisItemAck>()
    const budget = { left: ONE_CAPTURE }
    const items = ask.items.map((item, i) => {
      const id = logId(item)
      const ack = before[i] ?? here.get(id) ?? this.#one(ask, source, item, budget)
      here.set(id, 'position' in ack ? { ...ack, repeated: true } : ack)
      return ack
    })
    if (ask.masterData !== null && ask.masterData.elements.length > 0) this.#masterData(ask, source)
    return { written: true, items }
  }

  /** Items that are in the log already, or contradict one that is, or one before them in the same request. */
  #known(items: readonly EpcisItem[], source: string): (EpcisItemAck | null)[] {
    const first = new Map<string, string>()
    return items.map((item) => {
      const id = logId(item)
      const position = this.#events.find(id, source)
      if (position !== null) {
        const same = this.#hashAt(position) === item.hash
        return same
          ? { eventID: item.eventID, position, repeated: true }
          : { eventID: item.eventID, conflict: position }
      }
      const earlier = first.get(id)
      if (earlier !== undefined && earlier !== item.hash) return { eventID: item.eventID, conflict: 0 }
      first.set(id, item.hash)
      return null
    })
  }

  #hashAt(position: number): string {
    const row = this.#db.get<{ json: string }>('select json from event where position = ?', position)
    return (JSON.parse(row?.json ?? '{}') as QEvent<{ hash: string }>).data.hash
  }

  #one(ask: EpcisCaptureRequest, source: string, item: EpcisItem, budget: WalkBudget): EpcisItemAck {
    const notLinked: NotLinked[] = []
    const contradicts = contradictionsOf(this.#db, item, budget)
    const next = this.#events.position + 1
    // One after the other: links of one event can contradict each other, too.
    for (const link of item.links) if (this.#fits(link, item.at, notLinked)) this.#link(link, item.at, next)
    const { eventID, hash, event, context } = item
    const data = {
      capture: ask.capture,
      eventID,
      hash,
      event,
      context,
      ...(notLinked.length > 0 && { notLinked }),
      ...(contradicts.length > 0 && { contradicts }),
    }
    const position = this.#append(ask, source, {
      id: logId(item),
      type: 'ext.epcis.captured.v1',
      subject: item.subject,
      data,
    })
    if (item.declaresError) this.#takeBack(eventID, source)
    for (const thing of item.things) this.#thing(thing, item.at, position)
    const reasons = contradicts.map((c) => c.reason)
    return { eventID, position, repeated: false, ...(reasons.length > 0 && { contradicts: reasons }) }
  }

  #masterData(ask: EpcisCaptureRequest, source: string): void {
    const { capture, masterData } = ask
    const id = uuidv5(EPCIS_NAMESPACE, `master data ${capture}`)
    if (this.#events.find(id, source) !== null) return
    const data = { capture, ...masterData }
    this.#append(ask, source, { id, type: 'ext.epcis.masterdata.v1', subject: `capture/${capture}`, data })
  }

  #append(
    ask: EpcisCaptureRequest,
    source: string,
    { id, type, subject, data }: Pick<QEvent, 'id' | 'type' | 'subject' | 'data'>,
  ): number {
    const event: Omit<QEvent, 'sequence'> = {
      specversion: '1.0',
      id,
      source,
      type,
      subject,
      time: ask.recordTime,
      datacontenttype: 'application/json',
      dataschema: schemaUri(type),
      partitionkey: ask.source.line,
      data,
    }
    checkEvent(event)
    return this.#events.append(event).position
  }

  /** Whether the link may be made; a contradiction is noted. */
  #fits(link: EpcisLink, at: string, notLinked: NotLinked[]): boolean {
    const refused = (reason: string): false => {
      notLinked.push({ child: link.child ?? '', parent: link.parent, kind: link.kind, reason })
      return false
    }
    if (link.op === 'close') {
      const open = this.#open(link, at)
      return open === 0 ? refused(`nothing of the kind is recorded as open at ${at}`) : true
    }
    const { child, parent, kind } = link
    if (kind === 'aggregate') {
      const other = this.#db.get<{ parent: string }>(
        `select parent from edge where child in (select value from json_each(?)) and kind = 'aggregate'
           and valid_to is null and parent not in (select value from json_each(?))`,
        JSON.stringify(namesOf(this.#db, child)),
        JSON.stringify(namesOf(this.#db, parent)),
      )
      // A class may be in many boxes at once; an individual in one.
      if (other !== undefined && link.quantity === null) return refused(`it is in ${other.parent}`)
    }
    const [up, down] = kind === 'aggregate' ? [child, parent] : [parent, child]
    try {
      refuseCycle(this.#db, { up, down, from: at, to: null }, 0)
      return true
    } catch (error) {
      return refused(asCoded(error, 'TRC_GENEALOGY').message)
    }
  }

  #open(link: Close, at: string): number {
    const { where, values } = this.#ends(link)
    return (
      this.#db.get<{ n: number }>(
        `select count(*) as n from edge where kind = ? and valid_to is null and valid_from <= ?${where}`,
        link.kind,
        at,
        ...values,
      )?.n ?? 0
    )
  }

  /** What a link that ends joins, by all names; without a child everything in the parent, and the other way round. */
  #ends({ child, parent }: Close): { where: string; values: string[] } {
    const ends = [
      ['child', child ?? ''],
      ['parent', parent],
    ] as const
    const named = ends.filter(([, uri]) => uri !== '')
    return {
      where: named.map(([end]) => ` and ${end} in (select value from json_each(?))`).join(''),
      values: named.map(([, uri]) => JSON.stringify(namesOf(this.#db, uri))),
    }
  }

  #link(link: EpcisLink, at: string, position: number): void {
    if (link.op === 'open') {
      this.#db.run(
        `insert into edge (child, parent, kind, certainty, quantity, uom, valid_from, valid_to, position)
         values (?, ?, ?, 'certain', ?, ?, ?, null, ?) on conflict (child, parent, kind, valid_from) do nothing`,
        link.child,
        link.parent,
        link.kind,
        link.quantity,
        link.uom,
        at,
        position,
      )
      return
    }
    const { where, values } = this.#ends(link)
    this.#db.run(
      `update edge set valid_to = ?, closed_by = ? where kind = ? and valid_to is null and valid_from <= ?${where}`,
      at,
      position,
      link.kind,
      at,
      ...values,
    )
  }

  /** The event with that id is in error: its edges go, what it closed is open again. Both events stay. */
  #takeBack(eventID: string, source: string): void {
    const position = this.#events.find(uuidv5(EPCIS_NAMESPACE, eventID), source)
    if (position === null) return
    const gone = this.#db.all<GoneLink>(`delete from edge where position = ? returning ${GONE}`, position)
    this.#db.run('update edge set valid_to = null, closed_by = null where closed_by = ?', position)
    linkInspected(this.#db, gone)
  }

  #thing(thing: EpcisItem['things'][number], at: string, position: number): void {
    const lot = thing.lot === null ? null : lotUri({ id: thing.gtin, gtin: thing.gtin }, thing.lot)
    if (thing.kind === 'unit')
      this.#db.run(
        `insert into identity (uri, serial, kind, product, gtin, lot, first_at, first_position)
         values (?, ?, 'code', ?, ?, ?, ?, ?) on conflict (uri) do nothing`,
        thing.uri,
        thing.name,
        thing.gtin,
        thing.gtin,
        thing.lot,
        at,
        position,
      )
    if (lot === null || thing.lot === null) return
    this.#db.run(
      `insert into material_lot (uri, lot, product, supplier, first_at) values (?, ?, ?, null, ?)
       on conflict (uri) do nothing`,
      lot,
      thing.lot,
      thing.gtin,
      at,
    )
    if (thing.kind !== 'unit') return
    const link = {
      op: 'open',
      kind: 'associate',
      child: thing.uri,
      parent: lot,
      quantity: null,
      uom: null,
    } as const
    if (this.#fits(link, at, [])) this.#link(link, at < END ? at : END, position)
  }
}

/** One event and each declaration of an error about it. */
const logId = (item: EpcisItem): string =>
  uuidv5(EPCIS_NAMESPACE, item.declaresError ? `${item.eventID} error ${item.hash}` : item.eventID)

const pending = (item: EpcisItem | undefined): EpcisItemAck => ({
  eventID: item?.eventID ?? '',
  position: 0,
  repeated: false,
})
