import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Request } from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { postToLine } from '../../bin/setup/in-data-dir.ts'
import { CodedError, uuidv7 } from '../../contracts/index.ts'
import { createDashboard } from '../../dashboard/index.ts'
import { partAnswerSchema, partPageSchema } from '../../dashboard/server/routes/parts.ts'
import { whoAsks } from '../../dashboard/server/accounts/who.ts'
import { lineAnswerSchema } from '../../dashboard/server/schemas/live.schema.ts'
import { serialLifeSchema } from '../../dashboard/server/schemas/part.schema.ts'
import { empty, endpoint } from '../../scenarios/index.ts'
import { rawAsk, rawGet, serve, type Served } from './samples/dashboard-serve.ts'

let at: Served

beforeAll(async () => {
  const webDir = mkdtempSync(join(tmpdir(), 'sightline-web-'))
  writeFileSync(join(webDir, 'index.html'), '<!doctype html><title>pages</title>')
  mkdirSync(join(webDir, 'assets'))
  writeFileSync(join(webDir, 'assets', 'app-1.js'), 'export {}')
  writeFileSync(join(webDir, '..', 'secret.txt'), 'secret')
  at = await serve(60, { webDir })
})
afterAll(() => at.dashboard.close())

const get = async <S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> => {
  const res = await fetch(at.url + path)
  expect(res.status).toBe(200)
  return schema.parse(await res.json())
}

const refused = async (path: string): Promise<{ status: number; code: string; message: string }> => {
  const { status, text } = await rawGet(at.port, path)
  return { status, ...(JSON.parse(text) as { code: string; message: string }) }
}

describe('answers', () => {
  it('gives the line with state, latency and version', async () => {
    const line = await get('/api/line', lineAnswerSchema)
    expect(line.info.line).toBe('demo')
    expect(line.version).toBe('0.1.0-test')
    expect(line.latency.map((l) => l.station).toSorted()).toEqual(['st10-top', 'st20-bottom'])
  })

  it('pages through all parts without gap or repetition', async () => {
    const seen: number[] = []
    let before = ''
    for (let page = 0; page < 10; page++) {
      const answer = await get(`/api/parts?limit=25${before}`, partPageSchema)
      seen.push(...answer.parts.map((p) => p.position))
      if (answer.nextBefore === null) break
      before = `&before=${answer.nextBefore}`
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => 60 - i))
  })

  it('filters by station and result', async () => {
    const { parts } = await get('/api/parts?station=st10-top&result=fail', partPageSchema)
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.every((p) => p.station === 'st10-top' && p.result === 'fail')).toBe(true)
  })

  it('filters by defect and by time, so that the parts behind a bar can be looked at', async () => {
    const all = (await get('/api/parts?limit=200', partPageSchema)).parts
    const of = all.flatMap((p) => p.defects.map((d) => d.class))[0] ?? ''
    const from = all[20]?.at ?? ''
    const { parts } = await get(`/api/parts?limit=200&class=${of}&from=${from}`, partPageSchema)
    expect(parts.map((p) => p.inspectionId)).toEqual(
      all.filter((p) => p.at >= from && p.defects.some((d) => d.class === of)).map((p) => p.inspectionId),
    )
    expect(parts.length).toBeGreaterThan(0)
  })

  it('gives one part with its recipe facts, and neighbours that match the filter', async () => {
    const fails = (await get('/api/parts?result=fail', partPageSchema)).parts
    const [newer, middle, older] = fails
    const answer = await get(`/api/parts/${middle?.inspectionId}?result=fail`, partAnswerSchema)
    expect(answer.recipe?.calibration?.mmPerPx).toBeCloseTo(1 / 48)
    expect(answer.part.verdict.maps).toHaveLength(1)
    expect(answer.neighbours).toEqual({ newer: newer?.inspectionId, older: older?.inspectionId })
    const first = await get(`/api/parts/${fails[0]?.inspectionId}?result=fail`, partAnswerSchema)
    expect(first.neighbours.newer).toBeNull()
  })

  it('keeps score maps, findings and traces out of lists', async () => {
    const text = await (await fetch(`${at.url}/api/parts?limit=60`)).text()
    for (const heavy of ['"maps"', '"trace"', '"findings"', '"data"']) expect(text).not.toContain(heavy)
    expect(text.length / 60).toBeLessThan(1200)
  })

  it('finds the life of a serial', async () => {
    const life = await get('/api/serials/SN240007', serialLifeSchema)
    expect(life.inspections).toHaveLength(1)
    expect(life.edges[0]?.parent).toBe('lot/LOT-2407')
  })

  it('serves module handlers with their parameters', async () => {
    const res = await fetch(`${at.url}/api/m/lean/x/p-chart`)
    const chart = (await res.json()) as { centre: number }
    expect(chart.centre).toBeCloseTo(0.2313, 4)
  })
})

