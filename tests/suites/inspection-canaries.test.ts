import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { judgeGolden } from '../../bin/line/golden.ts'
import { type InspectJob, type LineSpec, monoMs, uuidv7 } from '../../contracts/index.ts'
import { type Canary, canaryJob, LocalInspector, type LocalInspectorOptions } from '../../inspection/index.ts'
import { judgeOnSpare } from '../../inspection/workers/spare-seat.ts'
import type { WorkerSeat } from '../../inspection/workers/worker-seat.ts'
import { goodPng, HEIGHT, WIDTH } from '../e2e/bad-samples.ts'
import { context, noModels, raw, recipeOf } from '../unit/samples/inspection-recipes.ts'

const size = [8, 8] as const
const recipe = recipeOf(size, [{ id: 'b', use: 'blob@1', polarity: 'dark', threshold: 10, minAreaPx: 1 }])
const next = { ...recipe, version: 2 }
const bright = new Uint8Array(64).fill(200)

let flag: string
let inspector: LocalInspector | null = null
beforeEach(() => {
  flag = join(tmpdir(), `sightline-canary-${randomUUID()}`)
})
afterEach(async () => {
  await inspector?.close()
  rmSync(flag, { force: true })
})

/** The worker of the tests obeys the name: `throw-if:<file>`, `hang-if:<file>`. */
const canary = (name: string, over: Partial<Canary> = {}): Canary => ({
  name,
  recipe: 'sample@1',
  context,
  bytes: bright,
  format: raw(size),
  expect: { result: 'pass', classes: [] },
  ...over,
})
const start = async (more: Partial<LocalInspectorOptions>): Promise<LocalInspector> =>
  (inspector = await LocalInspector.start({
    workers: 1,
    buffers: [],
    recipes: [{ recipe, dir: '.' }],
    models: noModels,
    entry: new URL('./samples-inspect.worker.ts', import.meta.url),
    ...more,
  }))
const frame = (recipeId = 'sample@1', budgetMs = 20_000): InspectJob => {
  const { meta, ...job } = canaryJob(canary('part', { recipe: recipeId }))
  return { ...job, meta: { ...meta, frameId: uuidv7(), source: 'test' }, deadlineMs: monoMs() + budgetMs }
}
const answer = async (i: LocalInspector, job = frame()): Promise<string> => {
  const { verdict } = await i.inspect(job).outcome
  return verdict.noVerdict ? verdict.noVerdict.message : verdict.result
}

describe('a thread that replaces another one', () => {
  it('gets no frame before it has judged the canaries; failing them costs the restart budget', async () => {
    const i = await start({ canaries: [canary(`throw-if:${flag}`)], restart: { max: 2, withinMs: 60_000 } })
    expect(await answer(i)).toBe('pass')
    writeFileSync(flag, '')
    i.recycle(0)
    // Three losses: the one from outside, and two replacements that judged the canary wrong.
    expect(await answer(i)).toMatch(/INS_WORKER_LOST: .*INS_CANARY: .*local\/0, throw-if.*found inconclusive/)
    expect(i.health()).toMatchObject({ workers: 0, restarts: 2 })
    expect(i.health().degraded?.en).toMatch(/^1 of 1 workers are down: INS_CANARY: .*expected pass with \[\]/)
    expect(i.health().degraded?.zh).toMatch(
      /^1 个检测线程中有 1 个停止:INS_CANARY:已知答案的金丝雀图像判定不同/,
    )
  })

  it('works again when a later replacement judges them right', async () => {
    const i = await start({ canaries: [canary(`throw-if:${flag}`)], restart: { max: 100, withinMs: 60_000 } })
    writeFileSync(flag, '')
    i.recycle(0)
    const waiting = answer(i)
    await expect.poll(() => i.health().degraded?.en ?? '').toContain('INS_CANARY')
    rmSync(flag)
    expect(await waiting).toBe('pass')
    expect(i.health()).toMatchObject({ workers: 1, degraded: null })
  })

  it('that does not answer a canary is lost, too', async () => {
    const i = await start({
      canaries: [canary(`hang-if:${flag}`)],
      canaryMs: 200,
      restart: { max: 1, withinMs: 60_000 },
    })
    writeFileSync(flag, '')
    i.recycle(0)
    expect(await answer(i)).toMatch(/INS_CANARY: .*expected an answer; found none in 200 ms/)
    expect(i.health()).toMatchObject({ workers: 0, restarts: 1 })
  })

  it('leaves the frames to the other threads meanwhile', async () => {
    const i = await start({ workers: 2, canaries: [canary(`throw-if:${flag}`)] })
    writeFileSync(flag, '')
    i.recycle(0)
    for (let n = 0; n < 20; n++) {
      const { verdict, worker } = await i.inspect(frame()).outcome
      expect([verdict.result, worker]).toEqual(['pass', 'local/1'])
    }
  })
})

