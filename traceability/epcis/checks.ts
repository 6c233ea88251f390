import type { EpcisItem } from '../../contracts/index.ts'
import { EpcisError } from '../../contracts/thread.ts'
import { type CapturedDocument, faultsOf, readDocument } from './check-document.ts'
import type { JsonObject } from './faults.ts'
import { prepareItem } from './prepare-item.ts'
import type { CaptureJob } from './state.ts'

/** A document that may go to the store. */
export interface CheckedDocument {
  items: EpcisItem[]
  /** Where each item stands in the document: JSON pointers. */
  pointers: string[]
  /** Faults of events that may not. */
  errors: CaptureJob['errors']
  context: unknown
  masterData: CapturedDocument['masterData']
}

/** Checking takes long for a large document, so that it is done beside the main thread. */
export class Checks {
  /**
   * @param single only one event is allowed
   * @param most   events of one request
   * @throws EpcisError ValidationException, CaptureLimitExceededException
   */
  document(json: string, { single, most }: { single: boolean; most: number }): CheckedDocument {
    const document = readDocument(json)
    const { form, events, context, masterData } = document
    if (single && form !== 'event')
      throw new EpcisError(
        'ValidationException',
        { pointer: '/type', expected: 'a single event', actual: form },
        'send documents to /capture',
      )
    if (events.length > most)
      throw new EpcisError('CaptureLimitExceededException', {
        pointer: '',
        expected: `at most ${most} events`,
        actual: `${events.length}`,
      })
    const errors: CaptureJob['errors'] = []
    const items: EpcisItem[] = []
    const pointers: string[] = []
    for (const entry of events) {
      const faults = faultsOf(entry, document)
      if (faults.length > 0) errors.push({ exception: 'ValidationException', faults })
      else {
        items.push(prepareItem(entry.event as JsonObject, context))
        pointers.push(entry.pointer)
      }
    }
    return { items, pointers, errors, context, masterData }
  }
}
