import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { moduleRegistry, startJobsHost } from '../../bin/jobs/host.ts'
import { QueuedJobRunner } from '../../bin/jobs/modules.ts'
import { canonicalJson, monoMs, uuidv7 } from '../../contracts/index.ts'
import { exportSampleBoards } from '../../datasets/index.ts'
import { BackgroundClient, BackgroundWorker, tryQueue } from '../../inspection/queue/redis.ts'
import { JobRunner } from '../../scenarios/index.ts'
import { commandPresent, describeWith, REDIS_URL, redisPresent } from '../services/require-service.ts'
import { ingest, prefixed, SlowInspector } from '../unit/samples/queue-samples.ts'
import { runCli, startCli, stopped } from './line-process.ts'
import { PrivateRedis } from './private-redis.ts'

const closers: (() => Promise<unknown>)[] = []
let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-jobs-'))
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
  rmSync(dir, { recursive: true, force: true })
})

const client = (prefix: string): BackgroundClient => {
  const c = new BackgroundClient({ redisUrl: REDIS_URL, kind: 'evaluate', version: '1', prefix })
  closers.push(() => c.close())
  return c
}

async function host(
  prefix: string,
  name: string,
  handle: ConstructorParameters<typeof BackgroundWorker>[0]['handle'],
  version = '1',
  lookEveryMs = 50,
): Promise<BackgroundWorker> {
  const w = new BackgroundWorker({
    redisUrl: REDIS_URL,
    kind: 'evaluate',
    name,
    version,
    prefix,
    handle,
    lookEveryMs,
    onError: () => undefined,
  })
  await w.start()
  closers.push(() => w.close())
  return w
}