describe('input', () => {
  it.each([
    ['/api/parts?limit=0', 'limit'],
    ['/api/parts?from=yesterday', 'from'],
    ['/api/parts?limit=1e3', 'limit'],
    ['/api/parts?limit=201', 'limit'],
    ['/api/parts?before=-1', 'before'],
    ['/api/parts?result=good', 'result'],
    ['/api/parts?station=../x', 'station'],
    ['/api/parts?limit=1&limit=2', 'limit'],
    ['/api/parts?colour=red', 'colour'],
    ['/api/parts?first=1', 'first'],
    ['/api/serials', 'begins'],
    ['/api/parts/42', 'inspectionId'],
    ['/api/counters?since=yesterday', 'since'],
    ['/api/images/abc', 'sha256'],
    [`/api/images/${'a'.repeat(64)}?width=5000`, 'width'],
    ['/api/events?after=x', 'after'],
  ])('%s is API_REQUEST naming %s', async (path, name) => {
    const answer = await refused(path)
    expect(answer).toMatchObject({ status: 400, code: 'API_REQUEST' })
    expect(answer.message).toContain(name)
  })

  it.each([
    [
      '/api/parts?colour=red',
      '(query: colour); expected a parameter or key that /openapi.json lists; found unknown key "colour"',
    ],
    ['/api/parts?limit=1&limit=2', '(query: limit); expected string; found ["1","2"]'],
    ['/api/parts?limit=0', '(query: limit); expected a whole number from 1 to 200; found "0"'],
  ])('%s is told what was expected', async (path, says) => {
    expect((await refused(path)).message).toContain(says)
  })

  it.each([
    '/api/parts/00000000-0000-4000-8000-000000000000',
    '/api/serials/nobody',
    `/api/images/${'0'.repeat(64)}`,
    '/api/nothing',
  ])('%s is API_NOT_FOUND', async (path) => {
    expect(await refused(path)).toMatchObject({ status: 404, code: 'API_NOT_FOUND' })
  })

  it('names the whole path that nothing answers', async () => {
    const res = await fetch(`${at.url}/api/nothing/here`)
    expect(await res.text()).toContain('GET /api/nothing/here')
  })

  it.each([
    ['TRACE', '/', 404, 'API_NOT_FOUND', null],
    ['TRACE', '/api/line', 405, 'API_METHOD', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/api/line', 405, 'API_METHOD', 'GET, HEAD, OPTIONS'],
    ['POST', '/healthz', 405, 'API_METHOD', 'GET, HEAD, OPTIONS'],
    ['GET', '/api/m/lean/rebuild', 405, 'API_METHOD', 'OPTIONS, POST'],
    ['POST', '/parts', 404, 'API_NOT_FOUND', null],
    ['TRACE', '/api/nothing', 404, 'API_NOT_FOUND', null],
  ])('%s %s is answered by %i %s in JSON', async (method, path, status, code, allow) => {
    const res = await rawAsk(at.port, method, path)
    expect([res.status, res.allow, res.type]).toEqual([status, allow, 'application/json; charset=utf-8'])
    expect(JSON.parse(res.text)).toMatchObject({ code, zh: expect.stringMatching(/:/) as string })
  })

  it('answers a malformed escape with 400, not 500', async () => {
    expect(await refused('/api/serials/%E0%A4%A')).toMatchObject({ status: 400, code: 'API_REQUEST' })
  })

  it.each([
    ['500', new Error('disk I/O error'), 'API_INTERNAL'],
    // It may go when it is tried again.
    ['503', new CodedError('TRC_WRITE'), 'TRC_WRITE'],
  ])('reports a failing port as a logged %s with its code', async (status, fault, code) => {
    const broken = await serve(1, {
      queries: {
        ...at.line.queries,
        counters: () => {
          throw fault
        },
      },
    })
    const res = await fetch(`${broken.url}/api/counters`)
    expect(res.status).toBe(Number(status))
    expect(await res.json()).toMatchObject({ code })
    expect(broken.logged).toHaveLength(1)
    await broken.dashboard.close()
  })
})

describe('paths and hosts', () => {
  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/api/images/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
  ])('%s does not leave the folder', async (path) => {
    const { text } = await rawGet(at.port, path)
    expect(text).not.toBe('secret')
  })

  it('serves assets for ever, the index never from a cache, and the index for page paths', async () => {
    const asset = await fetch(`${at.url}/assets/app-1.js`)
    expect(asset.headers.get('cache-control')).toContain('immutable')
    const page = await fetch(`${at.url}/part/abc`, { headers: { accept: 'text/html' } })
    expect(await page.text()).toContain('<title>pages</title>')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect((await fetch(`${at.url}/assets/app-2.js`)).status).toBe(404)
  })

  it.each(['/api/parts?serial=a%00b', '/api/analysis?class=%00', '/api/parts/%00', '/id/01/%00'])(
    'refuses %s: no name has a NUL',
    async (path) => {
      expect(await refused(path)).toMatchObject({ status: 400, code: 'API_REQUEST' })
    },
  )

  it('refuses a foreign host name and takes an address', async () => {
    const foreign = await rawGet(at.port, '/api/line', { host: 'evil.example:80' })
    expect(foreign.status).toBe(403)
    expect(JSON.parse(foreign.text)).toMatchObject({ code: 'API_REQUEST' })
    expect((await rawGet(at.port, '/api/line', { host: '192.168.7.4:8414' })).status).toBe(200)
    expect((await rawGet(at.port, '/api/line', { host: '[::1]:8414' })).status).toBe(200)
  })

  it('has a policy that works over plain http', async () => {
    const { headers } = await fetch(at.url)
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('upgrade-insecure-requests')
    expect(headers.get('strict-transport-security')).toBeNull()
    expect(headers.get('x-powered-by')).toBeNull()
  })

  it('refuses a change that another web site asks for', async () => {
    const post = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${at.url}/api/m/lean/rebuild`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"why":"test"}',
      })
    expect((await post({ origin: 'http://evil.example' })).status).toBe(403)
    // A page of another port of this machine: the same host name, another origin (W3C Fetch Metadata, 2.1).
    const port = { origin: 'http://127.0.0.1:9', 'sec-fetch-site': 'same-site' }
    expect((await post(port)).status).toBe(403)
    // Over plain http from another machine browsers say no more than the origin (W3C Fetch Metadata, 2: only to trustworthy ones).
    expect((await post({ origin: 'http://127.0.0.1:9' })).status).toBe(403)
    expect((await post({ origin: 'http://127.0.0.1' })).status).toBe(403)
    expect((await post({ origin: 'null' })).status).toBe(403)
    expect((await post({ origin: at.url })).status).toBe(200)
    // A proxy may hand on the name of the host without its port.
    const proxied = { origin: 'https://127.0.0.1:8443', 'x-forwarded-proto': 'https' }
    expect(await (await post(proxied)).json()).toMatchObject({ code: 'API_ROLE' })
    expect(await (await post({ 'sec-fetch-site': 'cross-site' })).json()).toMatchObject({
      message: expect.stringMatching(/found Sec-Fetch-Site: cross-site$/),
    })
    const own = await post({})
    expect(await own.json()).toEqual({ rebuilt: true, body: { why: 'test' }, role: 'admin', user: 'local' })
  })

  it('passes errors of modules on in the one form of errors', async () => {
    const res = await fetch(`${at.url}/api/m/other/rebuild`, { method: 'POST' })
    expect(res.status).toBe(404)
    expect(await res.json()).toMatchObject({
      code: 'API_NOT_FOUND',
      message: 'no module other',
      known: ['lean'],
    })
  })

  it('says what an endpoint of a module threw in the Chinese words that it brings', async () => {
    const { url, dashboard } = await serve(1, {
      modules: {
        handlers: [
          endpoint({
            method: 'GET',
            path: '/api/life/held',
            title: { zh: '', en: '' },
            role: 'viewer',
            query: empty,
            body: z.unknown(),
            work: () => {
              const words = { expected: 'a free part', zh: { expected: '未隔离的工件' } }
              throw new CodedError('TRC_REVIEWED', words)
            },
          }),
        ],
      },
    })
    const res = await fetch(`${url}/api/life/held`)
    expect([res.status, await res.json()]).toEqual([
      409,
      {
        code: 'TRC_REVIEWED',
        message: 'TRC_REVIEWED: somebody else has reviewed the part meanwhile; expected a free part',
        zh: 'TRC_REVIEWED:这个工件已由他人复核;应为 未隔离的工件',
      },
    ])
    await dashboard.close()
  })

  it('answers failures of these endpoints as those of its own, and logs what is its own fault', async () => {
    const failing = (name: string, error: Error) =>
      endpoint({
        method: 'GET',
        path: `/api/life/${name}`,
        title: { zh: '', en: '' },
        role: 'viewer',
        query: empty,
        body: z.unknown(),
        work: () => Promise.reject(error),
      })
    const { url, dashboard, logged } = await serve(1, {
      modules: {
        handlers: [
          failing('again', new CodedError('TRC_DUPLICATE')),
          failing('late', new CodedError('TRC_SPOOLED')),
          failing('broken', new Error('disk gone')),
        ],
      },
    })
    const statuses = ['again', 'late', 'broken'].map(
      async (name) => (await fetch(`${url}/api/life/${name}`)).status,
    )
    expect(await Promise.all(statuses)).toEqual([409, 503, 500])
    expect(logged.map((facts) => String((facts as { err: Error }).err.message)).toSorted()).toEqual([
      expect.stringContaining('TRC_SPOOLED'),
      'disk gone',
    ])
    await dashboard.close()
  })

  it.each(['TRC_GENEALOGY', 'TRC_HELD', 'TRC_DECIDED'] as const)(
    'answers that a fact is refused (%s) so that no page takes it for one that may be on record',
    async (code) => {
      const refuse = () => Promise.reject(new CodedError(code))
      const { url, dashboard } = await serve(1, { facts: { recordFact: refuse, recordNcrStep: refuse } })
      const hold = { kind: 'hold', target: 'lot/L1', reason: 'scratches' }
      const res = await fetch(`${url}/api/trace/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id: uuidv7(), at: '2026-01-05T06:00:00.000Z', by: 'li', ...hold }),
      })
      expect([res.status, await res.json()]).toMatchObject([409, { code }])
      await dashboard.close()
    },
  )

  it('lets only the line PC itself change something', () => {
    const from = (remoteAddress: string, headers = {}): string =>
      whoAsks({
        socket: { remoteAddress },
        headers: { host: 'localhost:8414', ...headers },
      } as unknown as Request).role
    expect(from('127.0.0.1', { 'x-forwarded-for': '10.0.0.9' })).toBe('viewer')
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].map((a) => from(a))).toEqual(['admin', 'admin', 'admin'])
    expect(['192.168.7.4', '::ffff:10.0.0.1', 'fe80::1', ''].map((a) => from(a))).toEqual(
      Array(4).fill('viewer'),
    )
    // A proxy on this machine that does not say for whom it asks hands on the name that the browser asked for.
    expect(from('127.0.0.1', { host: 'sightline.plant.example' })).toBe('viewer')
    expect(from('127.0.0.1', { host: '192.168.7.4:8414' })).toBe('viewer')
    expect(from('127.0.0.1', { host: '127.0.0.1:8414' })).toBe('admin')
    expect(from('::1', { host: '[::1]:8414' })).toBe('admin')
  })

  it.each(['0.0.0.0', '::', '127.0.0.1'])(
    'obeys a command of this machine when it listens on %s',
    async (host) => {
      const { live, modules, images, queries, facts, sinks } = at.line
      const log = { info: () => {}, warn: () => {}, error: () => {} }
      const all = createDashboard({ queries, facts, live, modules, images, sinks, log, version: '0' })
      const { url } = await all.listen(host, 0)
      const { status, answer } = await postToLine({ url, token: null }, '/api/sinks/mes/replay', {
        by: 'a',
        from: 0,
      })
      // A viewer is refused before the sink is looked for.
      expect([status, answer]).toMatchObject([404, { code: 'API_NOT_FOUND' }])
      await all.close()
    },
  )

  it('says CFG_PORT_IN_USE', async () => {
    const second = createDashboard({
      queries: at.line.queries,
      facts: at.line.facts,
      live: at.line.live,
      modules: at.line.modules,
      images: at.line.images,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      version: '0',
    })
    await expect(second.listen('127.0.0.1', at.port)).rejects.toMatchObject({ code: 'CFG_PORT_IN_USE' })
    await second.close()
  })
})

