import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { EpcisThread } from '../../traceability/epcis/epcis-thread.ts'
import { EPCIS_SCHEMA } from '../../traceability/epcis/epcis-schema.ts'
import { EventStore, type PageAsk } from '../../traceability/epcis/event-store.ts'
import { type Progress, StandingQuery } from '../../traceability/epcis/standing-query.ts'
import { EpcisState, type Subscription } from '../../traceability/epcis/state.ts'
import { postDocument } from '../../traceability/epcis/webhook-post.ts'
import { TargetRules } from '../../traceability/epcis/webhook-target.ts'
import { openSql } from '../../traceability/store/open-sql.ts'

describe('an earlier time to hear from', () => {
  it('leaves out no event that was recorded after it, though the clock was set back between', () => {
    const db = openSql(':memory:', { synchronous: 'normal' })
    db.exec(EPCIS_SCHEMA)
    const events = new EventStore(db)
    expect(events.beforeAllSince(0)).toBe(0)
    for (const [i, recordMs] of [100, 200, 900, 300, 400].entries())
      db.run(
        `insert into event (n, position, event_id, event_ms, record_ms, declared, json, context)
         values (?, ?, ?, 0, ?, 0, '{}', 'null')`,
        i + 1,
        i + 1,
        `e${i}`,
        recordMs,
      )
    // The third was recorded at 900 ms; then the clock said 300.
    expect([150, 250, 500, 900, 901].map((ms) => events.beforeAllSince(ms))).toEqual([1, 2, 2, 2, 5])
    db.close()
  })
})

describe('deliveries given up', () => {
  it('are kept while they are new, so that a receiver that refuses all fills no disk', () => {
    const db = openSql(':memory:', { synchronous: 'normal' })
    const state = new EpcisState(db)
    const query = { name: 'all', query: {}, params: { values: {} }, createdAt: '2026-01-05T06:00:00.000Z' }
    state.addQuery(query)
    const ids = ['a', 'b']
    for (const subscriptionID of ids)
      state.addSubscription({ subscriptionID, queryName: 'all' } as Subscription, query.createdAt)
    const given = (subscriptionID: string, n: number): void =>
      state.addDead({ subscriptionID, fromN: n, toN: n + 1, attempts: 1, reason: 'HTTP 400', at: '' })
    given('b', 1)
    for (let n = 0; n < 150; n++) given('a', n)
    expect(state.dead('a').map((d) => d.fromN)).toEqual(Array.from({ length: 100 }, (_, i) => 149 - i))
    expect([state.dead('b').length, db.get('select count(*) as n from dead')]).toEqual([1, { n: 101 }])
    // Neither to a query that is gone nor to another one of its name.
    for (const [queryName, storedAt] of [
      ['none', query.createdAt],
      ['all', '2026-01-05T06:00:00.001Z'],
    ] as const)
      expect(state.addSubscription({ subscriptionID: 'c', queryName } as Subscription, storedAt)).toBe(false)
    db.close()
  })
})