describeWith('Redis', await redisPresent(), 'background jobs over BullMQ', () => {
  it('brings progress and the result', async () => {
    const prefix = `test-${uuidv7()}`
    await host(prefix, 'a', async (input, progress) => {
      progress({ done: 1, total: 2 })
      await sleep(300)
      return { got: input }
    })
    const seen: number[] = []
    const options = { lookEveryMs: 50, onProgress: (p: { done: number }) => seen.push(p.done) }
    expect(await client(prefix).run({ x: 1 }, options)).toEqual({ got: { x: 1 } })
    expect(seen).toEqual([1])
  })

  it('is a coded error without workers, with another version, and when the job throws', async () => {
    const prefix = `test-${uuidv7()}`
    await expect(client(prefix).run({})).rejects.toMatchObject({ code: 'INS_QUEUE' })
    await host(prefix, 'old', () => Promise.resolve(1), '0')
    await expect(client(prefix).run({})).rejects.toThrow(/version 1.*found 0 on old/)
    const throwing = `test-${uuidv7()}`
    await host(throwing, 'b', () => Promise.reject(new Error('no good')))
    await expect(client(throwing).run({})).rejects.toThrow(/no good.*\(on b\)/)
  })

  it('is done by another worker when the first one goes in the middle', async () => {
    const prefix = `test-${uuidv7()}`
    const first = await host(prefix, 'first', () => sleep(60_000))
    const result = client(prefix).run({}, { withinMs: 25_000 })
    await sleep(1_000)
    await host(prefix, 'second', () => Promise.resolve('done'))
    await first.close()
    expect(await result).toBe('done')
  })

  it('is given up once nobody waits for it, and not begun where nobody did before', async () => {
    const prefix = `test-${uuidv7()}`
    const begun: unknown[] = []
    const ended: unknown[] = []
    await host(prefix, 'a', async (input, _progress, unwanted) => {
      begun.push(input)
      await once(unwanted, 'abort')
      ended.push(input)
      throw new Error('given up')
    })
    await expect(client(prefix).run('impatient', { withinMs: 500 })).rejects.toMatchObject({
      code: 'INS_QUEUE',
    })
    await expect.poll(() => ended).toEqual(['impatient'])

    // What is left of a sender that was killed: jobs whose keys nobody renews.
    const watch = new Redis(REDIS_URL)
    closers.push(() => watch.quit())
    const keys = (): Promise<string[]> => watch.keys(`${prefix}:wanted:*`)
    const killed = [client(prefix).run('running')]
    await expect.poll(() => begun).toEqual(['impatient', 'running'])
    killed.push(client(prefix).run('waiting'))
    void Promise.allSettled(killed)
    await expect.poll(keys).toHaveLength(2)
    const wanted = await keys()
    for (const key of wanted) expect(await watch.pttl(key)).toBeGreaterThan(0)
    await watch.unlink(...wanted)
    await expect(killed[1]).rejects.toThrow(/INS_QUEUE.*a sender that says it waits/)
    await expect(killed[0]).rejects.toThrow(/INS_QUEUE.*a sender that says it waits/)
    expect([begun, ended]).toEqual([
      ['impatient', 'running'],
      ['impatient', 'running'],
    ])
  })

  it('is done where its key was lost and is said again, and brings a result that is there in spite of it', async () => {
    const prefix = `test-${uuidv7()}`
    const lookMs = 400
    const watch = new Redis(REDIS_URL)
    closers.push(() => watch.quit())
    const told: boolean[] = []
    await host(
      prefix,
      'a',
      async (input, _progress, unwanted) => {
        const [key = ''] = await watch.keys(`${prefix}:wanted:*`)
        await watch.unlink(key)
        await sleep(1.5 * lookMs)
        if (input === 'said again') await watch.set(key, '1', 'PX', 10_000)
        await sleep(3 * lookMs)
        told.push(unwanted.aborted)
        return input
      },
      '1',
      lookMs,
    )
    for (const input of ['said again', 'not said']) expect(await client(prefix).run(input)).toBe(input)
    expect(told).toEqual([false, true])
  }, 15_000)

  it('computes module jobs to the same bytes as here, and here when nobody answers', async () => {
    const prefix = `test-${uuidv7()}`
    // Thirty subgroups of fifty parts: phase I sets limits. A job that does not exist must fail alike on both ways.
    const samples = Array.from({ length: 30 }, (_, i) => ({ seq: i, k: 4 + (i % 5), n: 50 }))
    const limits = { job: 'limits', input: { stream: 'a/b/c', baseline: 20, samples } }
    const orders = [limits, { job: 'no-such-job', input: {} }].map((o) => ({
      ...o,
      slug: 'lean',
      params: {},
      seed: 7,
      now: 1_700_000_000_000,
    }))
    const here = new JobRunner(moduleRegistry())
    closers.push(() => here.close())
    const fallbacks: string[] = []
    const runner = await QueuedJobRunner.open(
      moduleRegistry(),
      REDIS_URL,
      (why) => fallbacks.push(why.message),
      prefix,
    )
    closers.push(() => runner.close())
    const bytes = (r: Awaited<ReturnType<JobRunner['run']>>): string =>
      canonicalJson(r.ok ? { output: r.output } : { code: r.error.code })
    const [lonely] = orders
    if (!lonely) throw new Error('no order')
    expect(bytes(await here.run(lonely, 5_000))).toMatch(/"state":"set"/)
    expect(bytes(await runner.run(lonely, 5_000))).toBe(bytes(await here.run(lonely, 5_000)))
    expect(runner.remote).toBe(0)

    const jobs = await startJobsHost({
      environment: readEnvironment({}),
      redisUrl: REDIS_URL,
      name: 'jobs',
      onError: () => undefined,
      prefix,
    })
    closers.push(() => jobs.close())
    for (const order of orders)
      expect(bytes(await runner.run(order, 5_000))).toBe(bytes(await here.run(order, 5_000)))
    expect(runner.remote).toBe(orders.length)
    expect(fallbacks).toEqual([])
  })
})

describeWith('redis-server', commandPresent('redis-server'), 'evaluation on a worker process', () => {
  it('gives the files of a local evaluation, and says which host lacks the folder', async () => {
    const redis = await PrivateRedis.start()
    closers.push(() => redis.kill())
    const env = { SIGHTLINE_REDIS_URL: redis.url }
    const worker = await startCli(['worker', 'sample', '--workers', '1'], env)
    try {
      const boards = join(dir, 'boards')
      mkdirSync(boards)
      await exportSampleBoards(boards, { count: 4, seed: 3 })
      const run = (name: string, ...more: string[]): ReturnType<typeof runCli> =>
        runCli(
          ['evaluate', boards, '--model', 'pcb-pair', '--workers', '1', ...more].concat(
            ['--detections', join(dir, name)],
            ['--report', join(dir, `${name}.html`)],
          ),
          env,
        )
      for (const p of [await run('here'), await run('there', '--queue')])
        expect(p).toMatchObject({ code: 0, stdout: expect.stringContaining('mAP') as string })
      const files = readdirSync(join(dir, 'here'))
      expect(files).toHaveLength(4)
      expect(readdirSync(join(dir, 'there'))).toEqual(files)
      for (const f of files)
        expect(readFileSync(join(dir, 'there', f))).toEqual(readFileSync(join(dir, 'here', f)))
      expect(readFileSync(join(dir, 'there.html'), 'utf8')).toContain('<html')

      const lost = await runCli(['evaluate', join(dir, 'nowhere'), '--queue'], env)
      expect(lost.code).toBe(1)
      expect(lost.stderr).toMatch(/DAT_LAYOUT.*nowhere.*mount it there/)
    } finally {
      await stopped(worker)
    }
  }, 120_000)
})

