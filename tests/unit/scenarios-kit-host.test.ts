import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { CodedError, ErrorFact, QEvent } from '../../contracts/index.ts'
import { openSql } from '../../traceability/index.ts'
import { createModuleHost, ModuleHost, type HostOptions } from '../../scenarios/index.ts'
import { inspected, MemoryLog, reviewed, scratchDir } from '../suites/module-samples.ts'
import { MODULES } from './samples/scenario-modules.ts'

const registry = { modules: MODULES, url: new URL('./samples/scenario-modules.ts', import.meta.url) }
const dirs: string[] = []
const hosts: ModuleHost[] = []
afterEach(async () => {
  for (const h of hosts.splice(0)) await h.close()
  for (const d of dirs.splice(0)) rmSync(d, { recursive: true, force: true })
})
const scratch = (): string => {
  const d = scratchDir()
  dirs.push(d)
  return d
}
function open(o: Partial<HostOptions> & Pick<HostOptions, 'modules'>): ModuleHost {
  const log = o.log ?? new MemoryLog()
  const host = new ModuleHost({ dir: scratch(), openSql, log, emit: async () => undefined, ...o }, registry)
  hosts.push(host)
  return host
}
const parts = (n: number): QEvent[] =>
  Array.from({ length: n }, (_, i) => inspected({ name: `s${i}`, result: 'pass' }))
const seen = (h: ModuleHost, slug = 'counter'): number =>
  h.module(slug).db.get<{ n: number }>('select sum(n) as n from seen')?.n ?? 0

describe('configuration', () => {
  it('refuses a module that does not exist, wrong parameters and a module named twice', () => {
    expect(() => open({ modules: [{ slug: 'nope' }] })).toThrow(
      /CFG_UNKNOWN_REFERENCE.*scenarios\[0\]\.use.*counter \| proposer \| worker.*nope/,
    )
    expect(() => open({ modules: [{ slug: 'counter', params: { failat: 's1' } }] })).toThrow(
      /CFG_INVALID.*\(scenarios\[0\]\.failat\); expected a key of the schema; found unknown key "failat"$/,
    )
    expect(() => open({ modules: [{ slug: 'counter' }, { slug: 'counter' }] })).toThrow(/CFG_INVALID.*once/)
  })

  it('opens the modules of the product by their slugs', async () => {
    const o = { dir: scratch(), openSql, log: new MemoryLog(), emit: async () => undefined }
    const host = createModuleHost({ ...o, modules: [{ slug: 'lean', params: { subgroup: 50 } }] })
    expect(host.status('lean')).toMatchObject({
      state: 'running',
      lag: 0,
      refStatus: { unitCosts: { status: 'missing' } },
    })
    await host.close()
    expect(() => createModuleHost({ ...o, modules: [{ slug: 'lean', params: { subgroup: 1 } }] })).toThrow(
      /CFG_INVALID/,
    )
  })

  it('shows a module whose file is broken, and runs the others', async () => {
    const dir = scratch()
    writeFileSync(
      join(dir, 'counter.sqlite'),
      'this is no database, and long enough to be looked at as one'.repeat(40),
    )
    const faults: string[] = []
    const host = open({
      dir,
      log: new MemoryLog().append(parts(3)),
      modules: [{ slug: 'counter' }, { slug: 'worker' }],
      onFault: (slug, f) => faults.push(`${slug} ${f.code}`),
    })
    await host.drain()
    expect(host.status('counter')).toMatchObject({ state: 'failed', fault: { code: 'TRC_OPEN' } })
    expect(faults).toEqual(['counter TRC_OPEN'])
    expect(seen(host, 'worker')).toBe(3)
    expect(() => host.module('counter')).toThrow(/EVT_MODULE.*TRC_OPEN/)
  })
})

