import type { LoggedEvent } from '../../contracts/index.ts'
import type { Delivery, EventSink } from './event-sink.ts'
import { placeOf, postHttp } from './http-post.ts'

export interface WebhookOptions {
  name: string
  url: string
  /** Sent as `authorization: Bearer …`. */
  token?: string
  timeoutMs?: number
}

/** HTTP POST of one CloudEvent in structured mode (CloudEvents HTTP binding 1.0.2, 3.2); any 2xx takes it. */
export class WebhookSink implements EventSink {
  readonly name: string
  readonly #options: WebhookOptions

  constructor(options: WebhookOptions) {
    this.name = options.name
    this.#options = options
  }

  deliver({ event, position }: LoggedEvent, signal: AbortSignal): Promise<Delivery> {
    const { url, token, timeoutMs = 10_000 } = this.#options
    return postHttp(new URL(url), {
      place: placeOf(url),
      headers: {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'x-log-position': String(position),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(event),
      signal,
      timeoutMs,
    })
  }

  /** Nothing is kept open between deliveries that would hold up an end. */
  close(): void {}
}
