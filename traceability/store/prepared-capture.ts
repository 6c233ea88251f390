import type { QEvent } from '../../contracts/index.ts'
import { identify, type Identification, triggerUnit } from '../identity/index.ts'
import type { StoredImage } from './image-files.ts'
import type { UnitFacts } from './inspection-event.ts'
import type { CaptureRecord } from './record-codec.ts'

/** A capture that passed every check and can be written. */
export interface PreparedCapture {
  record: CaptureRecord
  image: StoredImage | null
  identification: Identification
  unit: UnitFacts
  event: Omit<QEvent, 'sequence'>
}

/** The unit of a capture by its codes, or by its trigger number. */
export function unitOf(record: CaptureRecord): { identification: Identification; unit: UnitFacts } {
  const { context, product, outcome } = record
  const identification = identify(outcome.verdict.codes, product, record.identity, record.identityTools)
  const byTrigger = triggerUnit(context.line, record.station, record.trigger)
  const unit: UnitFacts = {
    serial: identification.serial ?? byTrigger.serial,
    uri: identification.uri ?? byTrigger.uri,
    identifiedBy: identification.uri === null ? 'trigger' : 'code',
    lot: identification.lot ?? context.lot ?? null,
  }
  return { identification, unit }
}
