import {
  asCoded,
  EpcisError,
  type EpcisCaptureAck,
  type EpcisCaptureRequest,
  type EpcisItem,
  uuidv7,
} from '../../contracts/index.ts'
import type { CheckedDocument } from './checks.ts'
import type { EpcisThread } from './epcis-thread.ts'
import type { JsonObject } from './faults.ts'
import type { CaptureJob } from './state.ts'

/** Events of one request: they are one transaction, and the records of parts wait for it. */
export const CAPTURE_LIMIT = 500
/** Bytes of one request. */
export const CAPTURE_BYTES = 2 * 1024 * 1024

/** Where checked events go. */
export interface CaptureStore {
  captureEpcis(request: EpcisCaptureRequest): Promise<EpcisCaptureAck>
}

export interface CaptureOptions {
  thread: EpcisThread
  store: CaptureStore
  source: { plant: string; line: string }
  onAlarm(text: string): void
}

type Behaviour = CaptureJob['captureErrorBehaviour']

/** The capture interface (EPCIS 2.0, 8.2.2): acknowledged is what is in the log on disk. */
export class Capture {
  readonly #o: CaptureOptions

  constructor(options: CaptureOptions) {
    this.#o = options
  }

  /** One event, at once. @throws EpcisError ValidationException, ResourceAlreadyExistsException */
  async event(json: string): Promise<JsonObject> {
    const checked = await this.#o.thread.checks.document(json, { single: true, most: 1 })
    refuse(checked.errors)
    const [item] = checked.items
    if (item === undefined) throw new Error('a single event is one event')
    const { items } = await this.#write(`event ${uuidv7()}`, [item], null, true)
    const [ack] = items
    if (ack === undefined || 'conflict' in ack || ack.repeated) throw taken(ack ?? item, '')
    return { ...item.event, eventID: ack.eventID }
  }

  /**
   * A document, or a single event. With `rollback` a document with any invalid event is refused whole; with `proceed`
   * the valid ones are captured and the job has the faults of the others.
   *
   * @throws EpcisError ValidationException, CaptureLimitExceededException
   */
  async document(json: string, behaviour: Behaviour): Promise<CaptureJob> {
    const most = CAPTURE_LIMIT
    const checked = await this.#o.thread.checks.document(json, { single: false, most })
    if (behaviour === 'rollback') refuse(checked.errors)
    return this.#job(checked, behaviour)
  }

  async #job(checked: CheckedDocument, behaviour: Behaviour): Promise<CaptureJob> {
    const { items, pointers, errors, context, masterData } = checked
    const job: CaptureJob = {
      captureID: uuidv7(),
      createdAt: new Date().toISOString(),
      finishedAt: null,
      running: true,
      success: errors.length === 0,
      captureErrorBehaviour: behaviour,
      errors,
    }
    const { state } = this.#o.thread
    await state.saveJob(job)
    const rollback = behaviour === 'rollback'
    try {
      const ack = await this.#write(job.captureID, items, { context, elements: masterData }, rollback)
      for (const [i, item] of items.entries()) {
        const one = ack.items[i]
        if (one !== undefined && 'conflict' in one) {
          const { exception, faults } = taken(item, pointers[i] ?? '')
          errors.push({ exception, faults: [...faults] })
        }
      }
    } catch (error) {
      const { message } = asCoded(error, 'TRC_WRITE')
      const fault = { pointer: '', expected: 'the store to take the events', actual: message }
      errors.push({ exception: 'ImplementationException', faults: [fault] })
    }
    const finishedAt = new Date().toISOString()
    const done = { ...job, finishedAt, running: false, success: errors.length === 0, errors }
    await state.saveJob(done)
    return done
  }

  async #write(
    capture: string,
    items: readonly EpcisItem[],
    masterData: EpcisCaptureRequest['masterData'],
    rollback: boolean,
  ): Promise<EpcisCaptureAck> {
    const { store, source, onAlarm } = this.#o
    const recordTime = new Date().toISOString()
    const ack = await store.captureEpcis({
      capture,
      recordTime,
      source,
      items: [...items],
      masterData,
      rollback,
    })
    for (const one of ack.items)
      if (!('conflict' in one) && !one.repeated && one.contradicts !== undefined)
        onAlarm(`EPCIS event ${one.eventID} says what is stopped here: ${one.contradicts.join(' | ')}`)
    return ack
  }
}

function refuse(errors: CaptureJob['errors']): void {
  if (errors.length > 0)
    throw new EpcisError(
      'ValidationException',
      errors.flatMap((e) => e.faults),
    )
}

/** @param pointer where the event stands in the document */
const taken = ({ eventID }: { eventID: string }, pointer: string): EpcisError =>
  new EpcisError(
    'ResourceAlreadyExistsException',
    { pointer: `${pointer}/eventID`, expected: 'an event that is not recorded yet', actual: eventID },
    'events are never changed; declare an error and send a corrective event of its own id',
  )
