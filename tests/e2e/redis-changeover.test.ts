import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { monoMs } from '../../contracts/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'
import { type ModelShop, modelShop } from './model-shop.ts'
import { PrivateRedis } from './private-redis.ts'
import { sent } from './watched-line.ts'

describeWith('redis-server', commandPresent('redis-server'), 'a station that changes over', () => {
  let shop: ModelShop
  let redis: PrivateRedis
  let file: string
  const running: CliProcess[] = []
  const started = async (...args: string[]): Promise<CliProcess> => {
    const p = await startCli(args, { ...shop.env, SIGHTLINE_REDIS_URL: redis.url })
    running.push(p)
    return p
  }
  const worker = (): Promise<CliProcess> => started('worker', file, '--workers', '1', '--no-jobs')

  beforeAll(async () => {
    shop = await modelShop('redis-changeover')
    redis = await PrivateRedis.start()
    file = shop.line('changeover', {
      workers: 1,
      frames: { slots: 16, slotBytes: 65_536 },
      stations: [
        {
          id: 's1',
          recipe: 'ramp@1',
          budgetMs: 5_000,
          camera: { adapter: 'replay', path: 'images', rate: 4, loop: true },
        },
      ],
    })
  }, 60_000)
  afterAll(async () => {
    for (const p of running) p.child.kill('SIGKILL')
    await redis?.kill()
    shop?.remove()
  })

  /** Waits until a worker host has judged a part by this recipe, after so many triggers. Gives the last trigger. */
  async function judgedThere(recipe: string, after: number): Promise<number> {
    const query = openTraceQuery(shop.data)
    try {
      for (const end = monoMs() + 30_000; monoMs() < end; await sleep(250))
        for (const part of await query.recentParts({ limit: 20 })) {
          const record = part.trigger > after ? await query.record(part.inspectionId) : null
          const there = record?.outcome.worker.includes('/local/') === true
          if (there && record?.outcome.verdict.recipe === recipe) return part.trigger
        }
    } finally {
      query.close()
    }
    throw new Error(`no worker host has judged a part by ${recipe} within 30 s`)
  }

  it('takes the worker hosts along, also those that start later', async () => {
    const [line, first] = await Promise.all([
      started('serve', file, '--data', shop.data, '--no-supervisor'),
      worker(),
    ])
    await judgedThere('ramp@1', 0)
    const changed = await sent(line, '/api/stations/s1/recipe', {
      recipe: 'ramp@2',
      override: true,
      by: 'li',
      reason: 'trial',
    })
    expect(changed.status, JSON.stringify(changed.body)).toBe(200)
    const last = await judgedThere('ramp@2', 0)
    expect(await stopped(first)).toBe(0)
    // Its line file names the recipe of before.
    await worker()
    await judgedThere('ramp@2', last + 8)
    expect(await stopped(line)).toBe(0)
    const query = openTraceQuery(shop.data)
    try {
      expect(query.triggerBalance()).toMatchObject([{ station: 's1', open: 0, closed: true, noVerdicts: 0 }])
    } finally {
      query.close()
    }
  }, 120_000)
})
