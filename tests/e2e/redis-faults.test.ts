import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { monoMs } from '../../contracts/index.ts'
import { BackgroundClient, type QueueInspector } from '../../inspection/queue/redis.ts'
import { cutLink } from '../services/cut-link.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { ingest, job, prefixed, recipes, SlowInspector, worker } from '../unit/samples/queue-samples.ts'
import { PrivateRedis } from './private-redis.ts'

const BUDGET_MS = 2_000

describeWith(
  'redis-server',
  commandPresent('redis-server'),
  'a Redis that is there and does not do its work',
  () => {
    let redis: PrivateRedis
    let admin: Redis

    beforeAll(async () => {
      redis = await PrivateRedis.start()
      admin = new Redis(redis.url)
      admin.on('error', () => undefined)
    })
    afterEach(async () => {
      redis.thaw()
      await admin.call('REPLICAOF', 'NO', 'ONE')
      await admin.config('SET', 'maxmemory', '0')
    })
    afterAll(async () => {
      admin.disconnect()
      await redis.kill()
    })

    const judgedBy = async (q: QueueInspector): Promise<string> =>
      (await q.inspect(job(BUDGET_MS)).outcome).worker
    /** A line and a worker that answers it. */
    const pair = async (url = redis.url): Promise<QueueInspector> => {
      const prefix = prefixed()
      await worker(prefix, new SlowInspector('far', 5), recipes, redis.url)
      const q = await ingest(prefix, new SlowInspector('here', 5), url)
      await expect.poll(() => judgedBy(q), { timeout: 10_000 }).toMatch(/far$/)
      return q
    }
    const back = (q: QueueInspector, timeout = 20_000): Promise<void> =>
      expect.poll(() => judgedBy(q), { timeout, interval: 300 }).toMatch(/far$/)

    it.each([
      ['full', () => admin.config('SET', 'maxmemory', '1')],
      ['a replica that takes no writes', () => admin.call('REPLICAOF', '127.0.0.1', '1')],
    ])(
      'is declared when it is %s, and over when it is mended',
      async (_name, harm) => {
        const q = await pair()
        await harm()
        for (let n = 0; n < 3; n++) expect(await judgedBy(q)).toBe('here')
        expect(q.health()).toMatchObject({
          mode: 'degraded-local',
          degraded: {
            en: 'Redis does not take the frames: judging on this machine only',
            zh: 'Redis 不接收图像:仅在本机判定',
          },
        })
        await admin.call('REPLICAOF', 'NO', 'ONE')
        await admin.config('SET', 'maxmemory', '0')
        await back(q)
        expect(q.health()).toMatchObject({ mode: 'queue', degraded: null })
      },
      60_000,
    )

    it('is said once in the log when it has no command for frames, as a Sentinel', async () => {
      const other = await PrivateRedis.start('--rename-command', 'SET', '""')
      const said: string[] = []
      try {
        const prefix = prefixed()
        await worker(prefix, new SlowInspector('far', 5), recipes, other.url)
        const q = await ingest(prefix, new SlowInspector('here', 5), other.url, said)
        for (let n = 0; n < 3; n++) expect(await judgedBy(q)).toBe('here')
      } finally {
        await other.kill()
      }
      expect(said.filter((text) => text === 'a frame could not be queued and is judged here')).toHaveLength(1)
    })

    it('is told from one that is away when it refuses the user what the queue asks', async () => {
      const rights = (...which: string[]) =>
        admin.acl('SETUSER', 'line', 'reset', 'on', '>word', '~*', '&*', '+@all', ...which)
      const url = redis.url.replace('://', '://line:word@')
      await rights('-client|list')
      const q = await ingest(prefixed(), new SlowInspector('here', 5), url)
      await expect.poll(() => q.health().degraded?.en).toMatch(/^Redis refuses to say/)
      await rights('-info')
      const start = worker(prefixed(), new SlowInspector('far', 5), recipes, url)
      await expect(start).rejects.toMatchObject({
        code: 'INS_QUEUE',
        message: expect.stringContaining('NOPERM') as string,
      })
    }, 60_000)

    it('is declared when it hangs, holds up the first frames only, and is over when it goes on', async () => {
      const q = await pair()
      redis.freeze()
      for (let n = 0; n < 3; n++) expect(await judgedBy(q)).toBe('here')
      await expect.poll(() => q.health().degraded?.en, { timeout: 5_000 }).toMatch(/^Redis /)
      await sleep(3_000)
      const startedMs = monoMs()
      for (let n = 0; n < 10; n++) expect(await judgedBy(q)).toBe('here')
      expect(monoMs() - startedMs).toBeLessThan(BUDGET_MS / 2)
      redis.thaw()
      await back(q)
    }, 60_000)

    it('is found again when its host lost its power and is back, though no connection was closed', async () => {
      const link = await cutLink(redis.url)
      try {
        const q = await pair(link.url)
        link.orphan()
        expect(await judgedBy(q)).toBe('here')
        await back(q, 60_000)
      } finally {
        link.close()
      }
    }, 90_000)

    it('does not keep background jobs waiting for ever when it hangs', async () => {
      const prefix = prefixed()
      const client = new BackgroundClient({ redisUrl: redis.url, kind: 'module', version: '1', prefix })
      expect(await client.workers(5_000)).toBe(0)
      redis.freeze()
      try {
        await expect(client.run({})).rejects.toMatchObject({ code: 'INS_QUEUE' })
      } finally {
        redis.thaw()
        await client.close()
      }
    }, 30_000)

    it('does not keep a worker from ending when it is gone', async () => {
      const prefix = prefixed()
      const w = await worker(prefix, new SlowInspector('far', 5), recipes, redis.url)
      await redis.kill()
      try {
        const startedMs = monoMs()
        await w.close()
        expect(monoMs() - startedMs).toBeLessThan(5_000)
      } finally {
        await redis.start()
      }
    }, 30_000)
  },
)