describe('a recipe that is prepared while the line runs', () => {
  it('has its golden template judged before the frames that wait, so that a line that drowns can go back', async () => {
    const i = await start({})
    let done = 0
    const frames = Array.from({ length: 20 }, () => {
      const job = frame()
      const { outcome } = i.inspect({ ...job, meta: { ...job.meta, source: 'slow:20' } })
      return outcome.then(() => (done += 1))
    })
    const dir = mkdtempSync(`${flag}-`)
    const png = await goodPng()
    writeFileSync(join(dir, 'golden.png'), png)
    const sha256 = createHash('sha256').update(png).digest('hex')
    const golden = { from: 'file', file: 'golden.png', sha256 } as const
    const view = { ...recipe.view, widthPx: WIDTH, heightPx: HEIGHT }
    const loaded = { id: 'sample@2', sha256: '', dir, file: '', recipe: { ...next, view, golden } }
    const spec = { line: 'l', plant: 'p', context: { shift: 'day' }, stations: [] as LineSpec['stations'] }
    await i.prepare({ recipe: loaded.recipe, dir })
    const judged = await judgeGolden(i, spec as LineSpec, loaded)
    expect(judged?.verdict.noVerdict).toBeNull()
    expect(done).toBeLessThan(20)
    await Promise.all(frames)
    rmSync(dir, { recursive: true })
  })

  it('has it judged by another worker when one dies with it, and by none that has failed', async () => {
    const i = await start({ workers: 2, restart: { max: 1, withinMs: 60_000 } })
    const first = async (name: string): Promise<string> =>
      (await i.inspectFirst(canaryJob(canary(name)))).verdict.result
    expect(await first(`die-once:${flag}`)).toBe('pass')
    await expect.poll(() => i.health().workers).toBe(2)
    i.recycle(0)
    expect(await first('test')).toBe('pass')
    await expect(first('die')).rejects.toThrow('INS_WORKER_LOST')
  })

  it('is refused, and the worker replaced, when its golden template never ends in native code', async () => {
    vi.useFakeTimers()
    const recycle = vi.fn()
    const seat = { life: 1, judge: () => new Promise(() => undefined), recycle }
    const judged = judgeOnSpare(seat as unknown as WorkerSeat, canaryJob(canary('endless')))
    const refused = expect(judged).rejects.toThrow('INS_WORKER_LOST')
    await vi.advanceTimersByTimeAsync(60_000)
    vi.useRealTimers()
    await refused
    expect(recycle).toHaveBeenCalledOnce()
  })

  it('is not taken when a canary that names it is judged differently; nothing else changes', async () => {
    const wrong = canary('good board', { recipe: 'sample@2', expect: { result: 'fail' } })
    const i = await start({ canaries: [canary('own'), wrong] })
    await expect(i.prepare({ recipe: next, dir: '.' })).rejects.toThrow(
      /INS_CANARY: .*local\/0, good board.*expected fail; found pass/,
    )
    expect(await answer(i, frame('sample@2'))).toMatch(/CFG_UNKNOWN_REFERENCE: .*sample@2/)
    expect(await answer(i)).toBe('pass')
    expect(i.health()).toMatchObject({ workers: 1, restarts: 0, degraded: null })
    await i.selfTest()
  })

  it('is taken when its canaries are judged right, and they are part of the self-test until it is retired', async () => {
    const i = await start({ canaries: [canary(`throw-if:${flag}`, { recipe: 'sample@2' })] })
    await i.prepare({ recipe: next, dir: '.' })
    expect(await answer(i, frame('sample@2'))).toBe('pass')
    writeFileSync(flag, '')
    await expect(i.selfTest()).rejects.toMatchObject({ code: 'INS_CANARY' })
    await i.retire('sample@2')
    await i.selfTest()
  })
})
