import { asCoded } from '../../contracts/index.ts'
import { prepareCapture } from './prepared-capture.ts'
import type { CaptureRecord } from './record-codec.ts'
import type { CaptureAsk, StoredTemplate } from './store-ops.ts'

/** @throws EVT_SCHEMA when the record makes no valid event, TRC_BINDING when it is no record */
export function captureAsk(
  record: CaptureRecord,
  bytes: Uint8Array | null,
  template?: StoredTemplate,
  foreign = false,
): CaptureAsk {
  try {
    const prepared = prepareCapture(record, foreign)
    if (bytes === null) return { prepared, image: null }
    const { widthPx, heightPx } = record.outcome
    const image = { bytes, meta: record.meta, widthPx, heightPx }
    return { prepared, image: template ? { ...image, template } : image }
  } catch (error) {
    throw asCoded(error, 'TRC_BINDING')
  }
}

/**
 * A capture read back from the spool, where the template that the record names stands behind the image.
 *
 * @throws as `captureAsk`
 */
export function spooledAsk(ask: { record: CaptureRecord; image: Uint8Array | null }): CaptureAsk {
  try {
    const { record, image } = ask
    const { golden } = record
    if (image === null || !golden) return captureAsk(record, image, undefined, true)
    const end = image.length - golden.byteLength
    const template = { bytes: image.subarray(end), format: golden.format }
    return captureAsk(record, image.subarray(0, end), template, true)
  } catch (error) {
    throw asCoded(error, 'TRC_BINDING')
  }
}
