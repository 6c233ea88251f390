import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { CaptureRequest } from '../../contracts/index.ts'

/** Everything of a capture but the image bytes: what a replay of the verdict needs. */
export type CaptureRecord = Omit<CaptureRequest, 'image'>

/** JSON as text, or raw deflate of its UTF-8. */
export type EncodedRecord = string | Uint8Array

/** Below this size compression costs more time than it saves disk. */
const COMPRESS_FROM_CHARACTERS = 8_192

export function recordOf(request: CaptureRequest): CaptureRecord {
  const { image: _image, ...record } = request
  return record
}

export function encodeRecord(record: CaptureRecord): EncodedRecord {
  const text = JSON.stringify(record)
  if (text.length < COMPRESS_FROM_CHARACTERS) return text
  // A copy of its own: a view would take the whole buffer along when it crosses to another thread.
  return new Uint8Array(deflateRawSync(text, { level: 1 }))
}

/** As the column keeps it. */
export const bytesOf = (encoded: EncodedRecord): Uint8Array =>
  typeof encoded === 'string' ? Buffer.from(encoded) : encoded

export const encodingOf = (encoded: EncodedRecord): 'json' | 'deflate-raw' =>
  typeof encoded === 'string' ? 'json' : 'deflate-raw'

export function decodeRecord(encoded: EncodedRecord, encoding: string): CaptureRecord {
  if (typeof encoded === 'string') return JSON.parse(encoded) as CaptureRecord
  const json = encoding === 'deflate-raw' ? inflateRawSync(encoded) : Buffer.from(encoded)
  return JSON.parse(json.toString('utf8')) as CaptureRecord
}