describeWith('redis-server', commandPresent('redis-server'), 'evaluation whose worker is killed', () => {
  it('is done by another worker process', async () => {
    const redis = await PrivateRedis.start()
    closers.push(() => redis.kill())
    const env = { SIGHTLINE_REDIS_URL: redis.url }
    const first = await startCli(['worker', 'sample', '--workers', '1'], env)
    const boards = join(dir, 'more-boards')
    try {
      await exportSampleBoards(boards, { count: 60, seed: 4 })
      const evaluation = runCli(
        ['evaluate', boards, '--workers', '1', '--queue', '--report', join(dir, 'killed.html')],
        env,
      )
      const watch = new Redis(redis.url)
      const active = 'sightline:sightline-jobs-evaluate:active'
      while ((await watch.llen(active)) === 0) await sleep(20)
      watch.disconnect()
      await sleep(300)
      first.child.kill('SIGKILL')
      const second = await startCli(['worker', 'sample', '--workers', '1'], env)
      expect(await evaluation).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('60 images') as string,
      })
      expect(await stopped(second)).toBe(0)
    } finally {
      first.child.kill('SIGKILL')
    }
  }, 120_000)
})

it('waits no longer than it says', async () => {
  const cut = new BackgroundClient({ redisUrl: 'redis://127.0.0.1:1', kind: 'evaluate', version: '1' })
  const started = monoMs()
  await expect(cut.run({})).rejects.toThrow(/INS_QUEUE.*no Redis/)
  expect(monoMs() - started).toBeLessThan(10_000)
  await cut.close()
}, 15_000)

describeWith('redis-server', commandPresent('redis-server'), 'a Redis that answers and is of no use', () => {
  it('is told by its try: a user without scripts or clients, or keys that are evicted', async () => {
    const redis = await PrivateRedis.start()
    const admin = new Redis(redis.url)
    closers.push(() => redis.kill())
    try {
      const place = redis.url.replace('://', '://line:word@')
      for (const [forbidden, said] of [
        [['-eval', '-evalsha'], /INS_QUEUE.*NOPERM.*'eval(sha)?'/],
        [['-client|list'], /INS_QUEUE.*NOPERM.*'client\|list'/],
        [['-get'], /INS_QUEUE.*NOPERM.*'get'/],
        [['-time'], /INS_QUEUE.*NOPERM.*'time'/],
      ] as const) {
        await admin.acl('SETUSER', 'line', 'reset', 'on', '>word', '~*', '&*', '+@all', ...forbidden)
        await expect(tryQueue(place)).rejects.toThrow(said)
        // A connection that is left open keeps `doctor` from ending.
        await expect.poll(() => admin.client('LIST')).not.toMatch(/ user=line /)
      }
      // A line does without it, so that this says what is missing.
      await admin.acl('SETUSER', 'line', 'reset', 'on', '>word', '~*', '&*', '+@all', '-info')
      await expect(tryQueue(place)).resolves.toMatch(/INFO/)
      await expect.poll(() => admin.client('LIST')).not.toMatch(/ user=line /)
      await tryQueue(redis.url)
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
      // Without a limit nothing is evicted.
      await tryQueue(redis.url)
      await admin.config('SET', 'maxmemory', '50mb')
      await expect(tryQueue(redis.url)).rejects.toThrow(/INS_QUEUE.*noeviction.*allkeys-lru/)
      const said: string[] = []
      const line = await ingest(prefixed(), new SlowInspector('here', 5), redis.url, said)
      expect(said).toContainEqual(expect.stringMatching(/^Redis may throw frames and jobs away/))
      expect(line.notices()).toMatchObject([
        { text: { en: expect.stringContaining('allkeys-lru') as string } },
      ])
      await admin.config('SET', 'maxmemory-policy', 'noeviction')
      const sound = await ingest(prefixed(), new SlowInspector('here', 5), redis.url)
      expect(sound.notices()).toEqual([])
      // Both ways without a new connection.
      await expect.poll(() => line.notices(), { timeout: 20_000 }).toEqual([])
      await admin.config('SET', 'maxmemory-policy', 'volatile-ttl')
      await expect
        .poll(() => sound.notices(), { timeout: 20_000 })
        .toMatchObject([{ text: { en: expect.stringContaining('volatile-ttl') as string } }])
      expect(await admin.keys('sightline:doctor:*')).toEqual([])
    } finally {
      admin.disconnect()
    }
  }, 90_000)
})
