import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttp, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate, parser as mqttParser } from 'mqtt-packet'
import rhea from 'rhea'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InspectionCompleted, LoggedEvent, QEvent } from '../../contracts/index.ts'
import {
  CfxSink,
  cfxEnvelope,
  MqttSink,
  openEventLog,
  openPartStore,
  WebhookSink,
} from '../../traceability/index.ts'
import { portOpen } from '../services/require-service.ts'
import { eventSinkSuite, type SinkPeer } from '../suites/event-sink.suite.ts'
import { failVerdict, gs1Code, missed, passVerdict, request } from './samples/traceability-requests.ts'

let logged: LoggedEvent[] = []
const dataDir = mkdtempSync(join(tmpdir(), 'sightline-sinks-'))
beforeAll(async () => {
  const store = await openPartStore({ dataDir, spoolAfterMs: 30_000 })
  await store.capture(request(1, failVerdict({ codes: [gs1Code('A1', 'L7')] })))
  for (const n of [2, 3]) await store.capture(request(n, passVerdict({ codes: [gs1Code(`A${n}`)] })))
  await store.capture(missed(4))
  await store.close()
  const log = openEventLog(dataDir)
  logged = log.read(0, 100).filter(({ event }) => event.type === 'qe.inspection.completed.v1')
  log.close()
}, 60_000)
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))
const events = (): Promise<LoggedEvent[]> => Promise.resolve(logged)

/** A TCP server that keeps its port over a restart and lets go of its connections. */
abstract class Peer implements SinkPeer {
  readonly ids: string[] = []
  readonly how: ('refuse' | 'silent')[] = []
  protected port = 0
  #server: Server | null = null
  readonly #sockets = new Set<Socket>()

  abstract sink(o: { secret: string; timeoutMs: number }): ReturnType<SinkPeer['sink']>
  protected abstract serve(): Server | HttpServer

