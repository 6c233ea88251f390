import type { Socket } from 'node:net'
import type { Connection, ConnectionOptions, EventContext, Sender, SenderOptions } from 'rhea'
import type { InspectionCompleted, LoggedEvent, QEvent } from '../../contracts/index.ts'
import { CFX_TOPIC, CFX_UNITS_INSPECTED, cfxEnvelope } from './cfx-message.ts'
import type { Delivery, EventSink } from './event-sink.ts'

export interface CfxOptions {
  name: string
  /** `amqp://host:port` or `amqps://…`. */
  url: string
  /** Node of the broker. */
  address: string
  /** CFX handle of this endpoint. */
  handle: string
  user?: string
  password?: string
  timeoutMs?: number
}

type Rhea = typeof import('rhea')

/** AMQP 1.0, 2.8.15: the peer ends the link, as it will not take this message whenever it comes. */
const TOO_LARGE = 'amqp:link:message-size-exceeded'

/** Why a peer rejects that has no place for the message, or does not let us in: nothing of the message (AMQP 1.0, 2.8.15). */
const OF_THE_NODE = new Set(
  ['resource-limit-exceeded', 'unauthorized-access', 'not-found', 'resource-locked', 'resource-deleted'].map(
    (name) => `amqp:${name}`,
  ),
)
/** Trouble of the peer, which may be with this message alone; so is no reason at all, as RabbitMQ gives none where the queue is full, or has no leader. */
const OF_THE_PEER = new Set(['', 'amqp:internal-error', 'amqp:illegal-state'])

const rejection = (condition: string): 'away' | 'failed' | 'refused' =>
  OF_THE_NODE.has(condition) ? 'away' : OF_THE_PEER.has(condition) ? 'failed' : 'refused'

/** How long a peer may take to answer that a connection is closed, ms. */
const CLOSE_MS = 1_000

/** The library says that it closes and then waits for the peer, however long: one that is mute, or floods, keeps its socket. */
function giveUp(connection: Connection & { socket?: Socket }): void {
  connection.close()
  setTimeout(() => connection.socket?.destroy(), CLOSE_MS).unref()
}

const away = (reason: string): Delivery => ({ ok: false, why: 'away', reason })

/**
 * Inspections as `CFX.Production.TestAndInspection.UnitsInspected` over AMQP 1.0. A message counts as delivered when the
 * peer settles it as accepted; without an answer in time the connection is given up, so that no late answer is taken for
 * that of another message.
 */
export class CfxSink implements EventSink {
  readonly name: string
  readonly #o: CfxOptions
  readonly #place: string
  #link: { connection: Connection; sender: Sender } | null = null

  constructor(options: CfxOptions) {
    this.name = options.name
    this.#o = options
    this.#place = `${options.url.replace(/[?#].*$/, '')} ${options.address}`
  }

  async deliver(logged: LoggedEvent, signal: AbortSignal): Promise<Delivery> {
    const event = logged.event as QEvent<InspectionCompleted>
    try {
      // Loaded when it is needed: most programs deliver nothing.
      const { default: rhea } = await import('rhea')
      signal.throwIfAborted()
      const sender = await this.#sender(rhea, signal)
      return await this.#send(rhea, sender, event, signal)
    } catch (error) {
      this.#drop()
      const text = error instanceof Error ? error.message : String(error)
      const reason = `${this.#place}: ${text}`
      return text.startsWith(TOO_LARGE) ? { ok: false, why: 'refused', reason } : away(reason)
    }
  }

  close(): void {
    this.#drop()
  }

