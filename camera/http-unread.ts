import type { Duplex } from 'node:stream'
import { CodedError } from '../contracts/index.ts'
import { IngestRefusal } from './http-ingest.ts'

/** What the HTTP server says of a request that it could not read. */
export interface ParseError extends Error {
  code?: string
  reason?: string
}

/** Why such a request is refused; null when the connection broke, which is nobody's wrong request. */
export function unreadable(e: ParseError): IngestRefusal | null {
  const refusal = (status: number, expected: string): IngestRefusal =>
    new IngestRefusal(
      status,
      new CodedError('CAM_BAD_REQUEST', { expected, actual: (e.reason ?? e.message).slice(0, 120) }),
    )
  if (e.code === 'HPE_HEADER_OVERFLOW') return refusal(431, 'headers of at most 16 kB')
  if (e.code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'the whole headers within 60 s')
  return e.code?.startsWith('HPE_') === true
    ? refusal(400, 'a request of HTTP/1.1 whose content-length is that of its body')
    : null
}

const REASON: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** Answers where nothing was answered yet, and ends the connection: what else is in it cannot be told apart. */
export function endUnread(socket: Duplex, refusal: IngestRefusal | null): void {
  if (!refusal || !socket.writable) return void socket.destroy()
  const { code, message } = refusal.error
  const body = JSON.stringify({ code, message })
  const head = [
    `HTTP/1.1 ${refusal.status} ${REASON[refusal.status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