describe('a delivery', () => {
  const TIMELESS: [what: string, first: string, again: string][] = [
    ['a status that does not come to an end', 'HTTP/1.1 2', '0'],
    ['headers without end', 'HTTP/1.1 200 OK\r\nx: ', 'a'],
    ['interim answers alone', 'HTTP/1.1 102 Processing\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 \r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', 'x'],
    ['a body without end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\na\r\n'],
  ]
  it.each(TIMELESS)('ends in its time though the receiver writes %s', async (what, first, again) => {
    let closed: () => void = () => undefined
    const connectionEnds = new Promise<void>((resolve) => (closed = resolve))
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(first)
        const timer = setInterval(() => socket.write(again), 20)
        socket.on('close', () => {
          clearInterval(timer)
          closed()
        })
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const dest = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const { signal } = new AbortController()
    const how = { rules: new TargetRules(), signal, timeoutMs: 200 }
    const delivery = await postDocument(dest, '{}', null, how)
    expect(delivery).toMatchObject(what === 'a body without end' ? { ok: true } : { ok: false, why: 'away' })
    // What the receiver goes on writing holds no connection.
    await connectionEnds
    await new Promise((resolve) => server.close(resolve))
  })

  it('has ended its connection before the next one, also where no answer ends', async () => {
    let open = 0
    let most = 0
    const server = createServer((socket) => {
      most = Math.max(most, ++open)
      socket.on('error', () => undefined).on('close', () => open--)
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const dest = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const how = { rules: new TargetRules(), signal: new AbortController().signal, timeoutMs: 100 }
    for (let n = 0; n < 6; n++) expect(await postDocument(dest, '{}', null, how)).toEqual({ ok: true })
    // The other side may hear of an end a little later.
    expect(most).toBeLessThan(4)
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('targets of webhooks', () => {
  it('are no link-local, metadata or multicast address, in whatever form, and not this server itself', () => {
    const rules = new TargetRules()
    rules.ownPorts = [8414]
    const never = [
      '169.254.169.254',
      '0.0.0.0',
      '::',
      'fe80::1',
      '::ffff:169.254.1.1',
      'fd00:ec2::254',
      '224.0.0.1',
    ]
    expect(never.map((a) => rules.allows(a, 80))).toEqual(never.map(() => false))
    expect([
      rules.allows('127.0.0.1', 8414),
      rules.allows('::1', 8414),
      rules.allows('::ffff:127.0.0.1', 8414),
    ]).toEqual([false, false, false])
    expect([
      rules.allows('127.0.0.1', 80),
      rules.allows('10.1.2.3', 8414),
      rules.allows('2001:db8::5', 80),
    ]).toEqual([true, true, true])
    for (const dest of ['http://0x7f000001:8414/', 'http://2130706433:8414/', 'http://[::ffff:a9fe:a9fe]/'])
      expect(() => rules.check(dest)).toThrow(/TRC_EPCIS/)
  })

  it('are looked at when the name is resolved for the connection', async () => {
    const rules = new TargetRules()
    rules.ownPorts = [8414]
    const resolve = (port: number) =>
      new Promise((done) => rules.lookup(port)('localhost', {}, (error, address) => done(error ?? address)))
    expect(await resolve(8414)).toMatchObject({ code: 'TRC_EPCIS' })
    expect(await resolve(80)).toMatch(/^(127\.|::1)/)
  })
})

describe('a standing query that begins far back', () => {
  it('looks in parts that each end before a query must, and finds the one event at the end', async () => {
    const parts: number[] = []
    const report = ({ among }: PageAsk): Promise<object> => {
      const { afterN = 0, upToN = 0 } = among ?? {}
      parts.push(upToN - afterN)
      const count = upToN === 50_001 ? 1 : 0
      return Promise.resolve({ body: '{}', count, lastN: count * upToN, next: null, unwritable: null })
    }
    const thread = {
      events: { end: () => Promise.resolve(50_001) },
      answers: { report },
      onReached: () => () => undefined,
    }
    const progress = await new Promise<Progress>((resolve, reject) => {
      const standing = new StandingQuery({
        thread: thread as unknown as EpcisThread,
        params: { values: {} },
        queryName: 'all',
        subscriptionID: 's',
        format: 'Never_Translates',
        schedule: null,
        reportIfEmpty: false,
        cursor: 0,
        deliver: () => Promise.resolve({ ok: true }),
        onProgress: async (p) => resolve(p),
        onAlarm: reject,
      })
      standing.start()
    })
    expect(progress).toMatchObject({ what: 'delivered', toN: 50_001 })
    expect(Math.max(...parts)).toBeLessThanOrEqual(20_000)
  })
})

describe('a time of a schedule', () => {
  afterEach(() => vi.restoreAllMocks())

  const DAILY = { second: [0], minute: [0], hour: [2], dayOfMonth: null, month: null, dayOfWeek: null }
  const DUE = Date.parse('2026-01-05T02:00:00Z')

  /** Hears of progress until the time is dealt with; `failing`: so many searches fail first. */
  async function dealtWith(askedMs?: number, failing = 0): Promise<string[]> {
    const said: string[] = []
    const thread = {
      events: { end: () => (failing-- > 0 ? Promise.reject(new Error('busy')) : Promise.resolve(1)) },
      answers: {
        report: () => Promise.resolve({ body: '{}', count: 1, lastN: 1, next: null, unwritable: null }),
      },
      onReached: () => () => undefined,
    }
    const standing = await new Promise<StandingQuery>((resolve) => {
      const made: StandingQuery = new StandingQuery({
        thread: thread as unknown as EpcisThread,
        params: { values: {} },
        queryName: 'all',
        subscriptionID: 's',
        format: 'Never_Translates',
        schedule: DAILY,
        ...(askedMs !== undefined && { askedMs }),
        reportIfEmpty: false,
        cursor: 0,
        firstRetryMs: 1,
        deliver: () => Promise.resolve({ ok: true }),
        onProgress: async ({ what, at }) => {
          said.push(`${what} ${at}`)
          if (what === 'asked') resolve(made)
        },
        onAlarm: () => said.push('alarm'),
      })
      made.start()
    })
    await standing.close()
    return said
  }
  const clock = (...ms: readonly number[]): void => {
    let n = 0
    vi.spyOn(Date, 'now').mockImplementation(() => ms[Math.min(n++, ms.length - 1)] ?? 0)
  }

  it('that came while the line was off is made up for', async () => {
    clock(DUE + 6 * 3_600_000)
    const said = await dealtWith(DUE - 1)
    expect(said.map((s) => s.split(' ')[0])).toEqual(['delivered', 'asked'])
  })

  it('is not passed over when the timer ends just before it', async () => {
    clock(DUE - 5, DUE - 5, DUE - 1, DUE)
    expect((await dealtWith()).length).toBe(2)
  })

  it('is dealt with also when the first search of it fails', async () => {
    clock(DUE - 5, DUE)
    expect((await dealtWith(undefined, 1))[0]).toBe('alarm')
  })
})