describe('following the log', () => {
  it('writes nothing while the disk stands still, and goes on by itself when it answers', async () => {
    let answers = false
    const host = open({
      log: new MemoryLog().append(parts(4)),
      modules: [{ slug: 'counter' }],
      diskAnswers: () => Promise.resolve(answers),
    })
    await host.drain()
    expect([seen(host), host.status('counter').state]).toEqual([0, 'catching-up'])
    answers = true
    await expect.poll(() => seen(host)).toBe(4)
  })

  it('runs no job by the clock while the disk stands still, which would keep the thread of the gate waiting', async () => {
    let asked = 0
    let answers = false
    const host = open({
      modules: [{ slug: 'worker' }],
      diskAnswers: () => Promise.resolve((asked += 1) > 0 && answers),
    })
    const jobs = (): number =>
      host.module('worker').db.get<{ n: number }>(`select count(*) as n from _jobs where job = 'clock'`)?.n ??
      0
    await host.turn()
    expect([asked, jobs()]).toEqual([1, 0])
    answers = true
    await host.turn()
    expect(jobs()).toBe(1)
    await host.drain()
  })

  it('says once what a module fails at by the clock, and goes on with the others', async () => {
    const faults: string[] = []
    const host = open({
      modules: [{ slug: 'counter' }, { slug: 'worker' }],
      onFault: (slug, f) => faults.push(`${slug} ${f.code}`),
    })
    await host.drain()
    host.module('counter').db.exec('drop table _actions')
    host.tick()
    host.tick()
    expect(faults).toEqual(['counter TRC_OPEN'])
    await host.drain()
  })

  it('takes up events as they are appended, after start', async () => {
    const log = new MemoryLog().append(parts(2))
    const host = open({ log, modules: [{ slug: 'counter' }] })
    host.start()
    await host.drain()
    expect(seen(host)).toBe(2)
    log.append(parts(5).slice(2))
    await expect.poll(() => seen(host)).toBe(5)
    expect(host.status('counter')).toMatchObject({
      lag: 0,
      state: 'running',
      lastEvent: { id: parts(5)[4]?.id },
    })
  })

  it('goes on where it stopped when it is opened again', async () => {
    const dir = scratch()
    const log = new MemoryLog().append(parts(700))
    const first = open({ dir, log, modules: [{ slug: 'counter' }], sliceMs: 0 })
    void first.module('counter').pump()
    await new Promise((r) => setTimeout(r, 5))
    await first.close()
    hosts.pop()
    const second = open({ dir, log, modules: [{ slug: 'counter' }] })
    const already = seen(second)
    expect(already).toBeLessThan(700)
    await second.drain()
    expect(seen(second)).toBe(700)
  })

  it('replays from the beginning when its parameters change', async () => {
    const dir = scratch()
    const log = new MemoryLog().append(parts(4))
    const first = open({ dir, log, modules: [{ slug: 'counter' }] })
    await first.drain()
    expect(first.module('counter').opened).toBe('new')
    await first.close()
    const same = open({ dir, log, modules: [{ slug: 'counter' }] })
    expect([same.module('counter').opened, seen(same)]).toEqual([null, 4])
    await same.close()
    const other = open({ dir, log, modules: [{ slug: 'counter', params: { failAt: 'nobody' } }] })
    expect([other.module('counter').opened, seen(other)]).toEqual(['changed', 0])
    await other.drain()
    expect(seen(other)).toBe(4)
  })

  it('begins anew where the log is not the one that it followed, and says so', async () => {
    const dir = scratch()
    const told: string[] = []
    const lifeOf = async (log: MemoryLog): Promise<number> => {
      const onRebuilt = (why: CodedError): number => told.push(why.message)
      const host = open({ dir, log, modules: [{ slug: 'counter' }], onRebuilt })
      await host.drain()
      await host.close()
      hosts.pop()
      return onceMore(dir)
    }
    const onceMore = (at: string): number => {
      const db = openSql(join(at, 'counter.sqlite'), { synchronous: 'normal' })
      const n = db.get<{ n: number }>('select sum(n) as n from seen')?.n ?? 0
      db.close()
      return n
    }
    const kept = parts(9)
    expect(await lifeOf(new MemoryLog().append(kept))).toBe(9)
    expect(await lifeOf(new MemoryLog().append(kept))).toBe(9)
    expect(told).toEqual([])
    // Put back from an older copy: it ends earlier, and then goes another way.
    expect(await lifeOf(new MemoryLog().append(kept.slice(0, 6)))).toBe(6)
    const after = ['x', 'y', 'z'].map((name) => inspected({ name, result: 'fail' }))
    expect(await lifeOf(new MemoryLog().append([...kept.slice(0, 5), ...after]))).toBe(8)
    expect(told).toEqual([
      expect.stringMatching(
        /^TRC_REBUILT.*event .* at position 9 of the log; found a log that ends before it/,
      ),
      expect.stringMatching(/^TRC_REBUILT.*at position 6 of the log; found event /),
    ])
  })

  it('shows a module each event once, however often the log holds it', async () => {
    const log = new MemoryLog().append([...parts(3), ...parts(3)])
    const host = open({ log, modules: [{ slug: 'counter' }] })
    await host.drain()
    log.append(parts(2))
    await host.drain()
    expect([seen(host), host.status('counter').lag]).toEqual([3, 0])
  })

  it('keeps events with wrong data aside, visibly', async () => {
    const broken = { ...inspected({ name: 'b', result: 'pass' }), data: { inspectionId: 'x' } } as QEvent
    const host = open({ log: new MemoryLog().append([...parts(2), broken]), modules: [{ slug: 'counter' }] })
    await host.drain()
    expect(seen(host)).toBe(2)
    expect(host.status('counter')).toMatchObject({ rejectedEvents: 1, lag: 0 })
    const row = host
      .module('counter')
      .db.get<{ event_id: string; message: string }>('select * from _rejected')
    expect(row?.event_id).toBe(broken.id)
    expect(row?.message).toContain('inspectionId')
  })
})

