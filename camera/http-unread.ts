import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { CodedError } from '../contracts/index.ts'
import { IngestRefusal } from './http-ingest.ts'

/** What the HTTP server says of a request that it could not read. */
export interface ParseError extends Error {
  code?: string
  reason?: string
  /** What was read. */
  rawPacket?: Uint8Array
}

/** First byte of a TLS connection (RFC 8446, 5.1: handshake). */
const TLS = 22

/** Why such a request is refused; null when the connection broke, which is nobody's wrong request. */
export function unreadable(e: ParseError): IngestRefusal | null {
  const refusal = (status: number, expected: string, said = e.reason ?? e.message): IngestRefusal =>
    new IngestRefusal(status, new CodedError('CAM_BAD_REQUEST', { expected, actual: said.slice(0, 120) }))
  if (e.code === 'HPE_HEADER_OVERFLOW') return refusal(431, 'headers of at most 16 kB')
  if (e.code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'the whole headers within 60 s')
  if (e.code === 'HPE_INVALID_METHOD' && e.rawPacket?.[0] === TLS)
    return refusal(400, 'http://', 'https:// (TLS), which this port does not speak')
  return e.code?.startsWith('HPE_') === true
    ? refusal(400, 'a request of HTTP/1.1 whose content-length is that of its body')
    : null
}

const REASON: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** A request as far as it was read, and the response before its own, which has to leave first. */
interface Begun {
  req: IncomingMessage
  res: ServerResponse
  before: ServerResponse | undefined
}

/**
 * Answers what could not be read, after what came before it on the connection, and ends the connection: what else is in
 * it cannot be told apart. A request that breaks off in its body ends with it, so that its part is missed at once.
 */
export class UnreadRequests {
  /** An answer out of its turn would be taken for that of a part. */
  readonly #last = new WeakMap<Duplex, Begun>()
  readonly #ending = new WeakSet<Duplex>()

  begun(req: IncomingMessage, res: ServerResponse): void {
    this.#last.set(req.socket, { req, res, before: this.#last.get(req.socket)?.res })
  }

  /** @param refusal null = nobody is there to be answered */
  end(socket: Duplex, refusal: IngestRefusal | null): void {
    if (!refusal || !socket.writable) return void socket.destroy()
    // The parser complains of every further piece.
    if (this.#ending.has(socket)) return
    this.#ending.add(socket)
    const last = this.#last.get(socket)
    const before = last?.req.complete === false ? last.before : last?.res
    if (!before || before.closed) return say(socket, refusal)
    before.once('close', () => say(socket, refusal))
  }
}

function say(socket: Duplex, { status, error }: IngestRefusal): void {
  if (!socket.writable) return void socket.destroy()
  const body = JSON.stringify({ code: error.code, message: error.message })
  const head = [
    `HTTP/1.1 ${status} ${REASON[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