  taken = (): string[] => [...this.ids]
  next(how: 'refuse' | 'silent'): void {
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

class HttpPeer extends Peer {
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

class AmqpPeer extends Peer {
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

  protected serve(): Server {
    const container = rhea.create_container({ id: 'peer' })
    container.sasl_server_mechanisms.enable_plain(
      (user: string, password: string) => user === 'line' && password === 'sesame',
    )
    container.on('receiver_open', ({ receiver }) => receiver?.set_credit_window(10))
    container.on('message', ({ delivery, message, receiver }) => {
      void receiver
      const how = this.how.shift()
      if (how === 'silent') return
      if (how === 'refuse')
        return void delivery?.reject({ condition: 'amqp:precondition-failed', description: 'no such unit' })
      const content = (message?.body as { content: Buffer }).content
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

class MqttPeer extends Peer {
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
        const how = this.how.shift()
        if (how === 'silent') return
        if (how !== 'refuse') {
          this.topics.push(packet.topic)
          this.ids.push((JSON.parse(packet.payload.toString()) as QEvent).id)
        }
        // 0x99: payload format invalid.
        const reasonCode = how === 'refuse' ? 0x99 : 0
        socket.write(generate({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode }, options))
      })
    })
  }
}

eventSinkSuite('webhook', () => new HttpPeer(), events)
eventSinkSuite('CFX over AMQP 1.0', () => new AmqpPeer(), events)
eventSinkSuite('MQTT 5', () => new MqttPeer(5), events)

describe('MQTT', () => {
  it('falls back to 3.1.1, and fills in the topic', async () => {
    const peer = new MqttPeer(4)
    await peer.start()
    const sink = peer.sink({ secret: 'sesame', timeoutMs: 2_000 })
    const event = logged[0]
    if (event === undefined) throw new Error('no event')
    const idle = new AbortController().signal
    expect(await sink.deliver(event, idle)).toMatchObject({ ok: false, why: 'away' })
    expect(await sink.deliver(event, idle)).toEqual({ ok: true })
    expect(peer.topics).toEqual(['sightline/caps-a/qe.inspection.completed.v1'])
    sink.close()
    await peer.stop()
  })
})

describe('CFX', () => {
  it('names fields and values as the SDK has them', () => {
    const [fail, , , none] = logged.map((l) =>
      cfxEnvelope(l.event as QEvent<InspectionCompleted>, 'Sightline.caps-a'),
    )
    expect(fail).toMatchObject({
      MessageName: 'CFX.Production.TestAndInspection.UnitsInspected',
      UniqueID: logged[0]?.event.id,
      Source: 'Sightline.caps-a',
      MessageBody: {
        $type: 'CFX.Production.TestAndInspection.UnitsInspected, CFX',
        InspectionMethod: 'AOI',
        InspectedUnits: [
          {
            UnitIdentifier: 'A1',
            OverallResult: 'Failed',
            Inspections: [
              {
                Result: 'Failed',
                DefectsFound: [{ DefectCode: 'scratch', Priority: 2, ConfidenceLevel: 93 }],
                Measurements: [
                  {
                    $type: 'CFX.Structures.NumericMeasurement, CFX',
                    MeasurementName: 'gapMm',
                    Result: 'Passed',
                    MeasuredValue: {
                      Value: 1.51,
                      ValueUnits: 'mm',
                      MinimumAcceptableValue: 1.4,
                      MaximumAcceptableValue: 1.6,
                    },
                  },
                ],
              },
            ],
          },
        ],
      },
    })
    // What was not judged has not passed.
    expect(none).toMatchObject({
      MessageBody: {
        InspectedUnits: [{ OverallResult: 'Error', Inspections: [{ Result: 'Error', Error: 'missed' }] }],
      },
    })
  })

  it('gives the same message for the same event, with the properties that CFX routes by', async () => {
    const peer = new AmqpPeer()
    await peer.start()
    const sink = peer.sink({ secret: 'sesame', timeoutMs: 2_000 })
    const event = logged[0]
    if (event === undefined) throw new Error('no event')
    for (let n = 0; n < 2; n++) await sink.deliver(event, new AbortController().signal)
    sink.close()
    await peer.stop()
    expect(peer.messages[0]?.body).toEqual(peer.messages[1]?.body)
    expect(peer.messages[0]?.properties).toMatchObject({
      'cfx-topic': 'CFX.Production.TestAndInspection',
      'cfx-message': 'CFX.Production.TestAndInspection.UnitsInspected',
      'cfx-handle': 'Sightline.caps-a',
      message_id: event.event.id,
      content_type: 'application/json; charset="utf-8"',
      durable: true,
    })
  })

  it('is away with a wrong password', async () => {
    const peer = new AmqpPeer()
    await peer.start()
    const sink = peer.sink({ secret: 'wrong', timeoutMs: 2_000 })
    const event = logged[0]
    if (event === undefined) throw new Error('no event')
    expect(await sink.deliver(event, new AbortController().signal)).toMatchObject({ ok: false, why: 'away' })
    sink.close()
    await peer.stop()
  })
})

// A broker of the plant, where one happens to run; it declares the queue by itself.
describe.skipIf(!(await portOpen('127.0.0.1', 5672)))('CFX and RabbitMQ (skipped when none runs)', () => {
  it('is taken in order', async () => {
    const address = `/queue/sightline-test-${process.pid}`
    const sink = new CfxSink({
      name: 'rabbit',
      url: 'amqp://127.0.0.1:5672',
      address,
      handle: 'Sightline.caps-a',
      user: 'guest',
      password: 'guest',
    })
    for (const event of logged)
      expect(await sink.deliver(event, new AbortController().signal)).toEqual({ ok: true })
    sink.close()
    const got: string[] = []
    const connection = rhea
      .create_container()
      .connect({ port: 5672, username: 'guest', password: 'guest', reconnect: false })
    connection.open_receiver({ source: { address }, autoaccept: true })
    await new Promise<void>((resolve) =>
      connection.on('message', ({ message }) => {
        const { content } = message?.body as { content: Buffer }
        got.push((JSON.parse(content.toString()) as { UniqueID: string }).UniqueID)
        if (got.length === logged.length) resolve()
      }),
    )
    connection.close()
    expect(got).toEqual(logged.map((l) => l.event.id))
  })
})