  #drop(): void {
    const link = this.#link
    this.#link = null
    if (link !== null) giveUp(link.connection)
  }

  #sender(rhea: Rhea, signal: AbortSignal): Promise<Sender> {
    // A broker may end session or link alone, as when the queue is deleted: what is sent then nobody answers.
    if (this.#link?.sender.is_open()) return Promise.resolve(this.#link.sender)
    this.#drop()
    const { protocol, hostname, port } = new URL(this.#o.url)
    const tls = protocol === 'amqps:'
    const { user, password } = this.#o
    // An IPv6 address stands in brackets in a URL, and without them everywhere else.
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const place = { host, port: Number(port || (tls ? 5671 : 5672)), reconnect: false }
    const login = {
      username: user ?? 'anonymous',
      ...(user === undefined ? {} : { password: password ?? '' }),
    }
    const options: ConnectionOptions = tls
      ? { ...place, ...login, transport: 'tls', servername: host, rejectUnauthorized: true }
      : { ...place, ...login }
    const connection = rhea.create_container({ id: `sightline-${this.name}-${process.pid}` }).connect(options)
    // What comes late, when nobody waits any more, must not end the program nor be printed.
    for (const name of ['error', 'disconnected', 'protocol_error', 'session_error', 'sender_error'] as const)
      connection.on(name, () => undefined)
    const sender = connection.open_sender({
      target: { address: this.#o.address, durable: 2 },
      autosettle: true,
      // By itself the library tells it as released.
      treat_modified_as_released: false,
    } as SenderOptions)
    return this.#wait(connection, signal, 'a link to the node', (done) => {
      sender.once('sendable', () => {
        this.#link = { connection, sender }
        done(sender)
      })
    })
  }

  #send(
    rhea: Rhea,
    sender: Sender,
    event: QEvent<InspectionCompleted>,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const { handle } = this.#o
    // It may have ended right behind its credit, when nobody was listening.
    if (!sender.is_open())
      throw new Error(textOf(sender.error ?? sender.session.error) || 'the link was closed')
    return this.#wait(sender.connection, signal, 'an answer to the message', (done) => {
      const failed = (why: 'away' | 'refused' | 'failed', reason: string): void =>
        done({ ok: false, why, reason: `${this.#place}: ${reason}` })
      const rejected = (context: EventContext): void => {
        const state = context.delivery?.remote_state as { error?: { condition?: string } } | undefined
        failed(rejection(state?.error?.condition ?? ''), `rejected ${textOf(state?.error)}`.trim())
      }
      const modified = (context: EventContext): void => {
        const state = context.delivery?.remote_state as
          { delivery_failed?: boolean; undeliverable_here?: boolean } | undefined
        // AMQP 1.0, 3.4.5: without either it is as good as released.
        if (state?.delivery_failed || state?.undeliverable_here)
          failed('failed', 'modified: it could not be delivered')
        else failed('away', 'modified: nobody took it')
      }
      const listeners: [string, (c: EventContext) => void][] = [
        ['accepted', () => done({ ok: true })],
        ['rejected', rejected],
        // AMQP 1.0, 3.4.4: nobody has looked at it, as where the queue has no reader just now.
        ['released', () => failed('away', 'released: nobody took it')],
        ['modified', modified],
      ]
      for (const [name, listener] of listeners) {
        sender.removeAllListeners(name)
        sender.on(name, listener)
      }
      sender.send({
        message_id: event.id,
        durable: true,
        subject: `${handle}.${CFX_UNITS_INSPECTED}`,
        reply_to: handle,
        content_type: 'application/json; charset="utf-8"',
        creation_time: new Date(event.time),
        application_properties: {
          'cfx-topic': CFX_TOPIC,
          'cfx-message': CFX_UNITS_INSPECTED,
          'cfx-handle': handle,
          'cfx-target': null,
        },
        body: rhea.message.data_section(Buffer.from(JSON.stringify(cfxEnvelope(event, handle)), 'utf8')),
      })
    })
  }

  /** Ends with the answer, or rejects when the peer goes, time is up, or the line stops. */
  #wait<T>(
    connection: Connection,
    signal: AbortSignal,
    what: string,
    start: (done: (value: T) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const gone = (context: EventContext): void => {
        const error = context.error ?? connection.error ?? context.sender?.error ?? context.session?.error
        finish(() => reject(new Error(textOf(error) || 'the connection was closed')))
      }
      const aborted = (): void => finish(() => reject(new Error('stopped')))
      const timeoutMs = this.#o.timeoutMs ?? 10_000
      const timer = setTimeout(
        () => finish(() => reject(new Error(`no ${what.replace(/^an? /, '')} within ${timeoutMs} ms`))),
        timeoutMs,
      )
      const names = [
        'disconnected',
        'connection_close',
        'connection_error',
        // So RabbitMQ says that there is no such queue, or that the user may not write to it.
        'session_close',
        'session_error',
        'sender_close',
        'sender_error',
      ] as const
      const finish = (end: () => void): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
        for (const name of names) connection.removeListener(name, gone)
        end()
      }
      for (const name of names) connection.on(name, gone)
      signal.addEventListener('abort', aborted, { once: true })
      start((value) => finish(() => resolve(value)))
    }).catch((error: unknown) => {
      giveUp(connection)
      throw error
    })
  }
}

function textOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { description, condition, message } = error as Record<string, unknown>
  return [condition, description ?? message].filter((t) => typeof t === 'string' && t !== '').join(': ')
}
