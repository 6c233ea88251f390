import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { CodedError, placeNameSchema } from '../contracts/index.ts'
import type { FrameFormat, FrameSlot, PartPlace } from '../contracts/index.ts'
import { rawBytes } from './slot-frame.ts'

/** A refusal with its HTTP status. */
export class IngestRefusal {
  readonly status: number
  readonly error: CodedError

  constructor(status: number, error: CodedError) {
    this.status = status
    this.error = error
  }
}

const refuse = (status: number, detail: ConstructorParameters<typeof CodedError>[1]): IngestRefusal =>
  new IngestRefusal(status, new CodedError('CAM_BAD_REQUEST', detail))

/**
 * Whether the request may create a trigger at all. What is refused here is noise, not a part: wrong address,
 * wrong method, no token, or a web page (cameras send no Origin header) reaching for the local port.
 */
export function checkSender(req: IncomingMessage, station: string, token?: string): IngestRefusal | null {
  const path = `/ingest/${station}`
  const asked = (req.url ?? '').split('?')[0] ?? ''
  if (asked !== path) return refuse(404, { expected: path, actual: asked.slice(0, 200) })
  if (req.method !== 'POST') return refuse(405, { expected: 'POST', actual: req.method ?? 'nothing' })
  if (req.headers.origin !== undefined)
    return refuse(403, { expected: 'a camera or program', actual: 'a web page (Origin header)' })
  if (token === undefined) return null
  const given = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1]
  if (given === undefined) return refuse(401, { expected: 'Authorization: Bearer <token>', actual: 'none' })
  // Equal-length digests, because the comparison must not tell how much of the token was right.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
    ? null
    : refuse(401, { expected: 'the token of the line file', actual: 'another one' })
}

/** The camera's own trigger number; null when it sends none and need not. */
export function readTrigger(req: IncomingMessage, required: boolean): number | null | IngestRefusal {
  const text = req.headers['x-trigger']
  if (text === undefined && required) {
    return refuse(400, {
      path: 'x-trigger',
      expected: 'the trigger number of the part, because the gate acts by it',
      actual: 'no header',
      hint: 'let the camera send the trigger counter of the PLC',
    })
  }
  if (text === undefined) return null
  // 0 comes behind the last number of a counter that wraps.
  return typeof text === 'string' && /^\d{1,15}$/.test(text)
    ? Number(text)
    : refuse(400, { path: 'x-trigger', expected: 'a whole number', actual: String(text).slice(0, 60) })
}

/** Whether the sender says that its counter begins again with this frame. */
export function readReset(req: IncomingMessage): boolean | IngestRefusal {
  const text = req.headers['x-counter-reset']
  if (text === undefined) return false
  const path = 'x-counter-reset'
  if (text !== '1') return refuse(400, { path, expected: '1', actual: String(text).slice(0, 60) })
  return req.headers['x-trigger'] === undefined
    ? refuse(400, { path, expected: 'the new number in x-trigger', actual: 'none' })
    : true
}

export interface IngestFacts {
  byteLength: number
  format: FrameFormat
  /** RFC 3339 as sent by the camera. */
  capturedAt?: string
  /** Count of the belt's encoder at the trigger. */
  encoder?: number
  /** Mould nest and part holder. */
  place?: PartPlace
}

/** Everything else the headers say about the frame. */
export function readFacts(
  req: IncomingMessage,
  maxBytes: number,
  slotBytes: number,
): IngestFacts | IngestRefusal {
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const raw = type === 'application/octet-stream'
  if (!raw && !/^image\/[a-z0-9.+-]+$/.test(type)) {
    return refuse(415, {
      path: 'content-type',
      expected: 'image/*, or application/octet-stream with x-pixel, x-width, x-height',
      actual: type || 'none',
    })
  }
  // Without regard to case (RFC 9110, 8.4.1); an empty header names none.
  const coding = req.headers['content-encoding']?.trim() ?? ''
  if (!['', 'identity'].includes(coding.toLowerCase()))
    return refuse(415, { path: 'content-encoding', expected: 'none', actual: coding.slice(0, 60) })
  const length = req.headers['content-length']
  if (length === undefined) {
    return refuse(411, {
      path: 'content-length',
      expected: 'the number of bytes',
      actual: 'none',
      hint: 'send the frame in one piece, not chunked',
    })
  }
  const byteLength = Number(length)
  const limit = Math.min(maxBytes, slotBytes)
  if (byteLength > limit) {
    return new IngestRefusal(
      413,
      new CodedError('CAM_FRAME_TOO_LARGE', {
        expected: `at most ${limit} bytes`,
        actual: `${byteLength} bytes`,
        hint: slotBytes < maxBytes ? 'raise frames.slotBytes' : 'raise camera.maxBytes',
      }),
    )
  }
  const format: FrameFormat | IngestRefusal = raw
    ? readRawFormat(req, byteLength)
    : { kind: 'encoded', mime: type }
  if (format instanceof IngestRefusal) return format
  const encoder = readEncoder(req)
  if (encoder instanceof IngestRefusal) return encoder
  const place = readPlace(req)
  if (place instanceof IngestRefusal) return place
  const facts = { byteLength, format, ...(encoder !== null && { encoder }), ...place }
  const at = req.headers['x-captured-at']
  if (at === undefined) return facts
  const time = typeof at === 'string' ? timeOf(at) : Number.NaN
  if (Number.isNaN(time)) {
    return refuse(400, {
      path: 'x-captured-at',
      expected: 'an RFC 3339 time with zone',
      actual: String(at).slice(0, 60),
    })
  }
  return { ...facts, capturedAt: new Date(time).toISOString() }
}

