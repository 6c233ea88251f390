import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { QueueInspector } from '../../inspection/queue/redis.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { ingest, job, prefixed, recipes, SlowInspector, worker } from '../unit/samples/queue-samples.ts'
import { PrivateRedis } from './private-redis.ts'

const HOUR_MS = 3_600_000

describeWith('redis-server', commandPresent('redis-server'), 'what frames leave in Redis', () => {
  let redis: PrivateRedis
  let admin: Redis

  beforeAll(async () => {
    redis = await PrivateRedis.start()
    admin = new Redis(redis.url)
    admin.on('error', () => undefined)
  })
  afterAll(async () => {
    admin.disconnect()
    await redis.kill()
  })

  const judgedBy = async (q: QueueInspector): Promise<string> => (await q.inspect(job(2_000)).outcome).worker
  const far = (q: QueueInspector): Promise<void> =>
    expect.poll(() => judgedBy(q), { timeout: 20_000, interval: 300 }).toMatch(/far$/)
  const pair = async (prefix: string): Promise<QueueInspector> => {
    await worker(prefix, new SlowInspector('far', 5), recipes, redis.url)
    const q = await ingest(prefix, new SlowInspector('here', 5), redis.url)
    await far(q)
    return q
  }

  it('is heard again after Redis was emptied and its clock is behind', async () => {
    const prefix = prefixed()
    const q = await pair(prefix)
    // As of a host whose clock was an hour ahead.
    await admin.xadd(`${prefix}:sightline-inspect:events`, `${Date.now() + HOUR_MS}-0`, 'event', 'noop')
    await far(q)
    await redis.kill()
    await redis.start()
    await far(q)
    for (let n = 0; n < 3; n++) expect(await judgedBy(q)).toMatch(/far$/)
  }, 60_000)

  it('stays small, also after Redis was emptied under the line', async () => {
    const prefix = prefixed()
    const q = await pair(prefix)
    await admin.flushall()
    await far(q)
    const limit = () => admin.hget(`${prefix}:sightline-inspect:meta`, 'opts.maxLenEvents')
    await expect.poll(limit, { timeout: 15_000 }).toBe('500')
  }, 60_000)

  it('is gone at once where nobody took it', async () => {
    const prefix = prefixed()
    const nobody = new Redis(redis.url)
    // As a worker whose host lost its power is still connected.
    await nobody.client('SETNAME', `${prefix}:${Buffer.from('sightline-inspect').toString('base64')}`)
    const q = await ingest(prefix, new SlowInspector('here', 5), redis.url)
    const waiting = () => admin.zcard(`${prefix}:sightline-inspect:prioritized`)
    const judged = q.inspect(job(1_000)).outcome
    await expect.poll(waiting).toBe(1)
    expect((await judged).worker).toBe('here')
    await expect.poll(waiting).toBe(0)
    nobody.disconnect()
  }, 30_000)

  it('is gone by itself once the line is', async () => {
    const prefix = prefixed()
    const q = await pair(prefix)
    for (let n = 0; n < 5; n++) await judgedBy(q)
    const left = async (): Promise<string[]> => {
      const keys = await admin.keys(`${prefix}:*`)
      const ttls = await Promise.all(keys.map((key) => admin.pttl(key)))
      return keys.filter((_, i) => ttls[i] === -1)
    }
    await expect.poll(left, { timeout: 15_000 }).toEqual([])
  }, 60_000)
})
