import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
import { describeWith, portOpen } from '../services/require-service.ts'
import { eventSinkSuite } from '../suites/event-sink.suite.ts'
import { AmqpPeer, contentOf, HttpPeer, MqttPeer } from './samples/sink-peers.ts'
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

eventSinkSuite('webhook', () => new HttpPeer(), events)
eventSinkSuite('CFX over AMQP 1.0', () => new AmqpPeer(), events)
eventSinkSuite('MQTT 5', () => new MqttPeer(5), events)

describe('a peer that takes connections and says nothing', () => {
  it.each([
    ['webhook', (at: string) => new WebhookSink({ name: 'x', url: `http://${at}/x`, timeoutMs: 100 })],
    ['MQTT', (at: string) => new MqttSink({ name: 'x', url: `mqtt://${at}`, topic: 'x', timeoutMs: 100 })],
    [
      'CFX',
      (at: string) =>
        new CfxSink({ name: 'x', url: `amqp://${at}`, address: 'q', handle: 'A.B', timeoutMs: 100 }),
    ],
  ])('does not keep the connections of %s that were given up', async (_name, sinkAt) => {
    const open = new Set<Socket>()
    let came = 0
    const server = createServer((socket) => {
      came += 1
      open.add(socket)
      socket
        .resume()
        .on('error', () => undefined)
        .once('close', () => open.delete(socket))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const sink = sinkAt(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    for (const event of logged.slice(0, 3))
      expect(await sink.deliver(event, new AbortController().signal)).toMatchObject({ why: 'away' })
    await expect.poll(() => came).toBeGreaterThanOrEqual(3)
    // Nobody reads what comes on them, so that a peer that goes on sending would fill the memory.
    await expect.poll(() => open.size, { timeout: 5_000 }).toBe(0)
    sink.close()
    server.close()
  })
})

describe('MQTT', () => {
  it('falls back to 3.1.1, and fills in the topic', async () => {
    const peer = new MqttPeer(4)
    await peer.start()
    const sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
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

it('MQTT 5 does not wait for ever behind a message that the broker answers with a code that is none', async () => {
  const peer = new MqttPeer(5)
  await peer.start()
  const sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
  const deliver = () => sink.deliver(logged[0] as LoggedEvent, new AbortController().signal)
  Object.assign(peer, { maxBytes: 100, saysInAnswer: true })
  expect(await deliver()).toMatchObject({ why: 'failed', reason: expect.stringMatching(/too large/) })
  peer.maxBytes = Infinity
  expect(await deliver()).toEqual({ ok: true })
  sink.close()
  await peer.stop()
})

describe.each([
  ['MQTT 5', () => new MqttPeer(5)],
  ['CFX', () => new AmqpPeer()],
] as const)('%s', (_, newPeer) => {
  it('refuses for good what is larger than the broker takes, and goes on with the next', async () => {
    const peer = newPeer()
    await peer.start()
    const sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
    const [event, next] = logged
    if (event === undefined || next === undefined) throw new Error('no events')
    const idle = new AbortController().signal
    peer.maxBytes = 100
    const refused = await sink.deliver(event, idle)
    expect(refused).toMatchObject({ ok: false, why: 'refused' })
    expect(refused.ok ? '' : refused.reason).toMatch(/too large|size-exceeded/)
    peer.maxBytes = Infinity
    expect(await sink.deliver(next, idle)).toEqual({ ok: true })
    expect(peer.taken()).toEqual([next.event.id])
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
        RecipeName: 'cap-top',
        RecipeRevision: '4',
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
    const sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
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

  it('is away where nobody reads the queue just now, and sends once somebody does', async () => {
    const peer = new AmqpPeer()
    await peer.start()
    const sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
    const event = logged[0]
    if (event === undefined) throw new Error('no event')
    peer.next('release')
    const deliver = () => sink.deliver(event, new AbortController().signal)
    expect(await deliver()).toMatchObject({
      ok: false,
      why: 'away',
      reason: expect.stringMatching(/released/),
    })
    expect(await deliver()).toEqual({ ok: true })
    sink.close()
    await peer.stop()
  })

  it('tries again where a peer rejects without a reason, as a full queue does', async () => {
    const peer = new AmqpPeer()
    await peer.start()
    const sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
    const event = logged[0]
    if (event === undefined) throw new Error('no event')
    peer.next('no reason')
    const deliver = () => sink.deliver(event, new AbortController().signal)
    expect(await deliver()).toMatchObject({
      ok: false,
      why: 'failed',
      reason: expect.stringMatching(/rejected/),
    })
    expect(await deliver()).toEqual({ ok: true })
    sink.close()
    await peer.stop()
  })

  it('says that there is no such queue, and sends anew over a link that the broker closed meanwhile', async () => {
    const peer = new AmqpPeer()
    await peer.start()
    const sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
    const deliver = () => sink.deliver(logged[0] as LoggedEvent, new AbortController().signal)
    peer.noQueue = true
    expect(await deliver()).toMatchObject({
      why: 'away',
      reason: expect.stringMatching(/amqp:not-found: no queue 'cfx'/),
    })
    peer.noQueue = false
    expect(await deliver()).toEqual({ ok: true })
    await peer.closeLink()
    expect(await deliver()).toEqual({ ok: true })
    sink.close()
    await peer.stop()
  })

  it('is away with a wrong password', async () => {
    const peer = new AmqpPeer()
    await peer.start()
    const sink = peer.sink({ secret: 'wrong', timeoutMs: 8_000 })
    const event = logged[0]
    if (event === undefined) throw new Error('no event')
    expect(await sink.deliver(event, new AbortController().signal)).toMatchObject({ ok: false, why: 'away' })
    sink.close()
    await peer.stop()
  })
})

const AMQP = new URL(process.env['SIGHTLINE_TEST_AMQP_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672')
const rabbit = await portOpen(AMQP.hostname, Number(AMQP.port))

// It declares the queue by itself.
describeWith('RabbitMQ', rabbit, 'CFX and RabbitMQ', () => {
  it('is taken in order', async () => {
    const address = `/queue/sightline-test-${process.pid}`
    const { username, password } = AMQP
    const sink = new CfxSink({
      name: 'rabbit',
      url: `amqp://${AMQP.host}`,
      address,
      handle: 'Sightline.caps-a',
      user: username,
      password,
    })
    for (const event of logged)
      expect(await sink.deliver(event, new AbortController().signal)).toEqual({ ok: true })
    sink.close()
    const got: string[] = []
    const connection = rhea.create_container().connect({
      host: AMQP.hostname,
      port: Number(AMQP.port),
      username,
      password,
      reconnect: false,
    })
    connection.open_receiver({ source: { address }, autoaccept: true })
    await new Promise<void>((resolve) =>
      connection.on('message', ({ message }) => {
        const content = contentOf(message)
        got.push((JSON.parse(content.toString()) as { UniqueID: string }).UniqueID)
        if (got.length === logged.length) resolve()
      }),
    )
    connection.close()
    expect(got).toEqual(logged.map((l) => l.event.id))
  })
})
