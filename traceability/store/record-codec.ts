import { hash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { CaptureRequest, FrameFormat } from '../../contracts/index.ts'

/** The golden template that came with a frame, as it is kept. */
export interface TemplateRef {
  /** Of its file, hex. */
  sha256: string
  format: FrameFormat
  /** Of the bytes that were judged, without what a file adds. */
  byteLength: number
}

/** Everything of a capture but the image bytes: what a replay of the verdict needs. */
export type CaptureRecord = Omit<CaptureRequest, 'image' | 'template'> & {
  /** The template that came with the frame. */
  golden?: TemplateRef
}

/** JSON as text, or raw deflate of its UTF-8. */
export type EncodedRecord = string | Uint8Array

/** Below this size compression costs more time than it saves disk. */
const COMPRESS_FROM_CHARACTERS = 8_192

export function recordOf(request: CaptureRequest, golden?: TemplateRef): CaptureRecord {
  const { image: _image, template: _template, ...record } = request
  return golden ? { ...record, golden } : record
}

/** As the event of the record states it, hex. */
export const recordHash = (text: string | Uint8Array): string => hash('sha256', text, 'hex')

/** @param text the record as JSON */
export function encodeRecord(text: string): EncodedRecord {
  if (text.length < COMPRESS_FROM_CHARACTERS) return text
  // A copy of its own: a view would take the whole buffer along when it crosses to another thread.
  return new Uint8Array(deflateRawSync(text, { level: 1 }))
}

/** As the column keeps it. */
export const bytesOf = (encoded: EncodedRecord): Uint8Array =>
  typeof encoded === 'string' ? Buffer.from(encoded) : encoded

export const encodingOf = (encoded: EncodedRecord): 'json' | 'deflate-raw' =>
  typeof encoded === 'string' ? 'json' : 'deflate-raw'

/** The UTF-8 of the JSON. */
export const inflated = (encoded: Uint8Array, encoding: string): Uint8Array =>
  encoding === 'deflate-raw' ? inflateRawSync(encoded) : encoded

export function decodeRecord(encoded: EncodedRecord, encoding: string): CaptureRecord {
  const text =
    typeof encoded === 'string' ? encoded : Buffer.from(inflated(encoded, encoding)).toString('utf8')
  return JSON.parse(text) as CaptureRecord
}
