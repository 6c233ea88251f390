import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tryQueue } from '../../inspection/queue/redis.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { ingest, job, prefixed, recipes, SlowInspector, worker } from '../unit/samples/queue-samples.ts'
import { PrivateRedis } from './private-redis.ts'

describeWith('redis-server', commandPresent('redis-server'), 'a user of Redis without a right', () => {
  let redis: PrivateRedis
  let admin: Redis
  let url: string

  beforeAll(async () => {
    redis = await PrivateRedis.start()
    admin = new Redis(redis.url)
    url = redis.url.replace('://', '://line:word@')
  })
  afterAll(async () => {
    admin.disconnect()
    await redis.kill()
  })

  const without = (...which: string[]) =>
    admin.acl('SETUSER', 'line', 'reset', 'on', '>word', '~*', '&*', '+@all', ...which)

  it.each(['-client', '-client|setname', '-xread', '-@scripting', '-set'])(
    'declares the line degraded only as long as it is forbidden: %s',
    async (right) => {
      await without(right)
      const prefix = prefixed()
      await worker(prefix, new SlowInspector('far', 5), recipes, redis.url)
      const q = await ingest(prefix, new SlowInspector('here', 5), url)
      for (let n = 0; n < 3; n++) expect((await q.inspect(job(1_000)).outcome).worker).toBe('here')
      expect(q.health().mode).toBe('degraded-local')
      await without()
      await expect
        .poll(async () => (await q.inspect(job(1_000)).outcome).worker, { timeout: 20_000, interval: 500 })
        .toMatch(/far$/)
      expect(q.health().degraded).toBeNull()
    },
    40_000,
  )

  it('needs no INFO on the line', async () => {
    await without('-info')
    const prefix = prefixed()
    await worker(prefix, new SlowInspector('far', 5), recipes, redis.url)
    const q = await ingest(prefix, new SlowInspector('here', 5), url)
    await expect.poll(async () => (await q.inspect(job(1_000)).outcome).worker).toMatch(/far$/)
  }, 30_000)

  it.each([
    ['-client|setname', /INS_QUEUE.*NOPERM.*'client\|setname'/],
    ['-xread', /INS_QUEUE.*NOPERM.*'xread'/],
    ['-bzpopmin', /INS_QUEUE.*NOPERM.*'bzpopmin'/],
  ])('is told by the try: %s', async (right, said) => {
    await without(right)
    await expect(tryQueue(url)).rejects.toThrow(said)
  })

  it('is told by the try what is missing without INFO: the line works', async () => {
    await without('-info')
    await expect(tryQueue(url)).resolves.toMatch(/^its user may not ask INFO:.* worker.*maxmemory-policy/)
    await without()
    await expect(tryQueue(url)).resolves.toBeNull()
  }, 30_000)

  it.each(['client|setname', 'info'])(
    'is no worker that the lines would not see, or the library refuses: %s',
    async (right) => {
      await without(`-${right}`)
      await expect(worker(prefixed(), new SlowInspector('far', 5), recipes, url)).rejects.toMatchObject({
        code: 'INS_QUEUE',
        message: expect.stringContaining(right) as string,
      })
    },
    30_000,
  )
})
