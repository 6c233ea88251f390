import { request as httpRequest, type ClientRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { timeLimit } from '../../contracts/index.ts'
import type { Delivery } from './event-sink.ts'
import { retryAfterMs } from './retry-pause.ts'

/** The receiver says that the event itself is wrong. */
const REFUSED = new Set([400, 413, 415, 422])

/**
 * The receiver, or a gateway before it, has not looked at the event: not allowed in, not at this address, too busy,
 * down. No event may be lost for that, so there is no limit to the attempts.
 */
const AWAY = new Set([401, 402, 403, 404, 405, 407, 408, 410, 421, 425, 429, 502, 503, 504])

/** It says no more than that the receiver is not here: events go nowhere but to the address that the line file names. */
const isRedirect = (status: number): boolean => status >= 300 && status < 400

/**
 * What the answer of a receiver means for the delivery.
 *
 * @param header value of a header of the answer; null = it has none
 */
function deliveryOf(status: number, place: string, header: (name: string) => string | null): Delivery {
  if (status >= 200 && status < 300) return { ok: true }
  const away = AWAY.has(status) || isRedirect(status)
  const elsewhere = isRedirect(status) ? placeAt(header('location'), place) : null
  const afterMs = retryAfterMs(header('retry-after'), header('date'))
  return {
    ok: false,
    why: REFUSED.has(status) ? 'refused' : away ? 'away' : 'failed',
    reason: `HTTP ${status} from ${place}${elsewhere === null ? '' : `, which leads to ${elsewhere}`}`,
    ...(status === 413 && { tooLarge: true }),
    ...(afterMs !== null && { afterMs }),
  }
}

/** A query may hold a key, and what stands before a host a password; reasons are shown and stored. */
export const placeOf = (url: string): string => url.replace(/[?#].*$/, '')

/** How long the rest of an answer is waited for whose status is known, so that its connection can be used again, ms. */
const REST_MS = 100

/** Longest address of somebody else that a reason names. */
const ADDRESS_LENGTH = 300

function placeAt(location: string | null, base: string): string | null {
  if (location === null || !URL.canParse(location, base)) return null
  const url = new URL(location, base)
  url.username = url.password = ''
  return placeOf(url.href).slice(0, ADDRESS_LENGTH)
}

export interface HttpPost {
  /** What reasons call the receiver; its URL may hold a key. */
  place: string
  /** Values may have white space around them, as those of a file that ends in a new line; none of it is sent. */
  headers: Record<string, string>
  body: string
  /** Resolves the name of the host; absent = as the system does. */
  lookup?: LookupFunction
  signal: AbortSignal
  timeoutMs: number
}

/**
 * One POST; no redirect is followed. Never rejects, and ends within `timeoutMs`, or `REST_MS` after the head of an answer,
 * together with its connection, however slowly the receiver writes: one that never ends its answers would gather
 * connections. Not by `fetch`, which refuses to ask at ports of other protocols (Fetch Standard, 2.9), where a receiver may
 * well be: 10080, 6000.
 */
export function postHttp(
  url: URL,
  { place, headers, body, lookup, signal, timeoutMs }: HttpPost,
): Promise<Delivery> {
  return new Promise((resolve) => {
    const limit = timeLimit(timeoutMs, signal)
    let request: ClientRequest
    try {
      request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        signal: limit.signal,
        ...(lookup && { lookup }),
        headers: {
          // Firewalls before a receiver turn away who does not say what it is.
          accept: '*/*',
          'user-agent': 'sightline',
          ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim()])),
          'content-length': Buffer.byteLength(body),
        },
      })
    } catch (error) {
      limit.clear()
      // A value that no header may have, as a token that is not ASCII.
      const reason = error instanceof Error ? error.message : String(error)
      return resolve({ ok: false, why: 'away', reason: `${place}: ${reason}` })
    }
    let answered: Delivery | null = null
    let rest: NodeJS.Timeout | undefined
    request.on('response', (response) => {
      // Only its status counts; a body that does not end is cut off, for the next event waits behind it.
      response.on('error', () => undefined).resume()
      answered = deliveryOf(response.statusCode ?? 0, place, (name) => {
        const value = response.headers[name]
        return typeof value === 'string' ? value : null
      })
      rest = setTimeout(() => request.destroy(), REST_MS)
    })
    let why = 'the connection was closed without an answer'
    request.on('error', (error) => {
      why = limit.signal.aborted && !signal.aborted ? `no answer within ${timeoutMs} ms` : error.message
    })
    // Comes also where neither an answer nor an error does, as behind a change of protocols.
    request.on('close', () => {
      clearTimeout(rest)
      limit.clear()
      resolve(answered ?? { ok: false, why: 'away', reason: `${place}: ${why}` })
    })
    request.end(body)
  })
}
