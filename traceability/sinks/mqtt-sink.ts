import type { IClientPublishOptions, IDisconnectPacket, MqttClient, Packet } from 'mqtt'
import { timeLimit } from '../../contracts/index.ts'
import type { LoggedEvent } from '../../contracts/index.ts'
import type { Delivery, EventSink } from './event-sink.ts'

export interface MqttSinkOptions {
  name: string
  url: string
  /** With `{line}` and `{type}`. */
  topic: string
  user?: string
  password?: string
  timeoutMs?: number
}

/** In DISCONNECT (MQTT 5.0, 3.14.2.1): the message is larger than the broker takes. */
const TOO_LARGE = 0x95
/** Reason codes that say the message itself is wrong; the others stand in PUBACK (3.4.2.1): topic name, format. */
const REFUSED = new Set([0x90, TOO_LARGE, 0x99])

/** In PUBACK (3.4.2.1): nobody subscribes, not even who is away just now, and the broker throws the message away. */
const NO_SUBSCRIBER = 0x10

/** The library's words for an answer with a code that is none: Mosquitto 2 gives 0x95 in PUBACK to what is too large. */
const ODD_ANSWER = /^Invalid puback/

/** Unacceptable protocol version in CONNACK of MQTT 3.1.1 (3.2.2.3) and 5.0 (3.2.2.2). */
const OLD_BROKER = 0x01
const OTHER_VERSION = 0x84

/**
 * One CloudEvent to a message of QoS 1 (CloudEvents MQTT binding 1.0.2, 3.2 structured mode): delivered when the broker
 * has acknowledged it. A connection that gives no answer in time is given up with what was on its way.
 */
export class MqttSink implements EventSink {
  readonly name: string
  readonly #o: MqttSinkOptions
  #client: MqttClient | null = null
  /** 5 says why a message is not taken; a broker that only knows 3.1.1 gets that. */
  #version: 4 | 5 = 5

  constructor(options: MqttSinkOptions) {
    this.name = options.name
    this.#o = options
  }

  async deliver({ event, position }: LoggedEvent, signal: AbortSignal): Promise<Delivery> {
    const { url, topic, timeoutMs = 10_000 } = this.#o
    const limit = timeLimit(timeoutMs, signal)
    const to = topic.replaceAll('{line}', event.partitionkey).replaceAll('{type}', event.type)
    const place = `${url.replace(/[?#].*$/, '')} ${to}`
    try {
      const client = await this.#connected(limit.signal, timeoutMs)
      const sent = publish(client, to, JSON.stringify(event), {
        qos: 1,
        ...(this.#version === 5 && {
          properties: {
            contentType: 'application/cloudevents+json; charset=utf-8',
            userProperties: { 'x-log-position': String(position) },
          },
        }),
      })
      const heard = await untilAborted(sent, limit.signal)
      return heard ? { ok: true } : { ok: true, unheard: `${place}: the broker says that nobody subscribes` }
    } catch (error) {
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
      if (this.#version === 5 && (code === OLD_BROKER || code === OTHER_VERSION)) {
        this.#version = 4
        return { ok: false, why: 'away', reason: `${place}: the broker speaks MQTT 3.1.1 only` }
      }
      const reason = `${place}: ${error instanceof Error ? error.message : String(error)}`
      const odd = error instanceof Error && ODD_ANSWER.test(error.message)
      const refused = typeof code === 'number' && REFUSED.has(code)
      if (!refused || code === TOO_LARGE) this.close()
      if (refused) return { ok: false, why: 'refused', reason }
      // Behind one that is away for ever no other one would come.
      if (odd) return { ok: false, why: 'failed', reason: `${reason}: perhaps the message is too large` }
      return { ok: false, why: 'away', reason }
    } finally {
      limit.clear()
    }
  }

  close(): void {
    this.#client?.end(true)
    this.#client = null
  }

  async #connected(signal: AbortSignal, timeoutMs: number): Promise<MqttClient> {
    if (this.#client?.connected) return this.#client
    this.close()
    const { url, user, password, name } = this.#o
    // Loaded when it is needed: most programs deliver nothing.
    const { connectAsync } = await import('mqtt')
    const client = await untilAborted(
      connectAsync(url, {
        protocolVersion: this.#version,
        clean: true,
        clientId: `sightline-${name}-${process.pid}-${Date.now().toString(36)}`,
        // The relay tries again by itself, in order.
        reconnectPeriod: 0,
        connectTimeout: timeoutMs,
        ...(user === undefined ? {} : { username: user }),
        ...(password === undefined ? {} : { password }),
      }),
      signal,
      (late) => late.end(true),
    )
    // What breaks later is told by the next publish.
    client.on('error', () => undefined)
    this.#client = client
    return client
  }
}

/**
 * Publishes; false where the broker says that nobody subscribes. Rejects with the reason code when the broker ends the
 * connection instead of an answer, and with the words of the library when it cannot read the answer.
 */
async function publish(
  client: MqttClient,
  ...message: [topic: string, payload: string, options: IClientPublishOptions]
): Promise<boolean> {
  let heard = true
  // The library does not hand on the answer to a message that was taken; there is one on its way at a time.
  const answered = (packet: Packet): void => {
    if (packet.cmd === 'puback' && packet.reasonCode === NO_SUBSCRIBER) heard = false
  }
  let ended: (packet: IDisconnectPacket) => void = () => undefined
  let unread: (error: Error) => void = () => undefined
  const end = new Promise<never>((_, reject) => {
    ended = ({ reasonCode: code = 0, properties }) => {
      const why = properties?.reasonString ?? (code === TOO_LARGE ? 'packet too large' : '')
      const text = `the broker ended the connection, reason 0x${code.toString(16)} ${why}`.trim()
      reject(Object.assign(new Error(text), { code }))
    }
    unread = reject
  })
  client.once('disconnect', ended)
  client.once('error', unread)
  client.on('packetreceive', answered)
  try {
    await Promise.race([client.publishAsync(...message), end])
    return heard
  } finally {
    client.removeListener('packetreceive', answered)
    client.removeListener('disconnect', ended)
    client.removeListener('error', unread)
  }
}

/** @param late what to do with a result that nobody waits for any more */
function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  late: (value: T) => void = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      work.then(late, () => undefined)
      reject(new Error('no answer in time'))
    }
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })
}
