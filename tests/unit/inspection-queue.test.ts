import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import {
  type InspectJob,
  type InspectOutcome,
  type Inspector,
  type InspectorHealth,
  monoMs,
  noVerdict,
  uuidv7,
} from '../../contracts/index.ts'
import { QueueInspector, QueueWorker } from '../../inspection/queue/index.ts'
import { describeWith, REDIS_URL, redisPresent } from '../services/require-service.ts'

const RECIPE = { id: 'r@1', sha256: 'a'.repeat(64) }
const recipes = new Map([[RECIPE.id, RECIPE.sha256]])

const passed = (worker: string): InspectOutcome => ({
  verdict: {
    ...noVerdict(RECIPE, { reason: 'tool', code: 'INS_TOOL', message: '' }),
    result: 'pass',
    disposition: 'release',
    noVerdict: null,
  },
  timing: { queueMs: 0, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: 0 },
  widthPx: 8,
  heightPx: 8,
  worker,
})

/** An inspector that takes its time and remembers the bytes it saw. */
class SlowInspector implements Inspector {
  readonly seen: string[] = []
  readonly #name: string
  readonly #ms: number

  constructor(name: string, ms: number) {
    this.#name = name
    this.#ms = ms
  }

  inspect(job: InspectJob): ReturnType<Inspector['inspect']> {
    if (job.pixels.in === 'message') this.seen.push(Buffer.from(job.pixels.bytes).toString())
    const outcome = sleep(this.#ms).then(() => passed(this.#name))
    return { outcome, settled: outcome.then(() => null) }
  }

  health(): InspectorHealth {
    return {
      mode: 'local',
      workers: 1,
      busy: 0,
      queued: 0,
      completed: 0,
      failed: 0,
      restarts: 0,
      provider: 'cpu',
      degraded: null,
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function worker(prefix: string, inspector: Inspector, known = recipes): Promise<QueueWorker> {
  const w = new QueueWorker({
    redisUrl: REDIS_URL,
    prefix,
    inspector,
    concurrency: 2,
    recipes: known,
    name: `w${closers.length}`,
    onError: () => undefined,
  })
  await w.start()
  closers.push(() => w.close())
  return w
}

async function ingest(prefix: string, local: Inspector, redisUrl = REDIS_URL): Promise<QueueInspector> {
  const buffer = new SharedArrayBuffer(64)
  new Uint8Array(buffer).set(Buffer.from('pixels'))
  const q = new QueueInspector({
    redisUrl,
    prefix,
    buffers: [buffer],
    local,
    recipes,
    maxFrameBytes: 32,
    log: { warn: () => undefined },
  })
  await q.open()
  closers.push(() => q.close())
  return q
}

const job = (budgetMs: number, byteLength = 6): InspectJob => ({
  meta: {
    frameId: uuidv7(),
    station: 's',
    view: 'top',
    trigger: 1,
    cameraCounter: null,
    capturedAt: new Date().toISOString(),
    triggeredAtMs: monoMs(),
    format: { kind: 'encoded', mime: 'image/png' },
    byteLength,
    source: 'test',
    simulated: true,
  },
  pixels: { in: 'slot', slot: 0, byteLength },
  recipe: RECIPE.id,
  context: { line: 'l', plant: 'p', station: 's', product: 'x', shift: 'day' },
  deadlineMs: monoMs() + budgetMs,
})

const prefixed = (): string => `test-${uuidv7()}`

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

  it('does not let a worker judge with another recipe of the same name', async () => {
    const prefix = prefixed()
    const remote = new SlowInspector('far', 5)
    await worker(prefix, remote, new Map([[RECIPE.id, 'b'.repeat(64)]]))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    expect((await q.inspect(job(2_000)).outcome).worker).toBe('here')
    expect(remote.seen).toEqual([])
  })

  it('declares that workers with another recipe are of no use, and asks them now and then only', async () => {
    const prefix = prefixed()
    await worker(prefix, new SlowInspector('far', 5), new Map([[RECIPE.id, 'b'.repeat(64)]]))
    const q = await ingest(prefix, new SlowInspector('here', 5))
    for (let n = 0; n < 3; n++) {
      expect(q.health().mode).toBe('queue')
      expect((await q.inspect(job(2_000)).outcome).worker).toBe('here')
    }
    expect(q.health()).toMatchObject({
      mode: 'degraded-local',
      degraded: { en: expect.stringContaining('another recipe') as string },
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
})
