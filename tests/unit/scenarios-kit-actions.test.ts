import { rmSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { QEvent } from '../../contracts/index.ts'
import { openSql } from '../../traceability/index.ts'
import { allows, ROLES } from '../../contracts/index.ts'
import { httpRoutes, ModuleHost, type HttpResponse } from '../../scenarios/index.ts'
import { parseCsv } from '../../scenarios/kit/csv.ts'
import { inspected, MemoryLog, scratchDir } from '../suites/module-samples.ts'
import { MODULES } from './samples/scenario-modules.ts'

const START = Date.UTC(2026, 0, 5, 6)
const MINUTE = 60_000
const cleanup: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const c of cleanup.splice(0)) await c()
})

interface Desk {
  host: ModuleHost
  clock: { now: number }
  emitted: QEvent[]
  call(method: string, path: string, body?: unknown, user?: string, role?: string): Promise<HttpResponse>
  list(): Promise<{ id: string; type: string; state: string; reason: string | null; approvals: string[] }[]>
}

async function desk(types: string[], blocked: string[] = []): Promise<Desk> {
  const dir = scratchDir()
  const clock = { now: START }
  const emitted: QEvent[] = []
  const log = new MemoryLog()
  const host = new ModuleHost(
    {
      dir,
      openSql,
      log,
      emit: async (e) => void emitted.push(e),
      modules: [{ slug: 'proposer' }],
      now: () => clock.now,
    },
    { modules: MODULES, url: new URL('./samples/scenario-modules.ts', import.meta.url) },
  )
  cleanup.push(async () => {
    await host.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const call: Desk['call'] = (method, path, body = {}, user = 'ann', role = 'qa') => {
    const [head = '', id = '', tail] = path.split('/')
    const pattern = head === 'actions' && id ? `actions/:id/${tail}` : head === 'ref' ? 'ref/:table' : head
    const route = httpRoutes(host).find((r) => r.method === method && r.path === `/api/m/:slug/${pattern}`)
    if (!route) throw new Error(`no route ${method} ${path}`)
    return route.handle({ params: { slug: 'proposer', id, table: id }, query: {}, body, role, user })
  }
  if (blocked.length > 0)
    await call(
      'PUT',
      'ref/blocked',
      { format: 'json', rows: blocked.map((serial) => ({ serial })) },
      'ann',
      'process',
    )
  log.append(types.map((t, i) => inspected({ name: `q${i}`, result: 'fail', classes: [t] })))
  await host.drain()
  const list: Desk['list'] = async () =>
    ((await call('GET', 'actions')).body as { actions: Awaited<ReturnType<Desk['list']>> }).actions
  return { host, clock, emitted, call, list }
}
const states = (d: Desk): string[] => d.emitted.map((e) => e.type).filter((t) => t.startsWith('action.'))

describe('actions', () => {
  it('need one approval, each step is an event caused by the proposal', async () => {
    const d = await desk(['one'])
    const [a] = await d.list()
    expect(a?.state).toBe('proposed')
    expect((await d.call('POST', `actions/${a?.id}/approve`, undefined, 'ann', 'operator')).status).toBe(403)
    expect((await d.call('POST', `actions/${a?.id}/approve`)).body).toMatchObject({
      action: { state: 'approved' },
    })
    expect((await d.call('POST', `actions/${a?.id}/approve`)).status).toBe(400)
    const closed = await d.call('POST', `actions/${a?.id}/close`, {
      outcome: 'done',
      reason: 'nozzle cleaned',
    })
    expect(closed.body).toMatchObject({ action: { state: 'done', reason: 'nozzle cleaned' } })
    await d.host.drain()
    expect(states(d)).toEqual(['action.proposed.v1', 'action.approved.v1', 'action.done.v1'])
    expect(new Set(d.emitted.map((e) => e.causationid)).size).toBe(1)
    expect(new Set(d.emitted.map((e) => e.id)).size).toBe(3)
  })

  it('need two different people where two approvals are asked for', async () => {
    const d = await desk(['two'])
    const [a] = await d.list()
    expect((await d.call('POST', `actions/${a?.id}/approve`)).body).toMatchObject({
      action: { state: 'proposed' },
    })
    expect((await d.call('POST', `actions/${a?.id}/approve`)).status).toBe(400)
    expect((await d.call('POST', `actions/${a?.id}/approve`, undefined, 'bob')).body).toMatchObject({
      action: { state: 'approved', approvals: ['ann', 'bob'] },
    })
  })

  it('go through by policy when the type says so', async () => {
    const d = await desk(['auto'])
    expect(await d.list()).toMatchObject([{ state: 'approved' }])
    expect(states(d)).toEqual(['action.proposed.v1', 'action.approved.v1'])
  })

  it('are not proposed twice while one is open', async () => {
    const d = await desk(['one', 'one', 'one'])
    expect((await d.list()).length).toBe(1)
  })

  it('can be rejected, with a reason only', async () => {
    const d = await desk(['one'])
    const [a] = await d.list()
    expect((await d.call('POST', `actions/${a?.id}/reject`, {})).status).toBe(400)
    expect((await d.call('POST', `actions/${a?.id}/reject`, { reason: 'known' })).body).toMatchObject({
      action: { state: 'rejected', reason: 'known' },
    })
    expect((await d.call('POST', `actions/nope/reject`, { reason: 'x' })).status).toBe(404)
  })

  it('keep a decision over a rebuild', async () => {
    const d = await desk(['one'])
    const [a] = await d.list()
    await d.call('POST', `actions/${a?.id}/reject`, { reason: 'known' })
    d.host.module('proposer').rebuild()
    await d.host.drain()
    expect(await d.list()).toMatchObject([{ id: a?.id, state: 'rejected', reason: 'known' }])
    expect(states(d)).toEqual(['action.proposed.v1', 'action.rejected.v1'])
  })

  it('expire when nobody decides, also at the moment of a late approval', async () => {
    const d = await desk(['one', 'two'])
    d.clock.now = START + 60 * MINUTE
    const late = await d.call('POST', `actions/${(await d.list()).find((x) => x.type === 'one')?.id}/approve`)
    expect(late.body).toMatchObject({ action: { state: 'expired' } })
    d.host.tick()
    expect((await d.list()).map((x) => x.state)).toEqual(['expired', 'expired'])
  })

  it('are refused by their guard when proposed and when approved', async () => {
    const early = await desk(['one'], ['q0'])
    expect(await early.list()).toMatchObject([{ state: 'rejected', reason: 'q0 is blocked' }])
    const d = await desk(['one'])
    const [a] = await d.list()
    await d.call('PUT', 'ref/blocked', { format: 'json', rows: [{ serial: 'q0' }] }, 'ann', 'process')
    expect((await d.call('POST', `actions/${a?.id}/approve`)).status).toBe(400)
    expect(await d.list()).toMatchObject([{ state: 'proposed' }])
  })
})

describe('reference data', () => {
  it('is missing, then ok, then stale; every upload is a version and an event', async () => {
    const d = await desk([])
    expect(d.host.status('proposer')).toMatchObject({ state: 'needs-reference' })
    const put = (rows: unknown[]) => d.call('PUT', 'ref/blocked', { format: 'json', rows }, 'ann', 'process')
    await put([{ serial: 'a' }])
    expect(await put([{ serial: 'a' }, { serial: 'b' }])).toMatchObject({ body: { version: 2, rows: 2 } })
    expect(d.host.status('proposer')).toMatchObject({
      state: 'running',
      refStatus: { blocked: { version: 2 } },
    })
    d.clock.now += 25 * 60 * MINUTE
    expect(d.host.status('proposer')).toMatchObject({
      state: 'needs-reference',
      refStatus: { blocked: { status: 'stale' } },
    })
    await d.host.drain()
    const type = 'mod.proposer.reference.replaced.v1'
    expect(d.emitted.filter((e) => e.type === type).map((e) => e.data)).toMatchObject([
      { table: 'blocked', version: 1, by: 'ann' },
      { version: 2 },
    ])
    expect(await d.call('GET', 'ref/other')).toMatchObject({ status: 404 })
  })

  it('reads CSV as RFC 4180 has it', () => {
    expect(parseCsv('\uFEFFa,b,c\r\n"x, ""y""",2,007\n\n"1",,"line\nbreak"\n')).toEqual([
      { a: 'x, "y"', b: 2, c: '007' },
      { a: '1', c: 'line\nbreak' },
    ])
    expect(parseCsv('')).toEqual([])
    expect(() => parseCsv('a,b\n1')).toThrow(/EVT_REFERENCE.*line 2.*2 cells/)
    expect(() => parseCsv('a\n"open')).toThrow(/closing quote/)
  })
})

describe('roles', () => {
  it('rise from viewer to admin, QA and process side by side', () => {
    const table = ROLES.map((have) => ROLES.map((need) => (allows(have, need) ? '+' : '-')).join(''))
    //                    viewer   operator  qa        process   admin
    expect(table).toEqual(['+----', '++---', '+++--', '++-+-', '+++++'])
    expect(allows('root', 'viewer')).toBe(false)
  })
})
