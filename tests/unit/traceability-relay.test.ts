import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { QEvent } from '../../contracts/index.ts'
import {
  type EventSink,
  openEventLog,
  openPartStore,
  openSql,
  openTraceQuery,
  Relay,
  type RelayOptions,
  type SqliteEventLog,
  type TraceStore,
  WebhookSink,
} from '../../traceability/index.ts'
import { passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
let store: TraceStore
let log: SqliteEventLog
const open: { close(): unknown }[] = []

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-relay-'))
  store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  log = openEventLog(dataDir, (l) => store.onAppend(l))
})
afterEach(async () => {
  for (const o of open.splice(0).reverse()) await o.close()
  log.close()
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A receiver that answers with the next status of the list, then with 204. */
async function receiver(
  statuses: number[],
  headers: Record<string, string> = {},
): Promise<{ url: string; events: QEvent[]; requests: IncomingMessage[]; times: number[]; server: Server }> {
  const events: QEvent[] = []
  const times: number[] = []
  const requests: IncomingMessage[] = []
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (d: Buffer) => (body += d.toString()))
    req.on('end', () => {
      requests.push(req)
      times.push(performance.now())
      const status = statuses.shift() ?? 204
      if (status < 300) events.push(JSON.parse(body) as QEvent)
      res.writeHead(status, headers).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => server.close() })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/hook`, events, requests, times, server }
}

function relay(sink: EventSink, attempts = 5, more: Partial<RelayOptions> = {}): Relay {
  const r = new Relay({ log, ledger: store, sink, attempts, firstRetryMs: 5, maxRetryMs: 20, ...more })
  open.push(r)
  r.start()
  return r
}

const triggers = (events: QEvent[]): number[] => events.map((e) => (e.data as { trigger: number }).trigger)

describe('webhook relay', () => {
  it('posts CloudEvents in structured mode, in order, as they are logged', async () => {
    await store.capture(request(1, passVerdict()))
    const { url, events, requests } = await receiver([])
    const r = relay(new WebhookSink({ name: 'mes', url, token: 'secret' }))
    await expect.poll(() => events.length).toBe(1)
    await Promise.all([2, 3, 4].map((n) => store.capture(request(n, passVerdict()))))
    await expect.poll(() => events.length).toBe(4)
    expect(events).toEqual(log.read(0, 10).map((e) => e.event))
    expect(requests[0]?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      authorization: 'Bearer secret',
    })
    await expect.poll(() => r.health()).toMatchObject({ position: 4, delivered: 4, dead: 0, retrying: null })
  })

  it('tries again after failures without letting later events pass', async () => {
    const { url, events } = await receiver([503, 500, 429])
    await Promise.all([1, 2, 3].map((n) => store.capture(request(n, passVerdict()))))
    relay(new WebhookSink({ name: 'mes', url }))
    await expect.poll(() => triggers(events)).toEqual([1, 2, 3])
  })

  it('waits as long as a busy receiver asks for', async () => {
    const { url, events, times } = await receiver([429], { 'retry-after': '1' })
    await store.capture(request(1, passVerdict()))
    relay(new WebhookSink({ name: 'mes', url }))
    await expect.poll(() => events.length, { timeout: 5_000 }).toBe(1)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(950)
  })

  it('sets an event aside with the reason when it is refused for good or too often', async () => {
    // The first is wrong for the receiver; the second fails three times.
    const { url, events } = await receiver([422, 500, 500, 500])
    await Promise.all([1, 2, 3].map((n) => store.capture(request(n, passVerdict()))))
    const r = relay(new WebhookSink({ name: 'mes', url }), 3)
    await expect.poll(() => r.health().position).toBe(3)
    expect(triggers(events)).toEqual([3])
    expect(r.health()).toMatchObject({ delivered: 1, dead: 2 })
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const letters = db.all('select sink, position, state, attempts, reason from outbox order by position')
    db.close()
    expect(letters).toEqual([
      { sink: 'sink:mes', position: 1, state: 'dead', attempts: 1, reason: `HTTP 422 from ${url}` },
      { sink: 'sink:mes', position: 2, state: 'dead', attempts: 3, reason: `HTTP 500 from ${url}` },
    ])
  })

  it('goes on from its cursor after a restart and replays from a position on demand', async () => {
    const { url, events } = await receiver([])
    await Promise.all([1, 2, 3].map((n) => store.capture(request(n, passVerdict()))))
    const first = relay(new WebhookSink({ name: 'mes', url }))
    await expect.poll(() => first.health().position).toBe(3)
    await first.close()
    await store.capture(request(4, passVerdict()))
    const second = relay(new WebhookSink({ name: 'mes', url }))
    await expect.poll(() => second.health().position).toBe(4)
    expect(triggers(events)).toEqual([1, 2, 3, 4])
    await second.replayFrom(1)
    await expect.poll(() => triggers(events)).toEqual([1, 2, 3, 4, 2, 3, 4])
  })

  it('survives a receiver that is away', async () => {
    const { url, server, events } = await receiver([])
    const port = (server.address() as AddressInfo).port
    await new Promise((resolve) => server.close(resolve))
    await store.capture(request(1, passVerdict()))
    const r = relay(new WebhookSink({ name: 'mes', url }), 1)
    await expect.poll(() => r.health().retrying?.reason ?? '').toMatch(/ECONNREFUSED/)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    await expect.poll(() => events.length, { timeout: 10_000 }).toBe(1)
    expect(r.health()).toMatchObject({ dead: 0 })
  })

  it('sets nothing aside for a gateway or a token that is not in order, and never shows the query', async () => {
    const { url, events } = await receiver([401, 404, 429, 502, 503, 504])
    await store.capture(request(1, passVerdict()))
    const heard: string[] = []
    const r = relay(new WebhookSink({ name: 'mes', url: `${url}?key=secret` }), 1, {
      onChange: (what, { attempts, reason }) => heard.push(`${what} ${attempts} ${reason}`),
    })
    await expect.poll(() => events.length).toBe(1)
    await expect.poll(() => r.health()).toMatchObject({ delivered: 1, dead: 0, retrying: null })
    expect(heard).toEqual([`retrying 1 HTTP 401 from ${url}`, `delivered 6 HTTP 504 from ${url}`])
  })

  it('passes over events the sink does not take, and moves its cursor behind them', async () => {
    const { url, events } = await receiver([])
    await Promise.all([1, 2].map((n) => store.capture(request(n, passVerdict()))))
    const r = relay(new WebhookSink({ name: 'mes', url }), 5, { takes: (type) => type.startsWith('mod.') })
    await expect.poll(() => r.health()).toMatchObject({ position: 2, delivered: 0 })
    expect(events).toEqual([])
  })
})

describe('sending again', () => {
  const letters = () => {
    const query = openTraceQuery(dataDir)
    const found = query.sinkLetters({ sink: 'mes', limit: 10 }).toReversed()
    query.close()
    return found.map((l) => [l.position, l.state, l.attempts, l.reason.slice(0, 8)])
  }
  /** Three events, of which the first two were refused. */
  const refusedTwice = async (statuses: number[], more: Partial<RelayOptions> = {}) => {
    const at = await receiver([422, 413, 204, ...statuses])
    await Promise.all([1, 2, 3].map((n) => store.capture(request(n, passVerdict()))))
    const r = relay(new WebhookSink({ name: 'mes', url: at.url }), 3, more)
    await expect.poll(() => r.health()).toMatchObject({ position: 3, dead: 2 })
    return { ...at, r }
  }

  it('takes dead letters away that are taken, in order, and leaves those that are not with the new reason', async () => {
    const sent: object[] = []
    const { r, events } = await refusedTwice([204, 415, 204], { onDeadSent: (s) => sent.push(s) })
    r.replayDead()
    await expect.poll(() => sent).toEqual([{ taken: 1, refused: 1 }])
    expect(letters()).toEqual([[2, 'dead', 2, 'HTTP 415']])
    r.replayDead()
    await expect.poll(() => sent).toHaveLength(2)
    expect(letters()).toEqual([])
    expect(triggers(events)).toEqual([3, 1, 2])
    expect(r.health()).toMatchObject({ position: 3, delivered: 3 })
    await store.capture(request(4, passVerdict()))
    await expect.poll(() => triggers(events)).toEqual([3, 1, 2, 4])
  })

  it('ends with the first dead letter when the receiver is away: nothing is lost, nothing waits behind it', async () => {
    const { r, events } = await refusedTwice([503])
    r.replayDead()
    await expect.poll(letters).toEqual([
      [1, 'dead', 2, 'HTTP 503'],
      [2, 'dead', 1, 'HTTP 413'],
    ])
    await store.capture(request(4, passVerdict()))
    await expect.poll(() => triggers(events)).toEqual([3, 4])
  })

  it('does not wait for an event that is being retried, which goes on after that', async () => {
    const { r, events } = await refusedTwice([503], { firstRetryMs: 60_000, maxRetryMs: 60_000 })
    await store.capture(request(4, passVerdict()))
    await expect.poll(() => r.health().retrying?.position).toBe(4)
    r.replayDead()
    await expect.poll(() => triggers(events)).toEqual([3, 1, 2, 4])
    await expect.poll(() => r.health()).toMatchObject({ position: 4, retrying: null })
    expect(letters()).toEqual([])
  })

  it('settles the dead letters that a replay from before them delivers', async () => {
    const { r, events } = await refusedTwice([204, 422])
    await r.replayFrom(0)
    await expect.poll(() => r.health().position).toBe(3)
    await expect.poll(() => triggers(events)).toEqual([3, 1, 3])
    await expect.poll(letters).toEqual([[2, 'dead', 1, 'HTTP 422']])
  })

  it('keeps the cursor that was set back when the relay ends before the first event', async () => {
    const { url, events } = await receiver([])
    await Promise.all([1, 2, 3].map((n) => store.capture(request(n, passVerdict()))))
    const first = relay(new WebhookSink({ name: 'mes', url }))
    await expect.poll(() => first.health().position).toBe(3)
    await first.close()
    await first.replayFrom(1)
    expect(await store.cursor('sink:mes')).toBe(1)
    relay(new WebhookSink({ name: 'mes', url }))
    await expect.poll(() => triggers(events)).toEqual([1, 2, 3, 2, 3])
  })

  it('goes back as far as the earlier of two requests wants', async () => {
    const { url, events } = await receiver([])
    await Promise.all([1, 2, 3, 4].map((n) => store.capture(request(n, passVerdict()))))
    const r = relay(new WebhookSink({ name: 'mes', url }))
    await expect.poll(() => r.health().position).toBe(4)
    await Promise.all([r.replayFrom(2), r.replayFrom(1)])
    await expect.poll(() => triggers(events)).toEqual([1, 2, 3, 4, 2, 3, 4])
    await expect.poll(() => r.health().position).toBe(4)
    expect(await store.cursor('sink:mes')).toBe(4)
  })

  it.each([-1, 4, 1.5])('refuses the position %s, which the sink has not come to', async (from) => {
    const { r, events } = await refusedTwice([])
    await expect(r.replayFrom(from)).rejects.toMatchObject({
      code: 'TRC_SINK',
      detail: {
        expected: 'a position from 0 to 3, the last event that mes has dealt with',
        actual: `${from}`,
      },
    })
    expect(triggers(events)).toEqual([3])
  })

  it('puts on record why an event is not taken now, and since when it is not', async () => {
    const { url } = await receiver([503, ...Array<number>(1_000).fill(401)])
    await store.capture(request(1, passVerdict()))
    const r = relay(new WebhookSink({ name: 'mes', url }))
    const query = openTraceQuery(dataDir)
    open.push(query)
    const onRecord = () => query.sinks()[0]?.retrying
    await expect.poll(() => onRecord()?.reason).toMatch(/^HTTP 401/)
    expect(onRecord()?.since).toBe(r.health().retrying?.since)
  })

  it('says how far each sink is and what waits', async () => {
    const { r } = await refusedTwice([503], { firstRetryMs: 60_000, maxRetryMs: 60_000 })
    await Promise.all([4, 5].map((n) => store.capture(request(n, passVerdict()))))
    await expect.poll(() => r.health().retrying?.position).toBe(4)
    const query = openTraceQuery(dataDir)
    const { since = '' } = r.health().retrying ?? {}
    expect(query.sinks()).toEqual([
      {
        sink: 'mes',
        position: 3,
        end: 5,
        behind: 2,
        dead: 2,
        retrying: { position: 4, attempts: 1, reason: expect.stringMatching(/^HTTP 503/) as string, since },
      },
    ])
    query.close()
  })
})
