import type { EpcisCaptured, EpcisMasterData, LoggedEvent, SqlDatabase } from '../../contracts/index.ts'
import { comparedUri, oneUri } from './epc.ts'
import { wordForms } from './extension-fields.ts'
import { isObject, type JsonObject } from './faults.ts'
import { OWN_CONTEXT } from './own-context.ts'
import { ownEvent } from './own-events.ts'
import { EPC_FIELDS } from './query-fields.ts'
import { timeMs } from './uri.ts'
import { elementKey } from './vocabulary.ts'

const INSTANCES = new Set(['epc', 'parentID', 'inputEPC', 'outputEPC'])

/** Follows the log into the projection. */
export class Projector {
  readonly #db: SqlDatabase
  readonly #unitOf: (position: number) => string | null

  constructor(db: SqlDatabase, unitOf: (position: number) => string | null) {
    this.#db = db
    this.#unitOf = unitOf
  }

  /** Position of the last event of the log that is in. */
  get position(): number {
    return this.#db.get<{ position: number }>('select position from progress')?.position ?? 0
  }

  /** Takes in a batch; one transaction. */
  project(batch: readonly LoggedEvent[]): void {
    const last = batch.at(-1)
    if (last === undefined) return
    this.#db.transaction(() => {
      for (const logged of batch) this.#one(logged)
      this.#db.run('update progress set position = ?, event = ?', last.position, last.event.id)
    })
  }

  #one(logged: LoggedEvent): void {
    const { event, position } = logged
    const recordMs = Date.parse(event.time)
    if (event.type === 'ext.epcis.captured.v1') {
      const { event: captured, context, eventID } = event.data as EpcisCaptured
      this.#add(position, { ...captured, eventID }, context, recordMs)
    } else if (event.type === 'ext.epcis.masterdata.v1')
      this.#masterData(event.data as EpcisMasterData, position)
    else {
      const own = this.#own(logged)
      if (own === null) return
      if (own.corrects !== null) this.#correct(position, own.corrects, event.time, own.event)
      if (own.event['type'] !== undefined) this.#add(position, own.event, OWN_CONTEXT, recordMs)
    }
  }

  /** An event of another version of this program may lack what is expected; it must not stop the others. */
  #own(logged: LoggedEvent): ReturnType<typeof ownEvent> {
    try {
      return ownEvent(logged, this.#unitOf)
    } catch (error) {
      this.#db.run(
        'insert or ignore into skipped (position, reason) values (?, ?)',
        logged.position,
        error instanceof Error ? error.message : String(error),
      )
      return null
    }
  }

  /** The corrected event once more, with the declaration of its error (EPCIS 2.0, 7.4.1.2). */
  #correct(
    position: number,
    { eventID, reason }: { eventID: string; reason: string },
    time: string,
    corrective: JsonObject,
  ): void {
    const row = this.#db.get<{ json: string }>(
      'select json from event where event_id = ? and declared = 0 order by n limit 1',
      eventID,
    )
    if (row === undefined) return
    const errorDeclaration = {
      declarationTime: time,
      reason,
      ...(typeof corrective['eventID'] === 'string' && { correctiveEventIDs: [corrective['eventID']] }),
    }
    const wrong = JSON.parse(row.json) as JsonObject
    this.#add(position, { ...wrong, errorDeclaration }, OWN_CONTEXT, Date.parse(time))
  }

  #add(position: number, event: JsonObject, context: unknown, recordMs: number): void {
    const eventID = String(event['eventID'])
    const { lastInsertRowid: n } = this.#db.run(
      `insert into event (position, event_id, event_ms, record_ms, declared, json, context)
       values (?, ?, ?, ?, ?, ?, ?)`,
      position,
      eventID,
      timeMs(String(event['eventTime'])),
      recordMs,
      event['errorDeclaration'] === undefined ? 0 : 1,
      JSON.stringify(event),
      JSON.stringify(context ?? null),
    )
    const term = (kind: string, value: string): void => {
      this.#db.run('insert or ignore into term (kind, value, n) values (?, ?, ?)', kind, value, n)
    }
    const known = (kind: string, value: string): void => {
      this.#db.run('insert or ignore into known (kind, value) values (?, ?)', kind, value)
    }
    term('eventID', oneUri(eventID))
    for (const kind of ['type', 'bizStep', 'disposition'] as const) {
      const value = event[kind]
      if (typeof value !== 'string') continue
      const forms = wordForms(value, { event, context })
      for (const form of forms) term(kind, form)
      known(kind, forms.at(-1) ?? value)
    }
    for (const kind of ['readPoint', 'bizLocation'] as const) {
      const place = event[kind]
      if (!isObject(place) || typeof place['id'] !== 'string') continue
      term(kind, oneUri(place['id']))
      known(kind, place['id'])
    }
    for (const [kind, read] of Object.entries(EPC_FIELDS))
      for (const epc of read(event)) {
        term(kind, comparedUri(epc))
        if (INSTANCES.has(kind)) known('epc', epc)
        const prefix = /^urn:epc:(?:id|class|idpat):[a-z]+:(\d{6,12})\./.exec(epc)?.[1]
        if (prefix !== undefined)
          this.#db.run('insert or ignore into company_prefix (digits) values (?)', prefix)
      }
  }

  #masterData({ elements, context }: EpcisMasterData, position: number): void {
    for (const { id, vocabulary, attributes, children } of elements) {
      this.#db.run(
        `insert into master (uri, vocabulary, id, position, attributes, children, context) values (?, ?, ?, ?, ?, ?, ?)
         on conflict (uri, vocabulary) do update set position = excluded.position,
           attributes = excluded.attributes, children = excluded.children, context = excluded.context`,
        elementKey(id),
        vocabulary,
        id,
        position,
        JSON.stringify(attributes),
        JSON.stringify(children),
        JSON.stringify(context ?? null),
      )
    }
  }
}
