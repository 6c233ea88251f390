import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../contracts/index.ts'
import { CfxSink, openEventLog, openPartStore } from '../../traceability/index.ts'
import { AmqpPeer } from './samples/sink-peers.ts'
import { gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let event: LoggedEvent
const dataDir = mkdtempSync(join(tmpdir(), 'sightline-cfx-'))
beforeAll(async () => {
  const store = await openPartStore({ dataDir, spoolAfterMs: 30_000 })
  await store.capture(request(1, passVerdict({ codes: [gs1Code('A1')] })))
  await store.close()
  const log = openEventLog(dataDir)
  event = log.read(0, 100).find(({ event: { type } }) => type === 'qe.inspection.completed.v1') as LoggedEvent
  log.close()
}, 60_000)
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const deliver = (sink: CfxSink) => sink.deliver(event, new AbortController().signal)

describe('CFX: what the peer makes of a message', () => {
  let peer: AmqpPeer
  let sink: CfxSink
  beforeEach(async () => {
    peer = new AmqpPeer()
    await peer.start()
    sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
  })
  afterEach(async () => {
    sink.close()
    await peer.stop()
  })

  it.each([
    // What stands behind it is no fault of the message: it is sent until it is taken.
    ['amqp:resource-limit-exceeded', 'away'],
    ['amqp:unauthorized-access', 'away'],
    ['amqp:not-found', 'away'],
    ['amqp:resource-locked', 'away'],
    ['amqp:resource-deleted', 'away'],
    ['amqp:internal-error', 'failed'],
    ['amqp:decode-error', 'refused'],
    ['amqp:precondition-failed', 'refused'],
  ] as const)('tells a rejection by its condition: %s = %s', async (condition, why) => {
    peer.next(condition)
    expect(await deliver(sink)).toMatchObject({
      ok: false,
      why,
      reason: expect.stringContaining(`rejected ${condition}`),
    })
    expect(await deliver(sink)).toEqual({ ok: true })
  })

  it('takes what is modified in nothing for one that nobody has looked at', async () => {
    peer.next('pass by')
    expect(await deliver(sink)).toMatchObject({ why: 'away', reason: expect.stringMatching(/modified/) })
    expect(await deliver(sink)).toEqual({ ok: true })
  })

  it('does not take what could not be delivered for one that nobody has looked at', async () => {
    peer.next('modify')
    expect(await deliver(sink)).toMatchObject({ why: 'failed', reason: expect.stringMatching(/modified/) })
    expect(await deliver(sink)).toEqual({ ok: true })
  })
})

it('CFX finds a peer by its IPv6 address', async (test) => {
  const server = createServer((socket) => void socket.on('error', () => undefined).end('nobody'))
  const up = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true))
  })
  if (!up) return test.skip('this machine has no IPv6')
  const { port } = server.address() as { port: number }
  const sink = new CfxSink({ name: 'x', url: `amqp://[::1]:${port}`, address: 'q', handle: 'A.B' })
  const connected = new Promise((resolve) => server.once('connection', () => resolve('connected')))
  const delivered = deliver(sink)
  expect(await Promise.race([connected, delivered])).toBe('connected')
  expect(await delivered).toMatchObject({ why: 'away' })
  sink.close()
  server.close()
})
