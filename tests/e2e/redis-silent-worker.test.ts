import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Queue } from 'bullmq'
import { expect, it } from 'vitest'
import { type InspectJob, type InspectOutcome, monoMs, uuidv7 } from '../../contracts/index.ts'
import { connectionOptions, LocalInspector, recipeHash } from '../../inspection/index.ts'
import { QueueInspector } from '../../inspection/queue/redis.ts'
import { INSPECT_QUEUE } from '../../inspection/queue/job.schema.ts'
import { describeWith, REDIS_URL, redisPresent } from '../services/require-service.ts'
import { context, noModels, raw, recipeOf } from '../unit/samples/inspection-recipes.ts'

const BUDGET_MS = 1_500
const size = [8, 8] as const
const recipe = recipeOf(size, [{ id: 'b', use: 'blob@1', polarity: 'dark', threshold: 10, minAreaPx: 1 }])

const job = (): InspectJob => {
  const now = monoMs()
  return {
    meta: {
      frameId: uuidv7(),
      station: 's',
      view: 'top',
      trigger: 1,
      cameraCounter: null,
      capturedAt: new Date().toISOString(),
      triggeredAtMs: now,
      format: raw(size),
      byteLength: 64,
      source: 'test',
      simulated: true,
    },
    pixels: { in: 'message', bytes: new Uint8Array(64).fill(200) },
    recipe: 'sample@1',
    context,
    deadlineMs: now + BUDGET_MS,
  }
}

describeWith('Redis', await redisPresent(), 'the only worker host falls silent', () => {
  it('is declared, costs no verdict, and is over when the host answers again', async () => {
    const prefix = `test-${uuidv7()}`
    const child = fork(
      new URL('./queue-worker.process.ts', import.meta.url),
      [REDIS_URL, prefix, 'host', JSON.stringify(recipe)],
      { execArgv: ['--import', 'tsx'] },
    )
    const queue = new Queue(INSPECT_QUEUE, { connection: connectionOptions(REDIS_URL), prefix })
    const said: string[] = []
    let inspector: QueueInspector | null = null
    try {
      await once(child, 'message')
      const local = await LocalInspector.start({
        workers: 1,
        buffers: [],
        recipes: [{ recipe, dir: '.' }],
        models: noModels,
      })
      const q = new QueueInspector({
        redisUrl: REDIS_URL,
        prefix,
        buffers: [],
        local,
        recipeSha: () => recipeHash(recipe),
        meaningSha: local.meaningSha,
        maxFrameBytes: 1 << 20,
        log: { warn: (_facts, message) => said.push(message) },
      })
      inspector = q
      await q.open()
      const judged = async (): Promise<InspectOutcome> => {
        const outcome = await q.inspect(job()).outcome
        expect(outcome.verdict.result).toBe('pass')
        return outcome
      }
      const remote = async (): Promise<boolean> => (await judged()).worker.startsWith('host/')
      await expect.poll(remote, { timeout: 20_000 }).toBe(true)

      said.splice(0)
      // As a host without power: its connection stays, and Redis goes on listing it.
      child.kill('SIGSTOP')
      for (let n = 0; n < 3; n++) expect(await remote()).toBe(false)
      expect(await queue.getWorkersCount()).toBe(1)
      expect(q.health()).toMatchObject({
        mode: 'degraded-local',
        degraded: {
          en: 'the connected inspection workers do not answer: judging on this machine only',
          zh: '已连接的检测主机没有应答:仅在本机判定',
        },
      })
      // Now frames are judged here at once; only a probe now and then waits for its last resort.
      const times: number[] = []
      for (let n = 0; n < 20; n++) {
        const startedMs = monoMs()
        await judged()
        times.push(monoMs() - startedMs)
      }
      expect(times.filter((ms) => ms > BUDGET_MS / 2).length).toBeLessThan(4)
      // At most the frame that the host had taken, and a probe that is out, are left in Redis.
      await expect
        .poll(() => queue.getJobCountByTypes('wait', 'prioritized', 'active'))
        .toBeLessThanOrEqual(3)

      child.kill('SIGCONT')
      await expect.poll(remote, { timeout: 20_000, interval: 300 }).toBe(true)
      expect(q.health()).toMatchObject({ mode: 'queue', degraded: null })
      // A host that wakes may find its connection stale, and is not connected until it has another.
      expect(said.filter((message) => !message.startsWith('no inspection worker is connected'))).toEqual([
        expect.stringContaining('do not answer') as string,
        'inspection workers are back',
      ])
    } finally {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await inspector?.close()
      await queue.obliterate({ force: true }).catch(() => undefined)
      await queue.close()
    }
  }, 60_000)
})