describe('operations', () => {
  it('is ready while line, cameras, inspector and store work, and says what does not', async () => {
    expect((await fetch(`${at.url}/readyz`)).status).toBe(200)
    const { camera, reject } = at.line.state.stations[0] ?? {}
    if (camera) camera.state = 'offline'
    if (reject) Object.assign(reject, { connected: false, lastError: 'ECONNREFUSED 10.0.0.7:502' })
    at.line.state.store.state = 'failed'
    const res = await fetch(`${at.url}/readyz`)
    expect(res.status).toBe(503)
    expect(await res.json()).toEqual({
      ready: false,
      problems: [
        'store failed: unknown',
        'camera st10-top offline',
        'gate st10-top not connected: ECONNREFUSED 10.0.0.7:502',
      ],
    })
    if (camera) camera.state = 'online'
    if (reject) Object.assign(reject, { connected: true, lastError: null })
    at.line.state.store.state = 'ok'
    expect(await (await fetch(`${at.url}/healthz`)).json()).toEqual({ status: 'ok', version: '0.1.0-test' })
  })

  it('exposes totals of the records as metrics', async () => {
    const text = await (await fetch(`${at.url}/metrics`)).text()
    const own = at.line.parts.filter((p) => p.row.station === 'st10-top')
    const fails = own.filter((p) => p.row.result === 'fail').length
    expect(fails).toBeGreaterThan(0)
    expect(text).toContain(`sightline_triggers_total{station="st10-top"} ${own.length + 1}`)
    expect(text).toContain(`sightline_verdicts_total{station="st10-top",result="fail"} ${fails}`)
    expect(text).toContain('sightline_no_verdicts_total{station="st10-top",reason="deadline"}')
    expect(text).toContain('sightline_camera_state{station="st10-top",state="online"} 1')
    expect(text).toContain('sightline_store_state{state="ok"} 1')
    const stages = 'sightline_stage_seconds_count{station="st10-top",stage="inference"} 1'
    expect(text).not.toContain(stages)
    at.line.judge({ station: 'st10-top' })
    await expect.poll(async () => (await fetch(`${at.url}/metrics`)).text()).toContain(stages)
    at.line.parts.pop()
    const again = await (await fetch(`${at.url}/metrics`)).text()
    expect(again).toContain(`sightline_triggers_total{station="st10-top"} ${own.length + 1}`)
  })
})
