import { timeLimit } from '../../contracts/index.ts'
import type { LoggedEvent } from '../../contracts/index.ts'
import type { Delivery, EventSink } from './event-sink.ts'
import { retryAfterMs } from './retry-pause.ts'

export interface WebhookOptions {
  name: string
  url: string
  /** Sent as `authorization: Bearer …`. */
  token?: string
  timeoutMs?: number
}

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
export function deliveryOf(status: number, place: string, header: (name: string) => string | null): Delivery {
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
const placeOf = (url: string): string => url.replace(/[?#].*$/, '')

/** Longest address of somebody else that a reason names. */
const ADDRESS_LENGTH = 300

function placeAt(location: string | null, base: string): string | null {
  if (location === null || !URL.canParse(location, base)) return null
  const url = new URL(location, base)
  url.username = url.password = ''
  return placeOf(url.href).slice(0, ADDRESS_LENGTH)
}

/** HTTP POST of one CloudEvent in structured mode (CloudEvents HTTP binding 1.0.2, 3.2); any 2xx takes it. */
export class WebhookSink implements EventSink {
  readonly name: string
  readonly #options: WebhookOptions

  constructor(options: WebhookOptions) {
    this.name = options.name
    this.#options = options
  }

  async deliver({ event, position }: LoggedEvent, signal: AbortSignal): Promise<Delivery> {
    const { url, token, timeoutMs = 10_000 } = this.#options
    const limit = timeLimit(timeoutMs, signal)
    const place = placeOf(url)
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/cloudevents+json; charset=utf-8',
          'x-log-position': String(position),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(event),
        signal: limit.signal,
      })
      await response.body?.cancel()
      return deliveryOf(response.status, place, (name) => response.headers.get(name))
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
      const text = error instanceof Error ? error.message + cause : String(error)
      return { ok: false, why: 'away', reason: `${place}: ${text}` }
    } finally {
      limit.clear()
    }
  }

  /** Nothing is kept open between deliveries. */
  close(): void {}
}
