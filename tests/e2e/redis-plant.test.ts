import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { monoMs } from '../../contracts/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'
import { PrivateRedis } from './private-redis.ts'

const LINES = ['north', 'south'] as const
const BUDGET_MS = 3_000

interface LinePage {
  inspector: { mode: string; workers: number; degraded: { en: string; zh: string } | null }
  degraded: { id: string }[]
}

describeWith('redis-server', commandPresent('redis-server'), 'a plant of two lines and two workers', () => {
  let dir: string
  let redis: PrivateRedis
  const running: CliProcess[] = []
  const file = (line: string): string => join(dir, `${line}.line.yaml`)
  const started = async (args: string[]): Promise<CliProcess> => {
    const p = await startCli(args, { SIGHTLINE_REDIS_URL: redis.url })
    running.push(p)
    return p
  }
  const serve = (line: string): Promise<CliProcess> =>
    started(['serve', file(line), '--data', join(dir, line), '--no-supervisor', '--workers', '1'])
  const worker = (): Promise<CliProcess> => started(['worker', ...LINES.map(file), '--workers', '1'])

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sightline-plant-'))
    redis = await PrivateRedis.start()
    mkdirSync(join(dir, 'recipes'))
    const recipes = resolve(import.meta.dirname, '../../lines/recipes')
    for (const f of ['sample-board@1.recipe.yaml', 'sample-board@1.golden.png'])
      copyFileSync(join(recipes, f), join(dir, 'recipes', f))
    // Both lines make the board of the golden template, which is that of seed 1.
    for (const line of LINES)
      writeFileSync(
        file(line),
        `line: ${line}
title: { en: Line ${line}, zh: 产线 ${line} }
stations:
  - id: aoi-top
    camera: { adapter: sample-line, seed: 1, defectRate: 0.3, rate: 3 }
    recipe: sample-board@1
    budgetMs: ${BUDGET_MS}
frames: { slots: 16, slotBytes: 1048576 }
dashboard: { port: 0 }
`,
      )
  })

  afterAll(async () => {
    for (const p of running) p.child.kill('SIGKILL')
    await redis.kill()
    rmSync(dir, { recursive: true, force: true })
  })

  const kill = async (p: CliProcess): Promise<void> => {
    p.child.kill('SIGKILL')
    await p.exit
  }
  const page = async (p: CliProcess): Promise<LinePage> => {
    const response = await fetch(new URL('/api/line', p.ready['url'] as string))
    const body = (await response.json()) as { state?: LinePage } & LinePage
    return body.state ?? body
  }
  /** Waits until the page of every line says so. */
  const until = async (lines: CliProcess[], what: string, is: (l: LinePage) => boolean): Promise<void> => {
    const end = monoMs() + 30_000
    for (const line of lines)
      for (let now = await page(line); !is(now); now = await page(line)) {
        if (monoMs() > end) throw new Error(`${what}: not within 30 s, but ${JSON.stringify(now.inspector)}`)
        await sleep(100)
      }
  }
  const degraded = (l: LinePage): boolean =>
    l.inspector.mode === 'degraded-local' && l.degraded.some((d) => d.id === 'inspector')
  const queued = (l: LinePage): boolean => l.inspector.mode === 'queue' && l.degraded.length === 0
  /** Parts of a line since a time that a worker judged. */
  const byWorkers = async (line: string, since: string): Promise<number> => {
    const query = openTraceQuery(join(dir, line))
    try {
      const parts = await query.recentParts({ limit: 200 })
      const records = await Promise.all(parts.map((p) => query.record(p.inspectionId)))
      return records.filter((r) => r?.outcome.worker.includes('/local/') && r.startedAt > since).length
    } finally {
      query.close()
    }
  }
  /** Kills a worker while it has a frame: it is named as the processor of an active job. */
  const killBusy = async (victim: CliProcess): Promise<void> => {
    const watch = new Redis(redis.url)
    const name = String(victim.ready['worker'])
    const end = monoMs() + 20_000
    try {
      while (monoMs() < end) {
        for (const line of LINES) {
          // The prefix is that of the built program, which is not the one of the sources.
          const [active = ''] = await watch.keys(`*:plant:${line}:sightline-inspect:active`)
          for (const id of await watch.lrange(active, 0, -1))
            if ((await watch.hget(active.replace(/active$/u, id), 'pb')) === name) return await kill(victim)
        }
      }
    } finally {
      watch.disconnect()
    }
    throw new Error(`${name} had no frame within 20 s`)
  }

  it('loses no trigger when workers are killed in mid-frame and Redis goes away and comes back', async () => {
    const lines = await Promise.all(LINES.map(serve))
    const [w1, w2] = await Promise.all([worker(), worker()])
    await until(lines, 'queue mode', queued)
    await sleep(3_000)
    await killBusy(w1)
    await sleep(2_000)
    await killBusy(w2)
    await until(lines, 'no worker left', degraded)
    await sleep(1_000)
    const w3 = await worker()
    await until(lines, 'a new worker', queued)
    await sleep(2_000)
    await redis.kill()
    await until(lines, 'Redis gone', degraded)
    await sleep(2_000)
    await redis.start()
    await until(lines, 'Redis back', queued)
    const backAt = new Date().toISOString()
    for (const line of LINES)
      await expect.poll(() => byWorkers(line, backAt), { timeout: 60_000, interval: 500 }).toBeGreaterThan(2)
    for (const line of lines) expect(await stopped(line)).toBe(0)
    expect(await stopped(w3)).toBe(0)

    for (const line of LINES) {
      const query = openTraceQuery(join(dir, line))
      try {
        const parts = await query.recentParts({ limit: 10_000 })
        const [balance] = query.triggerBalance()
        expect(balance).toMatchObject({ triggers: parts.length, open: 0, closed: true })
        const triggers = parts.map((p) => p.trigger).sort((a, b) => a - b)
        expect(triggers).toEqual(triggers.map((_, i) => i + 1))
        const by = { workers: 0, here: 0, nobody: 0, workersAfterRedis: 0, slowestInTimeMs: 0 }
        for (const part of parts) {
          const record = await query.record(part.inspectionId)
          if (!record) throw new Error(`trigger ${part.trigger} has no record`)
          const { verdict, worker: who } = record.outcome
          const isRemote = who.includes('/local/')
          if (verdict.noVerdict) {
            by.nobody += 1
            expect(verdict.noVerdict.message).not.toBe('')
            expect(verdict.disposition).toBe('hold')
          } else if (isRemote) by.workers += 1
          else by.here += 1
          if (isRemote && record.startedAt > backAt) by.workersAfterRedis += 1
          const ms = Date.parse(record.endedAt) - Date.parse(record.startedAt)
          // A machine without a core to spare answers late; then the part is held for exactly that.
          if (ms >= BUDGET_MS)
            expect(verdict.noVerdict?.code, `${part.trigger}: ${ms} ms, ${who}`).toBe('INS_DEADLINE')
          else by.slowestInTimeMs = Math.max(by.slowestInTimeMs, ms)
        }
        console.info(`${line}: ${JSON.stringify({ ...balance, by })}`)
        expect(by.workers).toBeGreaterThan(5)
        expect(by.here).toBeGreaterThan(3)
        expect(by.workersAfterRedis).toBeGreaterThan(2)
      } finally {
        query.close()
      }
    }

    await sleep(BUDGET_MS + 2_500)
    const watch = new Redis(redis.url)
    expect(await watch.keys('*:frame:*')).toEqual([])
    watch.disconnect()
  }, 300_000)
})
