import {
  type EpcisCaptureAck,
  type EpcisCaptureRequest,
  type EpcisItem,
  type EpcisItemAck,
  type EpcisLink,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { contradictionsOf } from '../genealogy/contradictions.ts'
import { namesOf } from '../genealogy/identity-names.ts'
import type { WalkBudget } from '../genealogy/stopped.ts'
import { lotUri } from '../identity/index.ts'
import { declaredAt } from './epcis-declared.ts'
import { asRecorded, idOf, logId, says } from './epcis-recorded.ts'
import type { EventAppender } from './event-appender.ts'
import { checkEvent } from './event-check.ts'
import { schemaUri } from './inspection-event.ts'
import { settle } from './returned.ts'
import { relink } from './take-back.ts'
import { nameLot } from './unit-lot.ts'
import {
  type CloseLink,
  forgetWaiting,
  GONE,
  type GoneLink,
  keepWaiting,
  type OpenLink,
} from './kept-links.ts'
import { endLinks, endWithin } from './link-ends.ts'
import { around, cycleOf, hasOtherEnd, insertLink, makeWaiting, waitingIn, wasMade } from './waiting-links.ts'

/** Begins the reason why nothing of an event was linked whose error had been declared before it came. */
export const DECLARED = 'an error in it was declared at position '
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
    const asked = ask.items.map((item) => asRecorded(this.#db, this.#events, item, source))
    const before = this.#known(asked, source)
    if (ask.rollback && before.some((ack) => ack !== null && 'conflict' in ack))
      return { written: false, items: before.map((ack, i) => ack ?? pending(asked[i])) }
    const here = new Map<string, EpcisItemAck>()
    const budget = { left: ONE_CAPTURE }
    const items = asked.map((item, i) => {
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
        return says(this.#db, position, item)
          ? { eventID: item.eventID, position, repeated: true }
          : { eventID: item.eventID, conflict: position }
      }
      const earlier = first.get(id)
      if (earlier !== undefined && earlier !== item.hash) return { eventID: item.eventID, conflict: 0 }
      first.set(id, item.hash)
      return null
    })
  }

  #one(ask: EpcisCaptureRequest, source: string, sent: EpcisItem, budget: WalkBudget): EpcisItemAck {
    const notLinked: NotLinked[] = []
    const { position: declared, item } = declaredAt(this.#db, sent) ?? {
      position: null,
      item: sent,
    }
    const contradicts = declared === null ? contradictionsOf(this.#db, item, budget) : []
    const next = this.#events.position + 1
    // One after the other: links of one event can contradict each other, too.
    const take = (link: EpcisLink, from: string): void => {
      const reason = declared === null ? this.#link(link, from, next) : `${DECLARED}${declared}`
      if (reason !== null) notLinked.push(refusal(link, reason))
    }
    for (const link of item.links) take(link, item.at)
    for (const link of item.things.flatMap(ofLot)) take(link, item.at < END ? item.at : END)
    const { eventID, hash, event, context, lots } = item
    const data = {
      capture: ask.capture,
      eventID,
      hash,
      event,
      context,
      ...(Object.keys(lots).length > 0 && { lots }),
      ...(notLinked.length > 0 && { notLinked }),
      ...(contradicts.length > 0 && { contradicts }),
    }
    const position = this.#append(ask, source, {
      id: logId(item),
      type: 'ext.epcis.captured.v1',
      subject: item.subject,
      data,
    })
    if (item.declaresError) this.#takeBack(eventID, source, position)
    for (const thing of item.things) this.#thing(thing, item.at, position)
    const reasons = contradicts.map((c) => c.reason)
    return { eventID, position, repeated: false, ...(reasons.length > 0 && { contradicts: reasons }) }
  }

  #masterData(ask: EpcisCaptureRequest, source: string): void {
    const { capture, masterData } = ask
    const id = idOf(`master data ${capture}`)
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

  /**
   * Makes the link, or ends it. What cannot be now waits until it can.
   *
   * @returns what it contradicts, or null
   */
  #link(link: EpcisLink, at: string, position: number): string | null {
    const refused = link.op === 'open' ? this.#open(link, at, position) : this.#close(link, at, position)
    if (refused !== null) keepWaiting(this.#db, link, at, position)
    if (link.child !== null && (refused === null || hasOtherEnd(this.#db, link, at)))
      this.#wake([link.child], [link.child], position)
    return refused === null || wasMade(this.#db, link, position) ? null : refused
  }

  #open(link: OpenLink, at: string, position: number): string | null {
    const { child, parent, kind } = link
    if (kind === 'aggregate') {
      const other = this.#db.get<{ parent: string }>(
        `select parent from edge where child in (select value from json_each(?)) and kind = 'aggregate'
           and valid_to is null and parent not in (select value from json_each(?))`,
        JSON.stringify(namesOf(this.#db, child)),
        JSON.stringify(namesOf(this.#db, parent)),
      )
      // A class may be in many boxes at once; an individual in one.
      if (other !== undefined && link.quantity === null) return `it is in ${other.parent}`
    }
    const cycle = cycleOf(this.#db, link, at)
    if (cycle !== null) return cycle
    // Somebody else said the same: no contradiction, but when that one is taken back it is said all the same.
    if (!insertLink(this.#db, link, at, position)) keepWaiting(this.#db, link, at, position)
    else if (link.quantity === null) {
      makeWaiting(this.#db, [child], position)
      endWithin(this.#db, link, at)
    }
    return null
  }

  /** Makes what waited for these things, and ends what of those that moved came back since. */
  #wake(uris: Iterable<string>, moved: readonly string[], position: number): void {
    makeWaiting(this.#db, new Set(uris), position)
    settle(this.#db, moved)
  }

  #close(link: CloseLink, at: string, position: number): string | null {
    const ended = endLinks(this.#db, link, at, position)
    // What is told late of a whole was in it, too.
    const whole = link.child === null || link.parent === ''
    if (whole) keepWaiting(this.#db, link, at, position, ended.length > 0 ? position : null)
    const late = link.child === null ? waitingIn(this.#db, [link.parent]) : []
    const moved = [...ended.map((e) => e.child), ...late]
    this.#wake([...around(this.#db, ended), ...late], moved, position)
    return ended.length > 0 ? null : `nothing of the kind is recorded as open at ${at}`
  }

  /** The event with that id is in error: its edges go, what it closed is open again. Both events stay. */
  #takeBack(eventID: string, source: string, by: number): void {
    const position = this.#events.find(idOf(eventID), source)
    if (position === null) return
    forgetWaiting(this.#db, position)
    const gone = this.#db.all<GoneLink>(`delete from edge where position = ? returning ${GONE}`, position)
    const open = this.#db.all<Pick<GoneLink, 'child'>>(
      'update edge set valid_to = null, closed_by = null where closed_by = ? returning child',
      position,
    )
    relink(this.#db, gone, by)
    for (const { child, kind } of gone) if (kind === 'associate') nameLot(this.#db, child)
    const opened = open.map((e) => e.child)
    this.#wake(opened, [...gone.map((e) => e.child), ...opened], by)
  }

  #thing(thing: EpcisItem['things'][number], at: string, position: number): void {
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
    if (thing.lot === null) return
    this.#db.run(
      `insert into material_lot (uri, lot, product, supplier, first_at) values (?, ?, ?, null, ?)
       on conflict (uri) do nothing`,
      lotUri({ id: thing.gtin, gtin: thing.gtin }, thing.lot),
      thing.lot,
      thing.gtin,
      at,
    )
    if (thing.kind === 'unit') nameLot(this.#db, thing.uri)
  }
}

/** The link of a unit to the lot that it came into being with. */
const ofLot = ({ kind, uri, gtin, lot }: EpcisItem['things'][number]): EpcisLink[] =>
  kind !== 'unit' || lot === null
    ? []
    : [
        {
          op: 'open',
          kind: 'associate',
          child: uri,
          parent: lotUri({ id: gtin, gtin }, lot),
          quantity: null,
          uom: null,
        },
      ]

const refusal = ({ child, parent, kind }: EpcisLink, reason: string): NotLinked => ({
  child: child ?? '',
  parent,
  kind,
  reason,
})

const pending = (item: EpcisItem | undefined): EpcisItemAck => ({
  eventID: item?.eventID ?? '',
  position: 0,
  repeated: false,
})
