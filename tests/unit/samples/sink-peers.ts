import { once } from 'node:events'
import { createServer as createHttp, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { generate, parser as mqttParser } from 'mqtt-packet'
import rhea, { type Message } from 'rhea'
import type { QEvent } from '../../../contracts/index.ts'
import { CfxSink, MqttSink, WebhookSink } from '../../../traceability/index.ts'
import type { SinkPeer } from '../../suites/event-sink.suite.ts'

/** Bytes of the data section of a message. */
export const contentOf = (message: Message | undefined): Buffer => {
  const body = message?.body as { content: Buffer } | undefined
  if (body === undefined) throw new Error('a message without a body')
  return body.content
}

/**
 * What a peer does with the next one; `modify`, `pass by` (modified in nothing), or a condition with which it rejects: AMQP
 * 1.0; `nobody` subscribes, `denied`: MQTT 5.
 */
type How =
  | 'refuse'
  | 'silent'
  | 'release'
  | 'no reason'
  | 'modify'
  | 'pass by'
  | `amqp:${string}`
  | 'nobody'
  | 'denied'

/** A TCP server that keeps its port over a restart and lets go of its connections. */
abstract class Peer implements SinkPeer {
  readonly ids: string[] = []
  readonly how: How[] = []
  protected port = 0
  #server: Server | null = null
  readonly #sockets = new Set<Socket>()

  abstract sink(o: { secret: string; timeoutMs: number }): ReturnType<SinkPeer['sink']>
  protected abstract serve(): Server | HttpServer

  taken = (): string[] => [...this.ids]
  next(how: How): void {
    this.how.push(how)
  }

  async start(): Promise<void> {
    const server = this.serve()
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

export class HttpPeer extends Peer {
  sink = ({ secret, timeoutMs }: { secret: string; timeoutMs: number }): WebhookSink =>
    new WebhookSink({
      name: 'mes',
      url: `http://127.0.0.1:${this.port}/x?key=${secret}`,
      token: secret,
      timeoutMs,
    })

  protected serve(): HttpServer {
    return createHttp((req, res) => {
      let body = ''
      req.on('data', (d: Buffer) => (body += d.toString()))
      req.on('end', () => {
        const how = this.how.shift()
        if (how === 'silent') return
        if (how === 'refuse') return void res.writeHead(422).end()
        this.ids.push((JSON.parse(body) as QEvent).id)
        res.writeHead(204).end()
      })
    })
  }
}

export class AmqpPeer extends Peer {
  readonly messages: { properties: Record<string, unknown>; body: Record<string, unknown> }[] = []

  sink = ({ secret, timeoutMs }: { secret: string; timeoutMs: number }): CfxSink =>
    new CfxSink({
      name: 'cfx',
      url: `amqp://127.0.0.1:${this.port}`,
      address: 'cfx',
      handle: 'Sightline.caps-a',
      user: 'line',
      password: secret,
      timeoutMs,
    })

  /** A larger message ends the link (AMQP 1.0, 2.8.15), as brokers do. */
  maxBytes = Infinity

  /** Ends the session of who asks for a node that it has not, as RabbitMQ does. */
  noQueue = false
  /** Closes the link of who sends, as when the queue is deleted; done when that one knows. */
  closeLink: () => Promise<void> = () => Promise.resolve()

  protected serve(): Server {
    const container = rhea.create_container({ id: 'peer' })
    container.sasl_server_mechanisms.enable_plain(
      (user: string, password: string) => user === 'line' && password === 'sesame',
    )
    container.on('session_open', ({ session }) => {
      if (this.noQueue) session?.close({ condition: 'amqp:not-found', description: "no queue 'cfx'" })
    })
    container.on('receiver_open', ({ receiver }) => {
      receiver?.set_credit_window(10)
      this.closeLink = async () => {
        receiver?.close()
        await once(container, 'receiver_close')
      }
    })
    container.on('message', ({ delivery, message, receiver }) => {
      if (contentOf(message).length > this.maxBytes)
        return void receiver?.close({
          condition: 'amqp:link:message-size-exceeded',
          description: 'too large',
        })
      const how = this.how.shift()
      if (how === 'silent') return
      if (how === 'refuse')
        return void delivery?.reject({ condition: 'amqp:precondition-failed', description: 'no such unit' })
      if (how === 'release') return void delivery?.release()
      if (how === 'no reason') return void delivery?.reject()
      if (how === 'pass by') return void delivery?.modified({})
      if (how === 'modify') return void delivery?.modified({ undeliverable_here: true })
      if (how?.startsWith('amqp:')) return void delivery?.reject({ condition: how })
      const content = contentOf(message)
      const body = JSON.parse(content.toString('utf8')) as Record<string, unknown>
      this.messages.push({ properties: { ...message, ...message?.application_properties }, body })
      this.ids.push(String(body['UniqueID']))
      delivery?.accept()
    })
    container.on('error', () => undefined)
    container.on('disconnected', () => undefined)
    return createServer((socket) => {
      socket.on('error', () => undefined)
      const connection = container.create_connection({ autoaccept: false, autosettle: true } as never)
      ;(connection as unknown as { accept(s: Socket): void }).accept(socket)
    })
  }
}

export class MqttPeer extends Peer {
  readonly topics: string[] = []

  sink = ({ secret, timeoutMs }: { secret: string; timeoutMs: number }): MqttSink =>
    new MqttSink({
      name: 'broker',
      url: `mqtt://127.0.0.1:${this.port}`,
      topic: 'sightline/{line}/{type}',
      user: 'line',
      password: secret,
      timeoutMs,
    })

  readonly version: 4 | 5
  /** A larger payload ends the connection with 0x95 (MQTT 5.0, 3.14.2.1), as brokers do. */
  maxBytes = Infinity
  /** Or it says so in PUBACK, which has no such code (3.4.2.1), as Mosquitto 2 does. */
  saysInAnswer = false

  constructor(version: 4 | 5) {
    super()
    this.version = version
  }

  /** As much of a broker as one publisher needs. */
  protected serve(): Server {
    return createServer((socket) => {
      const { version } = this
      const options = { protocolVersion: version }
      const parser = mqttParser(options)
      socket.on('error', () => undefined)
      socket.on('data', (data) => parser.parse(data))
      parser.on('packet', (packet) => {
        if (packet.cmd === 'connect') {
          const known = packet.protocolVersion === version && packet.password?.toString() === 'sesame'
          const answer = {
            cmd: 'connack',
            sessionPresent: false,
            reasonCode: 0,
            returnCode: known ? 0 : 1,
          } as const
          socket.write(generate(answer, options))
        }
        if (packet.cmd !== 'publish') return
        if (packet.payload.length > this.maxBytes && this.saysInAnswer)
          return void socket.write(Buffer.from([0x40, 3, 0, packet.messageId ?? 0, 0x95]))
        if (packet.payload.length > this.maxBytes)
          return void socket.end(generate({ cmd: 'disconnect', reasonCode: 0x95 }, options))
        const how = this.how.shift()
        if (how === 'silent') return
        if (how === undefined || how === 'nobody') {
          this.topics.push(packet.topic)
          this.ids.push((JSON.parse(packet.payload.toString()) as QEvent).id)
        }
        // 0x99: payload format invalid.
        const reasonCode = how === 'refuse' ? 0x99 : how === 'nobody' ? 0x10 : how === 'denied' ? 0x87 : 0
        socket.write(generate({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode }, options))
      })
    })
  }
}
