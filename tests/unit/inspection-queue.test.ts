import { expect, it } from 'vitest'
import { type InspectJob, type Inspector, monoMs, noVerdict } from '../../contracts/index.ts'
import { describeWith, REDIS_URL, redisPresent } from '../services/require-service.ts'
import {
  ingest,
  job,
  passed,
  prefixed,
  RECIPE,
  recipes,
  SlowInspector,
  worker,
} from './samples/queue-samples.ts'

describeWith('Redis', await redisPresent(), 'inspection over BullMQ', () => {
  it('is judged by a worker process, which gets exactly the bytes of the slot', async () => {
    const prefix = prefixed()
    const remote = new SlowInspector('far', 5)
    await worker(prefix, remote)
    const q = await ingest(prefix, new SlowInspector('here', 5))
    const { outcome, settled } = q.inspect(job(5_000))
    expect((await outcome).worker).toMatch(/^w\d+\/far$/)
    expect(await settled).toBeNull()
    expect(remote.seen).toEqual(['pixels'])
    expect(q.health()).toMatchObject({ mode: 'queue', completed: 1 })
  })

  it('judges here when a worker does not answer in time for the last resort', async () => {
    const prefix = prefixed()
    await worker(prefix, new SlowInspector('far', 4_000))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    const started = monoMs()
    const { outcome } = q.inspect(job(2_000))
    expect((await outcome).worker).toBe('here')
    expect(monoMs() - started).toBeLessThan(2_000)
  })

  it('judges here, degraded and saying so, without workers and without Redis', async () => {
    const lonely = await ingest(prefixed(), new SlowInspector('here', 5))
    expect((await lonely.inspect(job(1_000)).outcome).worker).toBe('here')
    expect(lonely.health()).toMatchObject({
      mode: 'degraded-local',
      degraded: {
        en: 'no inspection worker is connected: judging on this machine only',
        zh: '没有已连接的检测主机:仅在本机判定',
      },
    })
    const cut = await ingest(prefixed(), new SlowInspector('here', 5), 'redis://127.0.0.1:1')
    expect((await cut.inspect(job(1_000)).outcome).worker).toBe('here')
    expect(cut.health().degraded?.en).toMatch(/Redis is not reachable|not connected/)
  }, 20_000)

  it('says that Redis refuses the login, which is no trouble of the network', async () => {
    const url = new URL(REDIS_URL)
    url.username = 'nobody'
    url.password = 'wrong'
    const refused = await ingest(prefixed(), new SlowInspector('here', 5), url.href)
    expect((await refused.inspect(job(1_000)).outcome).worker).toBe('here')
    await expect
      .poll(() => refused.health().degraded?.en, { timeout: 10_000 })
      .toMatch(/Redis refuses the user name or the password/)
  }, 20_000)

  it('does not let a worker judge with another recipe of the same name', async () => {
    const prefix = prefixed()
    const remote = new SlowInspector('far', 5)
    await worker(prefix, remote, new Map([[RECIPE.id, 'b'.repeat(64)]]))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    expect((await q.inspect(job(2_000)).outcome).worker).toBe('here')
    expect(remote.seen).toEqual([])
  })

  it('does not let a worker judge whose model packages mean something else, and says so', async () => {
    const prefix = prefixed()
    const remote = new SlowInspector('far', 5)
    await worker(prefix, remote, recipes, REDIS_URL, () => 'd'.repeat(64))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    for (let n = 0; n < 3; n++) expect((await q.inspect(job(2_000)).outcome).worker).toBe('here')
    expect(remote.seen).toEqual([])
    expect(q.health()).toMatchObject({
      mode: 'degraded-local',
      degraded: {
        en: expect.stringContaining('model package of another meaning') as string,
        zh: expect.stringContaining('检测主机的模型包含义不同') as string,
      },
    })
  })

  it('names the host that sends its frames back beside one that judges', async () => {
    const prefix = prefixed()
    const bad = await worker(prefix, new SlowInspector('far', 5), recipes, REDIS_URL, () => 'd'.repeat(64))
    await worker(prefix, new SlowInspector('sound', 5))
    const said: string[] = []
    const q = await ingest(prefix, new SlowInspector('here', 5), REDIS_URL, said)
    const named = async (): Promise<string[]> => {
      await q.inspect(job(2_000)).outcome
      return q.notices().map((n) => n.text.en)
    }
    await expect
      .poll(named, { timeout: 40_000, interval: 20 })
      .toEqual([expect.stringMatching(/^worker host w0 sends its frames back: its model package/)])
    expect(said.filter((text) => text.startsWith('worker host'))).toHaveLength(1)
    expect(bad.done).toBe(0)
  }, 60_000)

  it('declares that workers without the recipe as it is here are of no use, and asks them now and then only', async () => {
    const prefix = prefixed()
    await worker(prefix, new SlowInspector('far', 5), new Map([[RECIPE.id, 'b'.repeat(64)]]))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    for (let n = 0; n < 3; n++) {
      expect(q.health().mode).toBe('queue')
      expect((await q.inspect(job(2_000)).outcome).worker).toBe('here')
    }
    expect(q.health()).toMatchObject({
      mode: 'degraded-local',
      degraded: { en: expect.stringContaining('do not have the recipe') as string },
    })
    await worker(prefix, new SlowInspector('sound', 5))
    // The worker with the other recipe goes on taking its share of the probes.
    await expect
      .poll(async () => (await q.inspect(job(2_000)).outcome).worker, { timeout: 40_000, interval: 300 })
      .toMatch(/sound$/)
    expect(q.health()).toMatchObject({ mode: 'queue', degraded: null })
  }, 60_000)

  it('declares that workers answer too late', async () => {
    const prefix = prefixed()
    await worker(prefix, new SlowInspector('far', 400))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    for (let n = 0; n < 6; n++) expect((await q.inspect(job(300)).outcome).worker).toBe('here')
    expect(q.health().degraded).toMatchObject({ en: expect.stringContaining('too late') as string })
    expect(q.health().degraded?.zh).toMatch(/应答过晚/)
  })

  it('keeps frames above the size cap out of Redis', async () => {
    const prefix = prefixed()
    const remote = new SlowInspector('far', 5)
    await worker(prefix, remote)
    const q = await ingest(prefix, new SlowInspector('here', 5))
    expect((await q.inspect(job(2_000, 40)).outcome).worker).toBe('here')
    expect(remote.seen).toEqual([])
  })

  it('gives N outcomes for N frames with a busy worker', async () => {
    const prefix = prefixed()
    await worker(prefix, new SlowInspector('far', 10))
    const q = await ingest(prefix, new SlowInspector('here', 10))
    const runs = Array.from({ length: 40 }, () => q.inspect(job(3_000)))
    const outcomes = await Promise.all(runs.map((r) => r.outcome))
    await Promise.all(runs.map((r) => r.settled))
    expect(outcomes.filter((o) => o.verdict.result === 'pass')).toHaveLength(40)
    expect(outcomes.filter((o) => o.worker.endsWith('far')).length).toBeGreaterThan(0)
  })

  it('judges here what the worker had no thread for, and declares it when that goes on', async () => {
    const prefix = prefixed()
    const far = new SlowInspector('far', 1)
    const lost = noVerdict(RECIPE, { reason: 'worker-lost', code: 'INS_WORKER_LOST', message: '' })
    await worker(prefix, answering(far, { ...passed('far'), verdict: lost }))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    for (let n = 0; n < 3; n++) {
      const { verdict, worker: who } = await q.inspect(job(5_000)).outcome
      expect([verdict.result, who]).toEqual(['pass', 'here'])
    }
    expect(q.health()).toMatchObject({
      mode: 'degraded-local',
      degraded: {
        en: 'the inspection workers cannot judge: judging on this machine only',
        zh: '检测主机无法判定:仅在本机判定',
      },
    })
  })

  it('takes no judgement by another recipe than the one in force when the frame was sent', async () => {
    const prefix = prefixed()
    const other = { ...passed('far').verdict, recipeSha256: 'b'.repeat(64) }
    await worker(prefix, answering(new SlowInspector('far', 1), { ...passed('far'), verdict: other }))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    for (let n = 0; n < 3; n++) expect((await q.inspect(job(5_000)).outcome).worker).toBe('here')
    expect(q.health().degraded).toMatchObject({ en: expect.stringContaining('frames fail') as string })
  })
})

/** Like `inspector`, with another outcome. */
const answering = (inspector: Inspector, outcome: Awaited<ReturnType<Inspector['inspect']>['outcome']>) =>
  Object.assign(inspector, {
    inspect: (asked: InspectJob) => {
      expect(asked.recipe).toBe(RECIPE.id)
      return { outcome: Promise.resolve(outcome), settled: Promise.resolve(null) }
    },
  })