describe('a module that throws', () => {
  it('is paused at the event, shown, and resumed from it; the others go on', async () => {
    const faults: ErrorFact[] = []
    const host = open({
      log: new MemoryLog().append(parts(10)),
      modules: [{ slug: 'counter', params: { failAt: 's6' } }, { slug: 'worker' }],
      onFault: (_, f) => faults.push(f),
    })
    await host.drain()
    expect([seen(host), seen(host, 'worker')]).toEqual([6, 10])
    const status = host.status('counter')
    expect(status).toMatchObject({ state: 'paused', lag: 4, fault: { code: 'EVT_MODULE' } })
    expect(status.fault?.message).toContain('cannot count s6')
    expect(status.fault?.message).toContain('position 7')
    expect(faults.length).toBe(1)
    host.module('counter').resume()
    await host.drain()
    expect(seen(host)).toBe(6)
    expect(faults.length).toBe(2)
  })
})

describe('a log that cannot be read', () => {
  it('pauses the modules instead of ending the process', async () => {
    const log = new MemoryLog().append(parts(3))
    let broken = true
    const host = open({
      modules: [{ slug: 'counter' }],
      log: {
        read: (after, limit) => {
          if (broken) throw new Error('disk gone')
          return log.read(after, limit)
        },
        end: () => log.end(),
        onAppend: (l) => log.onAppend(l),
      },
    })
    host.start()
    await host.drain()
    broken = false
    expect(host.status('counter')).toMatchObject({ state: 'paused', fault: { code: 'EVT_MODULE' } })
    host.module('counter').resume()
    await host.drain()
    expect(seen(host)).toBe(3)
  })
})

describe('effective verdict', () => {
  const effects = async (events: QEvent[]): Promise<unknown[]> => {
    const got: unknown[] = []
    const [base] = MODULES
    if (!base) throw new Error('no sample module')
    const spy = {
      ...base,
      build: (p: unknown) => ({
        ...base.build(p),
        project: (
          _: QEvent,
          ctx: { effective(): { before?: { result: string }; after?: { result: string } } },
        ) => {
          const { before, after } = ctx.effective()
          got.push([before?.result ?? null, after?.result ?? null])
        },
      }),
    }
    const host = new ModuleHost(
      {
        dir: scratch(),
        openSql,
        log: new MemoryLog().append(events),
        emit: async () => undefined,
        modules: [{ slug: 'counter' }],
      },
      { ...registry, modules: [spy] },
    )
    hosts.push(host)
    await host.drain()
    return got
  }
  const part = inspected({ name: 'e', result: 'fail' })

  it('gives the contribution before and after each event', async () => {
    expect(
      await effects([
        part,
        reviewed('e', 'fail', 'pass'),
        reviewed('e', 'pass', 'inconclusive', { round: 2 }),
      ]),
    ).toEqual([
      [null, 'fail'],
      ['fail', 'pass'],
      ['pass', 'inconclusive'],
    ])
  })

  it('keeps a review that comes before its inspection', async () => {
    expect(await effects([reviewed('e', 'fail', 'pass'), part])).toEqual([
      [null, null],
      [null, 'pass'],
    ])
  })
})

describe('outbox', () => {
  it('keeps what could not be handed on, says so, and sends it later in order', async () => {
    let down = true
    const sent: string[] = []
    const host = open({
      log: new MemoryLog().append([
        inspected({ name: 'o1', result: 'fail', classes: ['one'] }),
        { ...inspected({ name: 'o2', result: 'fail', classes: ['two'] }) },
      ]),
      modules: [{ slug: 'proposer' }],
      emit: async (e) => {
        if (down) throw new Error('store is late')
        sent.push(e.subject)
      },
    })
    await host.drain()
    expect(host.status('proposer').outbox).toMatchObject({ unsent: 2, fault: { code: 'EVT_MODULE' } })
    down = false
    await host.drain()
    expect(sent.length).toBe(2)
    expect(host.status('proposer').outbox).toEqual({ unsent: 0, fault: null })
  })
  it('sends again what a log that was put back from an older copy may not have', async () => {
    const dir = scratch()
    const ids: string[][] = []
    const lifeOf = async (events: QEvent[]): Promise<void> => {
      const sent: string[] = []
      ids.push(sent)
      const log = new MemoryLog().append(events)
      const emit = async (e: Omit<QEvent, 'sequence'>): Promise<void> => void sent.push(e.id)
      const host = open({ dir, log, modules: [{ slug: 'proposer' }], emit })
      await host.drain()
      await host.close()
      hosts.pop()
    }
    const cause = inspected({ name: 'o1', result: 'fail', classes: ['one'] })
    const after = inspected({ name: 'o2', result: 'pass' })
    await lifeOf([cause, after])
    await lifeOf([cause, after])
    await lifeOf([cause])
    expect(ids).toEqual([[expect.any(String)], [], ids[0]])
  })
})
