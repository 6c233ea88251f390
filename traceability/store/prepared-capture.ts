import { canonicalJson, type InspectionCompleted, type QEvent, type SqlValue } from '../../contracts/index.ts'
import { thingUri } from '../genealogy/things.ts'
import { codesOf, type Identification, identify, namingOf, triggerUnit } from '../identity/index.ts'
import { checkEvent } from './event-check.ts'
import type { StoredImage } from './image-files.ts'
import { checkInspection } from './inspection-check.ts'
import type { ChildRows } from './inspection-columns.ts'
import { inspectionEvent, type UnitFacts, viewOf } from './inspection-event.ts'
import { childRows, inspectionRow, rowsHash } from './inspection-rows.ts'
import { lotNames, originOf, storedAliases } from './origin.ts'
import { type CaptureRecord, encodeRecord, type EncodedRecord, recordHash } from './record-codec.ts'

/** Columns of an event beside its text. */
export type EventColumns = Pick<QEvent, 'id' | 'source' | 'type' | 'subject' | 'partitionkey' | 'time'>

/**
 * A capture that passed every check and can be written: all that needs no look at the database is made by whoever hands
 * it in, so that the one thread that writes is left with writing. It crosses a thread border as it is.
 */
export interface PreparedCapture {
  inspectionId: string
  station: string
  trigger: number
  attempt: number
  startedAt: string
  endedAt: string
  /** When the frame was taken. */
  capturedAt: string
  result: InspectionCompleted['verdict']['result']
  productId: string
  gtin: string | null
  /** As the lots of `unit.origin`. */
  lotNames: string[]
  /** Name of the supplier that the origin's lots come from, if any. */
  supplier: string | null
  /** URI of the part holder, if any. */
  fixture: string | null
  unit: UnitFacts
  /** Value and scheme. */
  aliases: [string, string][]
  event: EventColumns
  /** Canonical JSON of the event, and where the view of its image and its sequence belong. */
  json: { text: string; viewAt: number; sequenceAt: number }
  /** Columns of `inspection` behind the position, up to the sequence. */
  row: SqlValue[]
  children: ChildRows
  record: EncodedRecord
}

/**
 * The unit of a capture by its codes, or by its trigger number.
 *
 * @param serial as its event says it: programs of before named a part of any count by the number alone
 */
export function unitOf(
  record: CaptureRecord,
  serial?: string,
): { identification: Identification; unit: UnitFacts } {
  const { context, product, station, trigger } = record
  const identification = identify(codesOf(record), product, record.identity, namingOf(record))
  const byNumber = triggerUnit(context.line, station, trigger)
  const byTrigger =
    serial === byNumber.serial ? byNumber : triggerUnit(context.line, station, trigger, record.attempt)
  const unit = {
    serial: identification.serial ?? byTrigger.serial,
    uri: identification.uri ?? byTrigger.uri,
    identifiedBy: identification.uri === null ? ('trigger' as const) : ('code' as const),
    lot: identification.lot ?? context.lot ?? null,
  }
  return { identification, unit: { ...unit, origin: originOf(record, unit, identification) } }
}

/**
 * @param foreign read back from a file, so that its types are not known
 * @throws EVT_SCHEMA when the request does not make a valid event
 */
export function prepareCapture(record: CaptureRecord, foreign = false): PreparedCapture {
  const { identification, unit } = unitOf(record)
  const text = JSON.stringify(record)
  const row = inspectionRow(record, unit)
  const children = childRows(record)
  const event = inspectionEvent(record, unit, null, {
    recordSha256: recordHash(text),
    rowsSha256: rowsHash(row, children),
  })
  if (foreign) checkEvent(event)
  else checkInspection(event)
  const { id, source, type, subject, partitionkey, time } = event
  return {
    inspectionId: record.inspectionId,
    station: record.station,
    trigger: record.trigger,
    attempt: record.attempt,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    capturedAt: record.meta?.capturedAt ?? record.startedAt,
    result: event.data.verdict.result,
    productId: record.product.id,
    gtin: identification.gtin ?? record.product.gtin ?? null,
    lotNames: lotNames(unit.lot, record),
    supplier: record.context.supplier ?? null,
    fixture: record.place?.fixture === undefined ? null : thingUri('fixture', record.place.fixture),
    unit,
    aliases: storedAliases(unit, identification),
    event: { id, source, type, subject, partitionkey, time },
    json: placesIn(canonicalJson(event)),
    row,
    children,
    record: encodeRecord(text),
  }
}

/** The whole text once image and sequence are known; the same as the canonical JSON of the whole event. */
export function eventText({ json }: PreparedCapture, image: StoredImage | null, sequence: string): string {
  const { text, viewAt, sequenceAt } = json
  const view = image === null ? '' : canonicalJson(viewOf(image))
  return `${text.slice(0, viewAt)}${view}${text.slice(viewAt, sequenceAt)}"sequence":"${sequence}",${text.slice(sequenceAt)}`
}

/**
 * Finds members by their names: a quote inside a string is escaped, so that a name with quotes and colon stands only
 * where it is one, and canonical JSON has the names in order.
 */
function placesIn(text: string): PreparedCapture['json'] {
  const viewAt = text.indexOf(VIEWS, text.indexOf('"image":')) + VIEWS.length - 1
  return { text, viewAt, sequenceAt: text.lastIndexOf('"source":') }
}

const VIEWS = '"views":[]'
