import { connect as connectTcp } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { epcisDocument, type Json } from './samples/epcis-documents.ts'
import { eventsOf } from './samples/epcis-repository.ts'
import { observed, type ServedEpcis, servedEpcis } from './samples/epcis-served.ts'

let repository: ServedEpcis['repository']
let served: ServedEpcis['served']
let ask: ServedEpcis['ask']
servedEpcis((open) => ({ repository, served, ask } = open))

describe('named queries over WebSocket', () => {
  const connect = (path: string, headers: Record<string, string> = {}): WebSocket =>
    new WebSocket(`${served.url.replace('http', 'ws')}/epcis${path}`, { headers })
  const status = (socket: WebSocket): Promise<number | undefined> =>
    new Promise((resolve) => {
      socket.on('unexpected-response', (_req, res) => resolve(res.statusCode))
      socket.on('open', () => resolve(101))
      socket.on('error', () => undefined)
    })

  it('stream events as they are captured', async () => {
    expect(
      (await ask('POST', '/queries', { name: 'live', query: { EQ_bizStep: ['arriving'] } })).status,
    ).toBe(201)
    expect((await ask('POST', '/queries', { name: 'live', query: {} })).status).toBe(409)
    const socket = connect('/queries/live/events?stream=true')
    const first = new Promise<string>((resolve) =>
      socket.on('message', (data) => resolve(String(data as Buffer))),
    )
    let since: unknown
    socket.on('upgrade', ({ headers }) => (since = headers['gs1-query-min-record-time']))
    expect(await status(socket)).toBe(101)
    expect(Math.abs(Date.parse(String(since)) - Date.now())).toBeLessThan(60_000)
    await ask('POST', '/capture', epcisDocument([observed(201), observed(202, { bizStep: 'arriving' })]))
    const document = JSON.parse(await first) as Json
    expect(eventsOf(document).map((e) => e['eventID'])).toEqual(['urn:x:event:202'])
    const gone = new Promise((resolve) => socket.on('close', resolve))
    expect((await ask('DELETE', '/queries/live')).status).toBe(204)
    await gone
  })

  it('are refused for a name that cannot be read', async () => {
    expect(await status(connect('/queries/%ff/events?stream=true'))).toBe(400)
  })

  it('end with a handshake that fails, so that nobody is sent to for ever', async () => {
    await ask('POST', '/queries', { name: 'half', query: {} })
    let ended = 0
    const real = repository.epcis.connect.bind(repository.epcis)
    const spy = vi.spyOn(repository.epcis, 'connect').mockImplementation(async (...args) => {
      const close = await real(...args)
      return () => {
        ended += 1
        close()
      }
    })
    const { hostname, port } = new URL(served.url)
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(Number(port), hostname, () =>
        socket.write(
          `GET /epcis/queries/half/events?stream=true HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
            'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
        ),
      )
      socket.once('data', (data) => resolve(String(data)))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(ended).toBe(1)
    spy.mockRestore()
  })

  it('are refused to other pages, unknown queries and wrong controls', async () => {
    await ask('POST', '/queries', { name: 'kept', query: {} })
    expect(await status(connect('/queries/kept/events?stream=true', { origin: 'http://evil.example' }))).toBe(
      403,
    )
    const port = { origin: 'http://127.0.0.1:9', 'sec-fetch-site': 'same-site' }
    expect(await status(connect('/queries/kept/events?stream=true', port))).toBe(403)
    expect(await status(connect('/queries/none/events?stream=true'))).toBe(404)
    expect(await status(connect('/queries/kept/events'))).toBe(400)
    expect(await status(connect('/queries/kept/events?stream=true&hour=1'))).toBe(400)
    expect(await status(connect('/queries/kept/events?hour=1&hour=2'))).toBe(400)
    expect(await status(connect('/other'))).toBe(404)
    expect((await ask('GET', '/queries/kept/events?stream=true')).body['type']).toBe(
      'epcisException:SubscriptionControlsException',
    )
  })
})
