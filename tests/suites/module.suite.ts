import fc from 'fast-check'
import { rmSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import type { OpenSql, QEvent } from '../../contracts/index.ts'
import {
  httpRoutes,
  JobRunner,
  ModuleHost,
  PANEL_DATA,
  type HttpResponse,
  type Registry,
  type ScenarioModule,
} from '../../scenarios/index.ts'
import { crashingOpener, MemoryLog, scratchDir } from './module-samples.ts'
import { moduleState, stateHash } from './module-state.ts'

const SEED = 20_260_105
/** Wall clock of the hosts in these tests. */
const NOW = Date.UTC(2026, 0, 6)

export interface ModuleCase {
  module: ScenarioModule
  registry: Registry
  openSql: OpenSql
  /** Small parameters, so that few events reach every branch. */
  params: unknown
  /** A few hundred events of two or more partitions, with corrections, that make the module conclude something. */
  events: QEvent[]
  /** The same story twice: told wrongly and then corrected, and told right from the start. */
  corrected: { events: QEvent[]; asIfRight: QEvent[] }
  /** Reference tables: rows that are accepted, rows that are not, and the panel that lives on them. */
  references: { table: string; good: unknown[]; bad: unknown[]; panel: string }[]
}

/** Answers of a running module, as the dashboard would get them. */
export interface Running {
  host: ModuleHost
  emitted: QEvent[]
  get(path: string, query?: Record<string, unknown>): Promise<HttpResponse>
  call(
    method: string,
    path: string,
    o?: Partial<{ body: unknown; role: string; user: string }>,
  ): Promise<HttpResponse>
  close(): Promise<void>
}

/** Starts a host with one module over these events and lets it work them off. */
export async function runModule(
  c: Pick<ModuleCase, 'module' | 'registry' | 'openSql' | 'params'>,
  events: readonly QEvent[],
  o: Partial<{ dir: string; runner: JobRunner; now: () => number; emit: (e: QEvent) => Promise<void> }> = {},
): Promise<Running> {
  const dir = o.dir ?? scratchDir()
  const emitted: QEvent[] = []
  const slug = c.module.manifest.slug
  const host = new ModuleHost(
    {
      dir,
      openSql: c.openSql,
      log: new MemoryLog().append(events),
      emit:
        o.emit ??
        (async (e) => {
          emitted.push(e)
        }),
      modules: [{ slug, params: c.params }],
      now: o.now ?? (() => NOW),
      ...(o.runner && { runner: o.runner }),
    },
    c.registry,
  )
  await host.drain()
  const routes = httpRoutes(host)
  const call: Running['call'] = async (method, path, given = {}) => {
    const [bare = '', search = ''] = path.split('?')
    for (const r of routes) {
      const params = match(r.path, bare)
      if (r.method !== method || !params) continue
      const query = Object.fromEntries(new URLSearchParams(search))
      return r.handle({
        params,
        query,
        body: given.body,
        role: given.role ?? 'admin',
        user: given.user ?? 'u1',
      })
    }
    throw new Error(`no route ${method} ${path}`)
  }
  return {
    host,
    emitted,
    call,
    get: (path, query = {}) => {
      const q = new URLSearchParams(Object.entries(query).map(([k, v]): [string, string] => [k, String(v)]))
      return call('GET', `/api/m/${slug}/x${path}${path.includes('?') ? '&' : '?'}${q.toString()}`)
    },
    close: async () => {
      await host.close()
      if (o.dir === undefined) rmSync(dir, { recursive: true, force: true })
    },
  }
}

function match(pattern: string, path: string): Record<string, string> | null {
  const [a, b] = [pattern.split('/'), path.split('/')]
  if (a.length !== b.length) return null
  const params: Record<string, string> = {}
  for (const [i, part] of a.entries()) {
    const given = decodeURIComponent(b[i] ?? '')
    if (part.startsWith(':')) params[part.slice(1)] = given
    else if (part !== given) return null
  }
  return params
}

/** The acceptance kit every scenario module must pass; the module adds its published example and its fault. */
export function describeModule(c: ModuleCase): void {
  const { manifest } = c.module
  const body = c.module.build(c.params)
  const runner = new JobRunner(c.registry.url)
  afterAll(() => runner.close())
  const run = (events: readonly QEvent[], o: Parameters<typeof runModule>[2] = {}): Promise<Running> =>
    runModule(c, events, { runner, ...o })
  const stateAfter = async (events: readonly QEvent[]): Promise<string> => {
    const m = await run(events)
    const hash = stateHash(m.host.module(manifest.slug).db)
    await m.close()
    return hash
  }

  describe(`${manifest.slug} (scenario ${manifest.scenario}): acceptance`, () => {
    it('1 has a complete manifest and every text in zh and en', () => {
      expect(manifest.scenario).toBeGreaterThanOrEqual(1)
      expect(manifest.scenario).toBeLessThanOrEqual(40)
      expect(manifest.methods.length).toBeGreaterThan(0)
      expect(manifest.methods.every((m) => m.id !== '' && m.source !== '')).toBe(true)
      const texts = textsOf([manifest, body])
      expect(texts.length).toBeGreaterThan(5)
      const wrong = texts.filter((t) => !/[\u4e00-\u9fff]/.test(t.zh) || !/[A-Za-z]/.test(t.en))
      expect(wrong).toEqual([])
    })

    it('2 reaches the same state on each replay, and after a rebuild', async () => {
      const m = await run(c.events)
      const instance = m.host.module(manifest.slug)
      const first = stateHash(instance.db)
      const before = moduleState(instance.db)
      expect(Object.values(before).flat().length).toBeGreaterThan(20)
      const sent = m.emitted.length
      expect((await m.call('POST', `/api/m/${manifest.slug}/rebuild`)).status).toBe(200)
      await m.host.drain()
      expect(moduleState(instance.db)).toEqual(before)
      // What was announced once is not announced again.
      expect(m.emitted.length).toBe(sent)
      await m.close()
      expect(await stateAfter(c.events)).toBe(first)
    })

    it('3 does not count an event twice when it is delivered three times', async () => {
      // Copies at once, and all of them again at the end in the wrong order.
      const thrice = c.events.flatMap((e, i) => (i % 2 === 0 ? [e, e] : [e])).concat(c.events.toReversed())
      expect(await stateAfter(thrice)).toBe(await stateAfter(c.events))
    })

    it('4 does not depend on how partitions are interleaved', async () => {
      const want = await stateAfter(c.events)
      for (const seed of [SEED, SEED + 1]) expect(await stateAfter(interleave(c.events, seed))).toBe(want)
    })

    it('5 survives a crash between any two statements', { timeout: 120_000 }, async () => {
      const calm = crashingOpener(c.openSql, Infinity)
      const whole = await runModule({ ...c, openSql: calm.open }, c.events, { runner })
      const want = stateHash(whole.host.module(manifest.slug).db)
      const wantIds = whole.emitted.map((e) => e.id).sort()
      await whole.close()
      const total = calm.statements()
      const cuts = Array.from({ length: 24 }, (_, i) => Math.floor((total * (i + 1)) / 25) + (i % 7))
      for (const cut of cuts) {
        const dir = scratchDir()
        const seen: string[] = []
        const emit = async (e: QEvent): Promise<void> => void seen.push(e.id)
        const dying = crashingOpener(c.openSql, cut)
        const first = await runModule({ ...c, openSql: dying.open }, c.events, { runner, dir, emit }).catch(
          () => null,
        )
        await first?.close()
        const second = await runModule(c, c.events, { runner, dir, emit })
        const { db } = second.host.module(manifest.slug)
        expect(stateHash(db), `power cut at statement ${cut} of ${total}`).toBe(want)
        // At least once, always with the same ids: the receiver keeps one of each.
        expect([...new Set(seen)].sort()).toEqual(wantIds)
        await second.close()
        rmSync(dir, { recursive: true, force: true })
      }
    })

    it('6 corrects its counters when a review comes after the verdict', async () => {
      const [late, right] = [await run(c.corrected.events), await run(c.corrected.asIfRight)]
      for (const panel of body.view.panels)
        expect((await late.get(panel.src)).body, panel.src).toEqual((await right.get(panel.src)).body)
      const untold = await run(c.corrected.events.filter((e) => e.type !== 'qe.verdict.reviewed.v1'))
      const answers = await Promise.all(
        body.view.panels.map(async (p) => JSON.stringify((await untold.get(p.src)).body)),
      )
      const corrected = await Promise.all(
        body.view.panels.map(async (p) => JSON.stringify((await late.get(p.src)).body)),
      )
      expect(answers).not.toEqual(corrected)
      for (const m of [late, right, untold]) await m.close()
    })

    it('7 says which reference is missing and refuses a wrong one', async () => {
      expect(c.references.map((r) => r.table).sort()).toEqual(Object.keys(body.ref).sort())
      const m = await run(c.events)
      for (const r of c.references) {
        const path = `/api/m/${manifest.slug}/ref/${r.table}`
        const missing = (await m.get(r.panel)).body as { status: string; needs: { table: string } }
        expect(missing).toMatchObject({ status: 'needs-reference', needs: { table: r.table } })
        const refused = await m.call('PUT', path, { body: { format: 'json', rows: r.bad } })
        expect(refused.status).toBe(422)
        expect(refused.body).toMatchObject({ error: { code: 'EVT_REFERENCE' } })
        expect((await m.get(r.panel)).body).toMatchObject({ status: 'needs-reference' })
        expect(
          (await m.call('PUT', path, { body: { format: 'json', rows: r.good }, role: 'viewer' })).status,
        ).toBe(403)
        const taken = await m.call('PUT', path, { body: { format: 'json', rows: r.good } })
        expect(taken).toMatchObject({ status: 200, body: { version: 1 } })
        expect((await m.get(r.panel)).body).toMatchObject({ status: 'ok' })
        expect((await m.call('GET', path)).body).toMatchObject({ status: 'ok', rows: expect.any(Array) })
      }
      expect(m.host.status(manifest.slug).fault).toBeNull()
      await m.close()
    })

    it('8 says that data are insufficient instead of inventing them', async () => {
      const m = await run([])
      for (const p of body.view.panels) {
        const { status, body: data } = await m.get(p.src)
        expect(status, p.src).toBe(200)
        const parsed = PANEL_DATA[p.kind].parse(data)
        expect(['insufficient-data', 'needs-reference'], p.src).toContain(parsed.status)
        expect(parsed.needs, p.src).not.toBeNull()
      }
      expect(m.emitted).toEqual([])
      await m.close()
    })

    it('11 gives every action a guard, a role and an expiry, and refuses other roles', async () => {
      for (const [name, a] of Object.entries(body.actions)) {
        expect(a.guard, name).toBeTypeOf('function')
        expect(a.expiresMin, name).toBeGreaterThan(0)
        expect(a.role, name).not.toBe('viewer')
      }
      const m = await run(c.events)
      const list = (await m.call('GET', `/api/m/${manifest.slug}/actions`)).body as {
        actions: { id: string; state: string; role: string }[]
      }
      if (Object.keys(body.actions).length > 0) expect(list.actions.length).toBeGreaterThan(0)
      for (const a of list.actions.slice(0, 2)) {
        const path = `/api/m/${manifest.slug}/actions/${a.id}/approve`
        for (const role of ['viewer', 'nobody', ''])
          expect((await m.call('POST', path, { role })).status, role).toBe(403)
      }
      await m.close()
    })

    it(
      '12 answers any request without an internal error, in less than 200 ms',
      { timeout: 60_000 },
      async () => {
        const m = await run(c.events)
        const own = httpRoutes(m.host).filter((r) => r.path.startsWith(`/api/m/${manifest.slug}/x`))
        expect(own.length).toBe(body.routes.length)
        const took: number[] = []
        for (const r of own) {
          const property = fc.asyncProperty(
            fc.dictionary(
              fc.oneof(fc.constantFrom(...KEYS), fc.string()),
              fc.oneof(fc.string(), fc.constantFrom(...VALUES)),
            ),
            fc.jsonValue(),
            async (query, given) => {
              const start = performance.now()
              const answer = await r.handle({ params: {}, query, body: given, role: 'admin', user: 'u' })
              took.push(performance.now() - start)
              expect([200, 400, 404, 422]).toContain(answer.status)
              expect(() => JSON.stringify(answer.body)).not.toThrow()
            },
          )
          await fc.assert(property, { seed: SEED, numRuns: 150 })
        }
        took.sort((x, y) => x - y)
        // The 95th percentile: a shared machine may stall single calls.
        expect(took[Math.floor(took.length * 0.95)]).toBeLessThan(200)
        await m.close()
      },
    )

    it('14 fills every panel with data of its kind', async () => {
      const m = await run(c.events)
      for (const r of c.references)
        await m.call('PUT', `/api/m/${manifest.slug}/ref/${r.table}`, {
          body: { format: 'json', rows: r.good },
        })
      for (const p of body.view.panels) {
        const answer = await m.get(p.src)
        expect(answer.status, p.src).toBe(200)
        expect(PANEL_DATA[p.kind].parse(answer.body).status, p.src).toBe('ok')
      }
      await m.close()
    })

    it('15 projects at least 2,000 events per second of CPU', { timeout: 60_000 }, async () => {
      const copies = Math.ceil(6_000 / c.events.length)
      const many = Array.from({ length: copies }, (_, i) => c.events.map((e) => renamed(e, i))).flat()
      // The worker is up before the clock starts: its start is paid once, not per event.
      await (await run(c.events)).close()
      let best = 0
      // Whatever else the machine does can only make a run slower: the best of a few tells what the module takes.
      for (let n = 0; n < 3 && best <= 2_000; n++) {
        const [wall, cpu] = [performance.now(), process.cpuUsage()]
        const m = await run(many)
        // CPU of the whole process, job thread included: other programs on the machine do not count.
        const { user, system } = process.cpuUsage(cpu)
        const perCpuSecond = many.length / ((user + system) / 1e6)
        const perSecond = (many.length / (performance.now() - wall)) * 1_000
        await m.close()
        const rates = `${Math.round(perSecond)} events/s, ${Math.round(perCpuSecond)} per CPU second`
        console.info(`${manifest.slug}: ${many.length} events, ${rates}`)
        best = Math.max(best, perCpuSecond)
      }
      expect(best).toBeGreaterThan(2_000)
    })
  })
}

const KEYS = ['line', 'station', 'product', 'simulated', 'from', 'to', 'by', 'points', 'limit', '__proto__']
const VALUES = ['true', 'a', '2026-01-05', '1', '-1', '1e9', 'cost', "' or 1=1 --", '\u0000', '9'.repeat(400)]

/** Every `{ zh, en }` inside plain data. */
function textsOf(value: unknown): { zh: string; en: string }[] {
  if (value === null || typeof value !== 'object') return []
  // Schemas are objects with methods of their own, not texts.
  if ('_zod' in value) return []
  if ('zh' in value && 'en' in value) return [value as { zh: string; en: string }]
  return Object.values(value).flatMap(textsOf)
}

/** Another order that keeps each partition's own. */
function interleave(events: readonly QEvent[], seed: number): QEvent[] {
  const queues = new Map<string, QEvent[]>()
  for (const e of events) queues.set(e.partitionkey, [...(queues.get(e.partitionkey) ?? []), e])
  expect(queues.size).toBeGreaterThan(1)
  const out: QEvent[] = []
  let state = seed
  while (queues.size > 0) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const keys = [...queues.keys()].sort()
    const key = keys[(state >>> 16) % keys.length] ?? ''
    const next = queues.get(key)?.shift()
    if (next) out.push(next)
    else queues.delete(key)
  }
  return out
}

/** The same event as another one: other ids, same content. */
function renamed(e: QEvent, copy: number): QEvent {
  const swap = (id: string): string => copy.toString(16).padStart(4, '0') + id.slice(4)
  const text = JSON.stringify(e).replaceAll(
    /"(id|inspectionId|serial)":"([^"]+)"/g,
    (_, key: string, v: string) =>
      `"${key}":"${/^[0-9a-f]{8}-/.test(v) ? swap(v) : key === 'serial' ? `${v}#${copy}` : v}"`,
  )
  return JSON.parse(text) as QEvent
}
