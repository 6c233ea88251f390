import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { QEvent } from '../../contracts/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { goodPng, type Workshop, workshop } from './bad-samples.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'

let shop: Workshop
const running: CliProcess[] = []

beforeAll(async () => {
  shop = workshop('sinks')
  mkdirSync(join(shop.dir, 'images'))
  writeFileSync(join(shop.dir, 'images', 'good.png'), await goodPng())
})
afterAll(() => shop.remove())
afterEach(() => {
  for (const p of running.splice(0)) p.child.kill('SIGKILL')
})

const station = {
  id: 'cam',
  camera: { adapter: 'replay', path: 'images', rate: 5, loop: true },
  recipe: 'ramp@1',
  budgetMs: 2_000,
}
const webhook = (over: object = {}): object => ({
  id: 'mes',
  adapter: 'webhook',
  url: 'http://mes/',
  ...over,
})

/** An MES that answers with the statuses it is given, and after these with 204. */
class Receiver {
  readonly statuses: number[] = []
  readonly seen: { position: number; status: number; type: string; token: string | undefined }[] = []
  readonly #server: Server = createServer((req, res) => {
    let body = ''
    req.on('data', (d: Buffer) => (body += d.toString()))
    req.on('end', () => {
      const status = this.statuses.shift() ?? 204
      this.seen.push({
        position: Number(req.headers['x-log-position']),
        status,
        type: (JSON.parse(body) as QEvent).type,
        token: req.headers.authorization,
      })
      res.writeHead(status).end()
    })
  })

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`
  }

  get taken(): number[] {
    return this.seen.filter((s) => s.status < 300).map((s) => s.position)
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

interface SinkState {
  sinks: {
    sink: string
    delivered: number
    dead: number
    retrying: { reason: string } | null
    lastDead: { position: number; reason: string } | null
  }[]
  degraded: { id: string; text: { en: string; zh: string } }[]
}
const state = async (line: CliProcess): Promise<SinkState> =>
  (await asked<{ state: SinkState }>(line, '/api/line')).state

async function serve(file: string, data: string): Promise<CliProcess> {
  const line = await startCli(['serve', file, '--data', data, '--no-supervisor'], { MES_TOKEN: 'sesame' })
  running.push(line)
  return line
}

describe('a webhook sink of a running line', () => {
  it('gets the events it wants at least once and in order, from a receiver that is away, refuses, and restarts', async () => {
    const receiver = new Receiver()
    const url = await receiver.open()
    try {
      // Away three times, then the second event is wrong for it.
      receiver.statuses.push(503, 503, 401, 204, 422)
      const file = shop.line('hook', {
        stations: [station],
        sinks: [webhook({ url, tokenVariable: 'MES_TOKEN', events: ['qe.inspection.*'] })],
      })
      const data = join(shop.dir, 'hook')
      const first = await serve(file, data)
      await expect
        .poll(async () => (await state(first)).sinks[0]?.retrying?.reason ?? '')
        .toMatch(/^HTTP 503/)
      expect((await state(first)).degraded).toEqual([
        {
          id: 'sink-mes',
          text: {
            en: expect.stringContaining('mes does not take events') as string,
            zh: expect.stringContaining('mes 未接收事件') as string,
          },
        },
      ])
      await expect.poll(() => receiver.taken.length, { timeout: 30_000 }).toBeGreaterThan(5)
      const { sinks, degraded } = await state(first)
      expect(degraded).toEqual([])
      expect(sinks[0]).toMatchObject({ sink: 'mes', dead: 1, retrying: null })
      expect(sinks[0]?.lastDead?.reason).toBe(`HTTP 422 from ${url}`)
      const metrics = await (await fetch(`${String(first.ready['url'])}/metrics`)).text()
      expect(metrics).toMatch(/^sightline_sink_dead_total\{sink="mes"\} 1$/m)
      expect(await stopped(first)).toBe(0)
      expect(first.stderr()).toMatch(
        /"sink":"mes",.*"reason":"HTTP 503 [^"]*","msg":"an event was not taken and is sent again"/,
      )
      expect(first.stderr()).toMatch(
        /"reason":"HTTP 422 [^"]*","msg":"an event was not taken and is set aside/,
      )
      const before = receiver.taken.length

      const second = await serve(file, data)
      await expect.poll(() => receiver.taken.length, { timeout: 20_000 }).toBeGreaterThan(before + 5)
      expect(await stopped(second)).toBe(0)

      const refused = receiver.seen.filter((s) => s.status === 422).map((s) => s.position)
      expect(refused).toHaveLength(1)
      const query = openTraceQuery(data)
      const wanted = query
        .eventsAfter(0, 100_000)
        .filter(({ event }) => event.type === 'qe.inspection.completed.v1')
        .map(({ position }) => position)
      query.close()
      const all = receiver.seen.filter((s) => s.status < 300 || s.status === 422).map((s) => s.position)
      // Nothing twice, because both runs ended in order; nothing missing up to the last one delivered.
      expect(all).toEqual(wanted.slice(0, all.length))
      expect(all.length).toBeGreaterThan(10)
      expect(new Set(receiver.seen.map((s) => s.token))).toEqual(new Set(['Bearer sesame']))
      expect(new Set(receiver.seen.map((s) => s.type))).toEqual(new Set(['qe.inspection.completed.v1']))
    } finally {
      receiver.close()
    }
  }, 90_000)
})

describe('the line file', () => {
  it.each([
    [
      'an unknown event type',
      { events: ['qe.inspection.complete.v1'] },
      /sinks\[0\]\.events\[0\]\); expected one of qe\.inspection\.completed\.v1, .*; found "qe\.inspection\.complete\.v1"/,
    ],
    ['a URL that is none', { url: 'mes:8080/events' }, /sinks\[0\]\.url\); expected an http or https URL/],
    [
      'a password in the URL',
      { url: 'https://me:secret@mes/' },
      /sinks\[0\]\.url\); expected a URL without user and password/,
    ],
    [
      'a password alone in the URL',
      { url: 'https://:secret@mes/' },
      /sinks\[0\]\.url\); expected a URL without user and password/,
    ],
    [
      'a token in place of its variable',
      { tokenVariable: 'sesame' },
      /sinks\[0\]\.tokenVariable\); expected the name of an environment variable/,
    ],
    [
      'a variable that is not set',
      { tokenVariable: 'NO_SUCH_TOKEN' },
      /, line \d+, sinks\[0\]\.tokenVariable\); expected the name of a variable that is set in the environment; found "NO_SUCH_TOKEN"/,
    ],
    ['an unknown key', { token: 'sesame' }, /sinks\[0\]\.token\); .*found unknown key "token"/],
    ['an unknown adapter', { adapter: 'carrier-pigeon' }, /sinks\[0\]\.adapter/],
  ])('with %s is refused with path and line', async (name, over, says) => {
    const file = shop.line(name.replaceAll(' ', '-'), { stations: [station], sinks: [webhook(over)] })
    const { code, stderr } = await runCli(['config', 'validate', file])
    expect(stderr).toMatch(/^CFG_INVALID: .*\.line\.yaml, line \d+, /m)
    expect(stderr).toMatch(says)
    expect(code).toBe(2)
  })

  it('with one id for two sinks is refused', async () => {
    const file = shop.line('twice', { stations: [station], sinks: [webhook(), webhook()] })
    const { code, stderr } = await runCli(['config', 'validate', file])
    expect(stderr).toMatch(/, line \d+, sinks\[1\]\.id\); expected sink ids used once; found "mes"/)
    expect(code).toBe(2)
  })

  it('in order is shown with its sinks', async () => {
    const file = shop.line('fine', { stations: [station], sinks: [webhook({ events: ['mod.lean.*'] })] })
    const { code, stdout } = await runCli(['config', 'validate', file])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      sinks: [{ id: 'mes', adapter: 'webhook', events: ['mod.lean.*'] }],
    })
  })
})

describe('dashboard.allowedHosts', () => {
  const statusFor = (url: string, host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request(`${url}/api/line`, { headers: { host } }, (res) => {
        res.resume()
        resolve(res.statusCode)
      })
        .once('error', reject)
        .end()
    })

  it('lets the name of a reverse proxy in, and no other', async () => {
    const file = shop.line('proxy', {
      stations: [station],
      dashboard: { port: 0, allowedHosts: ['sightline.plant.example'] },
    })
    const line = await serve(file, join(shop.dir, 'proxy'))
    const url = String(line.ready['url'])
    expect(await statusFor(url, 'sightline.plant.example')).toBe(200)
    expect(await statusFor(url, 'Sightline.Plant.Example:443')).toBe(200)
    expect(await statusFor(url, '127.0.0.1')).toBe(200)
    expect(await statusFor(url, 'plant.example')).toBe(403)
    expect(await statusFor(url, 'evil.example')).toBe(403)
    expect(await stopped(line)).toBe(0)
  }, 30_000)

  it('takes names only', async () => {
    const file = shop.line('url', {
      stations: [station],
      dashboard: { port: 0, allowedHosts: ['https://sightline.plant.example'] },
    })
    const { code, stderr } = await runCli(['config', 'validate', file])
    expect(stderr).toMatch(
      /, line \d+, dashboard\.allowedHosts\[0\]\); expected a host name, without scheme and port/,
    )
    expect(code).toBe(2)
  })
})
