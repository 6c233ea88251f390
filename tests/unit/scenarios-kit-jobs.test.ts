import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSql } from '../../traceability/index.ts'
import { httpRoutes, JobRunner, ModuleHost, type HttpResponse } from '../../scenarios/index.ts'
import { inspected, MemoryLog, scratchDir } from '../suites/module-samples.ts'
import { MODULES } from './samples/scenario-modules.ts'

const dir = scratchDir()
const registry = { modules: MODULES, url: new URL('./samples/scenario-modules.ts', import.meta.url) }
let host: ModuleHost
beforeAll(() => {
  host = new ModuleHost(
    {
      dir,
      openSql,
      log: new MemoryLog().append(
        Array.from({ length: 7 }, (_, i) => inspected({ name: `j${i}`, result: 'pass' })),
      ),
      emit: async () => undefined,
      modules: [{ slug: 'worker' }],
    },
    registry,
  )
})
afterAll(async () => {
  await host.close()
  rmSync(dir, { recursive: true, force: true })
})

const post = (
  path: string,
  params: Record<string, string>,
  body: unknown,
  role = 'operator',
): Promise<HttpResponse> => {
  const route = httpRoutes(host).find((r) => r.method === 'POST' && r.path === `/api/m/:slug/${path}`)
  if (!route) throw new Error(`no route ${path}`)
  return route.handle({ params: { slug: 'worker', ...params }, query: {}, body, role, user: 'u' })
}
const start = async (job: string): Promise<{ state: string; error: string | null; ms: number | null }> => {
  expect(await post('jobs/:job', { job }, undefined)).toMatchObject({
    status: 200,
    body: { requested: true },
  })
  await host.drain()
  const row = host
    .module('worker')
    .db.get<{ state: string; error: string | null; ms: number | null }>(
      `select state, error, ms from _jobs where job = ?`,
      job,
    )
  if (!row) throw new Error(`job ${job} left no trace`)
  return row
}
const result = (): number | undefined =>
  host.module('worker').db.get<{ n: number }>('select n from result order by rowid desc limit 1')?.n

describe('jobs', { timeout: 30_000 }, () => {
  it('fail alone whose input cannot be given to a thread, and keep none behind them waiting', async () => {
    const runner = new JobRunner(registry.url)
    const order = { slug: 'worker', params: {}, job: 'double', now: 0, seed: 1 }
    const asked = [() => 1, 2].map((input) => runner.run({ ...order, input }, 10_000))
    const [odd, even] = await Promise.all(asked)
    expect(odd).toMatchObject({ ok: false, error: { code: 'EVT_MODULE' } })
    expect(even).toMatchObject({ ok: true, output: 4 })
    await runner.close()
  })

  it('run on a snapshot in the worker and apply their result', async () => {
    await host.drain()
    expect(await start('double')).toMatchObject({ state: 'done', error: null })
    expect(result()).toBe(14)
    expect(host.status('worker').lastJob).toMatchObject({ job: 'double', state: 'done' })
  })

  it('are ended with their thread when they ignore the deadline; the next one runs in a new thread', async () => {
    const began = performance.now()
    const spun = await start('spin')
    expect(spun.state).toBe('failed')
    expect(spun.error).toContain('its deadline of 250 ms passed')
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await start('double')).toMatchObject({ state: 'done' })
  })

  it('can stop by themselves when they are aborted', async () => {
    const { state, error } = await start('polite')
    expect(state).toBe('failed')
    expect(error).toContain('deadline')
  })

  it('that throw, kill their thread or return something else are failed, not repeated, and harm nobody', async () => {
    const before = result()
    expect((await start('broken')).error).toContain('no solution')
    expect((await start('dies')).error).toContain('thread gone')
    expect((await start('wrong')).error).toContain('EVT_MODULE')
    expect(result()).toBe(before)
    expect(host.status('worker')).toMatchObject({ state: 'running', fault: null })
    expect(await start('double')).toMatchObject({ state: 'done' })
  })

  it('stay owed when the host is closed while they run', async () => {
    const own = scratchDir()
    const open = (): ModuleHost =>
      new ModuleHost(
        {
          dir: own,
          openSql,
          log: new MemoryLog(),
          emit: async () => undefined,
          modules: [{ slug: 'worker' }],
        },
        registry,
      )
    const first = open()
    first.module('worker').request('double', '')
    first.module('worker').kickJobs()
    await first.close()
    const second = open()
    expect(second.module('worker').db.get('select job, state from _jobs')).toEqual({
      job: 'double',
      state: 'pending',
    })
    await second.drain()
    expect(second.status('worker').lastJob).toMatchObject({ job: 'double', state: 'done' })
    await second.close()
    rmSync(own, { recursive: true, force: true })
  })

  it('answer what-if questions without storing anything', async () => {
    const before = result()
    expect(await post('whatif', {}, { job: 'double' })).toMatchObject({
      status: 200,
      body: { stored: false, input: 7, output: 14 },
    })
    expect(result()).toBe(before)
    expect(await post('whatif', {}, { job: 'broken' })).toMatchObject({ status: 400 })
    expect(await post('whatif', {}, { job: 'none' })).toMatchObject({ status: 404 })
  })

  it('are refused with what is wrong in a body, in one line', async () => {
    const said = async (path: string, body: unknown): Promise<unknown> => {
      const { status, body: answer } = await post(path, { job: 'double' }, body, 'admin')
      expect(status).toBe(400)
      return (answer as { error: { message: string } }).error.message
    }
    const malformed = 'API_REQUEST: the request is malformed'
    const listed = 'a parameter or key that /openapi.json lists'
    expect(await said('jobs/:job', { kee: 'a' })).toBe(
      `${malformed} (body: kee); expected ${listed}; found unknown key "kee"`,
    )
    expect(await said('whatif', { job: 5 })).toBe(`${malformed} (body: job); expected string; found 5`)
    expect(await said('resume', { now: true })).toBe(
      `${malformed} (body: now); expected ${listed}; found unknown key "now"`,
    )
  })

  it('are refused by name, role and trigger', async () => {
    expect(await post('jobs/:job', { job: 'none' }, {})).toMatchObject({
      status: 404,
      body: { error: { code: 'API_NOT_FOUND' } },
    })
    expect(await post('jobs/:job', { job: 'double' }, {}, 'viewer')).toMatchObject({ status: 403 })
    expect(await post('jobs/:job', { job: 'every' }, {})).toMatchObject({ status: 400 })
    expect(await post('jobs/:job', { job: 'constructor' }, {})).toMatchObject({ status: 404 })
  })
})
