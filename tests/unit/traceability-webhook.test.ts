import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type LoggedEvent, newEvent } from '../../contracts/index.ts'
import { WebhookSink } from '../../traceability/index.ts'

const EVENT: LoggedEvent = {
  position: 7,
  event: {
    ...newEvent({
      type: 'qe.sink.replayed.v1',
      source: '/plants/p1/lines/a',
      subject: 'sink/x',
      partitionkey: 'a',
      data: { sink: 'x', from: 0, by: 'li' },
    }),
    sequence: '00000000000000000001',
  },
}

/** Refused by `fetch` (Fetch Standard, 2.9: X11, Amanda, IRC). */
const BLOCKED = [10080, 6000, 6566, 6666]

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** @returns its port, or null where something else listens there */
async function listen(answer: RequestListener, port = 0): Promise<number | null> {
  const server = createServer(answer).listen(port, '127.0.0.1')
  const end = await Promise.race([once(server, 'listening'), once(server, 'error')])
  if (end.length > 0) return null
  servers.push(server)
  return (server.address() as AddressInfo).port
}
const deliver = (sink: WebhookSink): Promise<unknown> => sink.deliver(EVENT, new AbortController().signal)

describe('a webhook', () => {
  it('finds its receiver also at a port that other protocols are known by', async () => {
    const got: unknown[] = []
    const answer: RequestListener = (req, res) => {
      got.push(req.headers['x-log-position'])
      req.resume()
      res.end()
    }
    let port: number | null = null
    for (const blocked of BLOCKED) port ??= await listen(answer, blocked)
    expect(port).not.toBeNull()
    const sink = new WebhookSink({ name: 'x', url: `http://127.0.0.1:${port}/events` })
    expect(await deliver(sink)).toEqual({ ok: true })
    expect(got).toEqual(['7'])
  })

  it('takes the status for the answer, whether the body behind it is cut off or never ends', async () => {
    const port = await listen((req, res) => {
      req.resume()
      res.writeHead(200, req.url === '/cut' ? { 'content-length': '100' } : {})
      res.write('a part of it')
      if (req.url === '/cut') setTimeout(() => res.destroy(), 20)
    })
    for (const path of ['cut', 'endless']) {
      const sink = new WebhookSink({ name: 'x', url: `http://127.0.0.1:${port}/${path}`, timeoutMs: 500 })
      expect(await deliver(sink)).toEqual({ ok: true })
    }
  })

  it('does not wait for the rest of an answer, behind which the next event waits', async () => {
    const port = await listen((req, res) => {
      req.resume()
      res.writeHead(200).write('a part of it')
    })
    const sink = new WebhookSink({ name: 'x', url: `http://127.0.0.1:${port}/x`, timeoutMs: 60_000 })
    for (let n = 0; n < 3; n++) expect(await deliver(sink)).toEqual({ ok: true })
  })

  it('says who it is, and sends a token without the new line of the file that it was read from', async () => {
    const got: unknown[] = []
    const port = await listen((req, res) => {
      got.push(req.headers)
      req.resume()
      res.end()
    })
    const sink = new WebhookSink({ name: 'x', url: `http://127.0.0.1:${port}/x`, token: 'secret\r\n' })
    expect(await deliver(sink)).toEqual({ ok: true })
    expect(got).toMatchObject([{ authorization: 'Bearer secret', accept: '*/*', 'user-agent': 'sightline' }])
  })

  it('says of a token that no header can have that it was not sent, and waits', async () => {
    const sink = new WebhookSink({ name: 'x', url: 'http://127.0.0.1:1/x', token: '密码' })
    const delivery = await deliver(sink)
    expect(delivery).toMatchObject({
      ok: false,
      why: 'away',
      reason: expect.stringContaining('"authorization"') as string,
    })
    expect(JSON.stringify(delivery)).not.toContain('密码')
  })

  it('goes on where its receiver lets go of the connection between two events', async () => {
    const port = await listen((req, res) => {
      req.resume()
      res.end('taken')
    })
    const sink = new WebhookSink({ name: 'x', url: `http://127.0.0.1:${port}/x` })
    for (let n = 0; n < 3; n++) {
      expect(await deliver(sink)).toEqual({ ok: true })
      servers[0]?.closeAllConnections()
      await sleep(50)
    }
  })

  it('goes nowhere but to its address, and says where that leads to', async () => {
    const asked: string[] = []
    let location: string | undefined
    const server = createServer((req, res) => {
      asked.push(req.url ?? '')
      req.resume()
      res.writeHead(301, location === undefined ? {} : { location }).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const sink = new WebhookSink({ name: 'x', url: `${at}/events?key=secret` })
    const told = async (): Promise<unknown> => sink.deliver(EVENT, new AbortController().signal)
    const away = (reason: string): object => ({ ok: false, why: 'away', reason })
    location = 'https://me:word@mes.example/events?key=secret'
    expect(await told()).toEqual(
      away(`HTTP 301 from ${at}/events, which leads to https://mes.example/events`),
    )
    location = '/login'
    expect(await told()).toEqual(away(`HTTP 301 from ${at}/events, which leads to ${at}/login`))
    location = undefined
    expect(await told()).toEqual(away(`HTTP 301 from ${at}/events`))
    expect(new Set(asked)).toEqual(new Set(['/events?key=secret']))
    server.close()
  })
})