/** Null when the camera sends none. */
function readEncoder(req: IncomingMessage): number | null | IngestRefusal {
  const text = req.headers['x-encoder']
  if (text === undefined) return null
  return typeof text === 'string' && /^-?\d{1,15}(\.\d{1,6})?$/.test(text)
    ? Number(text)
    : refuse(400, { path: 'x-encoder', expected: 'a number of counts', actual: String(text).slice(0, 60) })
}

/** Names that the camera, or the PLC through it, gives; percent-encoded where they are not ASCII. */
function readPlace(req: IncomingMessage): { place?: PartPlace } | IngestRefusal {
  const place: PartPlace = {}
  for (const key of ['cavity', 'fixture'] as const) {
    const text = req.headers[`x-${key}`]
    if (text === undefined) continue
    const once = req.headersDistinct[`x-${key}`]?.length === 1
    const name = placeNameSchema.safeParse(once ? decoded(String(text)) : '')
    if (!name.success)
      return refuse(400, {
        path: `x-${key}`,
        expected: 'one header, 1 to 64 characters, percent-encoded UTF-8',
        actual: String(text).slice(0, 60),
      })
    place[key] = name.data
  }
  return Object.keys(place).length === 0 ? {} : { place }
}

/** Bytes beyond ASCII say nothing of their encoding: those of UTF-8 would make another name. */
function decoded(text: string): string {
  try {
    return /^[\x20-\x7e]*$/.test(text) ? decodeURIComponent(text) : ''
  } catch {
    return ''
  }
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** NaN also for a day that its month has not, and for 24:00:00: `Date.parse` would make the next day of them. */
function timeOf(text: string): number {
  const clock = RFC3339.exec(text)?.[1]?.toUpperCase()
  const there = clock !== undefined && new Date(Date.parse(`${clock}Z`)).toJSON()?.startsWith(clock)
  return there === true ? Date.parse(text) : Number.NaN
}

function readRawFormat(req: IncomingMessage, byteLength: number): FrameFormat | IngestRefusal {
  const pixel = req.headers['x-pixel']
  if (pixel !== 'mono8' && pixel !== 'rgb8')
    return refuse(400, { path: 'x-pixel', expected: 'mono8 or rgb8', actual: String(pixel).slice(0, 60) })
  const size = (name: 'x-width' | 'x-height'): number => {
    const text = req.headers[name]
    return typeof text === 'string' && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0
  }
  const widthPx = size('x-width')
  const heightPx = size('x-height')
  const expected = rawBytes(pixel, widthPx, heightPx)
  if (expected === 0)
    return refuse(400, { path: 'x-width, x-height', expected: 'whole numbers of pixels', actual: 'none' })
  if (expected !== byteLength) {
    return refuse(400, {
      path: 'content-length',
      expected: `${expected} bytes (${pixel}, ${widthPx} x ${heightPx})`,
      actual: `${byteLength}`,
    })
  }
  return { kind: 'raw', pixel, widthPx, heightPx }
}

/** @throws CAM_INCOMPLETE when the sender breaks off or `limit` aborts first */
export function readBody(
  req: IncomingMessage,
  slot: FrameSlot,
  facts: IngestFacts,
  limit: AbortSignal,
): Promise<void> {
  const target = new Uint8Array(slot.buffer, 0, facts.byteLength)
  let at = 0
  return new Promise((resolve, reject) => {
    const settle = (whole: boolean): void => {
      req.off('data', take).off('end', end).off('close', broken).off('error', broken)
      limit.removeEventListener('abort', broken)
      if (whole) return resolve()
      const actual = `${at} of ${facts.byteLength} bytes`
      reject(new CodedError('CAM_INCOMPLETE', { expected: 'the whole frame', actual }))
    }
    const take = (chunk: Buffer): void => {
      target.set(chunk, at)
      at += chunk.byteLength
    }
    const end = (): void => settle(at === facts.byteLength)
    const broken = (): void => settle(false)
    req.on('data', take).on('end', end).on('close', broken).on('error', broken)
    limit.addEventListener('abort', broken, { once: true })
    if (limit.aborted || req.destroyed) broken()
  })
}
