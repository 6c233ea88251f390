import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { CaptureRequest } from '../../contracts/index.ts'

/** Everything of a capture but the image bytes: what a replay of the verdict needs. */
export type CaptureRecord = Omit<CaptureRequest, 'image'>

export type RecordEncoding = 'json' | 'deflate-raw'

/** Below this size compression costs more time than it saves disk. */
const COMPRESS_FROM_BYTES = 8_192

export function recordOf(request: CaptureRequest): CaptureRecord {
  const { image: _image, ...record } = request
  return record
}

export function encodeRecord(record: CaptureRecord): { bytes: Uint8Array; encoding: RecordEncoding } {
  const bytes = Buffer.from(JSON.stringify(record), 'utf8')
  if (bytes.length < COMPRESS_FROM_BYTES) return { bytes, encoding: 'json' }
  return { bytes: deflateRawSync(bytes, { level: 1 }), encoding: 'deflate-raw' }
}

export function decodeRecord(bytes: Uint8Array, encoding: string): CaptureRecord {
  const json = encoding === 'deflate-raw' ? inflateRawSync(bytes) : Buffer.from(bytes)
  return JSON.parse(json.toString('utf8')) as CaptureRecord
}
