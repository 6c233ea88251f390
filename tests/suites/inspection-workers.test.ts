import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type InspectJob, monoMs, uuidv7 } from '../../contracts/index.ts'
import { LocalInspector, type LocalInspectorOptions } from '../../inspection/index.ts'
import { DeadlineQueue } from '../../inspection/workers/deadline-queue.ts'
import { inspectorSuite } from './inspector.suite.ts'
import { context, noModels, raw, recipeOf } from '../unit/samples/inspection-recipes.ts'

const entry = new URL('./samples-inspect.worker.ts', import.meta.url)

inspectorSuite('local worker threads', async (setup) => {
  const inspector = await LocalInspector.start({ ...setup, entry, restart: { max: 100, withinMs: 60_000 } })
  return {
    inspector,
    killBusyWorker: () => {
      for (const worker of inspector.busyWorkers()) inspector.recycle(worker)
    },
    close: () => inspector.close(),
  }
})

const size = [8, 8] as const
const recipe = recipeOf(size, [{ id: 'b', use: 'blob@1', polarity: 'dark', threshold: 10, minAreaPx: 1 }])
const bright = new Uint8Array(64).fill(200)

const open = (more: Partial<LocalInspectorOptions> = {}): Promise<LocalInspector> =>
  LocalInspector.start({
    workers: 1,
    buffers: [],
    recipes: [{ recipe, dir: '.' }],
    models: noModels,
    entry,
    ...more,
  })

function job(budgetMs: number, source = 'test', recipeId = 'sample@1'): InspectJob {
  const now = monoMs()
  return {
    meta: {
      frameId: uuidv7(),
      station: 'st10',
      view: 'top',
      trigger: 1,
      cameraCounter: null,
      capturedAt: new Date().toISOString(),
      triggeredAtMs: now,
      format: raw(size),
      byteLength: 64,
      source,
      simulated: true,
    },
    pixels: { in: 'message', bytes: bright },
    recipe: recipeId,
    context,
    deadlineMs: now + budgetMs,
  }
}
const reason = async (o: ReturnType<LocalInspector['inspect']>['outcome']): Promise<string | undefined> =>
  (await o).verdict.noVerdict?.reason

describe('LocalInspector', () => {
  it('counts what does not fit into the queue as overload, the latest deadline first', async () => {
    const inspector = await open({ queueBound: 2 })
    const blocker = inspector.inspect(job(30_000, 'slow:300'))
    const late = inspector.inspect(job(20_000))
    const soon = inspector.inspect(job(10_000))
    const sooner = inspector.inspect(job(9_000))
    const tooMuch = inspector.inspect(job(25_000))
    expect(await reason(late.outcome)).toBe('overload')
    expect(await reason(tooMuch.outcome)).toBe('overload')
    expect(await tooMuch.settled).toBeNull()
    expect(await Promise.all([blocker, soon, sooner].map((o) => reason(o.outcome)))).toEqual(
      Array(3).fill(undefined),
    )
    expect(inspector.health()).toMatchObject({ completed: 3, failed: 2, queued: 0, workers: 1 })
    await inspector.close()
  })

  it('replaces a worker that hangs, and judges on', async () => {
    const inspector = await open({ stuckAfterMs: 100 })
    const stuck = inspector.inspect(job(100, 'hang'))
    expect(await reason(stuck.outcome)).toBe('deadline')
    expect(await stuck.settled).toBeNull()
    expect(await reason(inspector.inspect(job(20_000)).outcome)).toBeUndefined()
    expect(inspector.health()).toMatchObject({ restarts: 1, workers: 1, busy: 0 })
    await inspector.close()
  })

  it('closed while its worker starts, answers what was to be judged first', async () => {
    const inspector = await open()
    inspector.recycle(0)
    const first = inspector.inspectFirst(job(5_000)).then(
      () => 'judged',
      (error: unknown) => (error as { code?: string }).code,
    )
    await inspector.close()
    expect(await Promise.race([first, sleep(2_000, 'no answer')])).toBe('INS_WORKER_LOST')
  })

  it('gives up a seat after its restart budget and then says so at once', async () => {
    const inspector = await open({ restart: { max: 1, withinMs: 60_000 } })
    const first = inspector.inspect(job(20_000, 'die'))
    expect(await reason(first.outcome)).toBe('worker-lost')
    const second = inspector.inspect(job(20_000))
    expect(await reason(second.outcome)).toBe('worker-lost')
    expect(inspector.health().workers).toBe(0)
    expect(inspector.health().degraded?.en).toContain('1 of 1 workers are down')
    await inspector.close()
  })

  it('survives an exception in a worker as a no-verdict of that frame', async () => {
    const inspector = await open()
    expect(await reason(inspector.inspect(job(20_000, 'throw')).outcome)).toBe('tool')
    expect(inspector.health()).toMatchObject({ restarts: 0, completed: 1 })
    await inspector.close()
  })

  it('prepares a recipe while it runs, switches, retires', async () => {
    const inspector = await open({ workers: 2 })
    const next = { ...recipe, version: 2 }
    expect(await reason(inspector.inspect(job(20_000, 'test', 'sample@2')).outcome)).toBe('tool')
    await inspector.prepare({ recipe: next, dir: '.' })
    const { verdict } = await inspector.inspect(job(20_000, 'test', 'sample@2')).outcome
    expect([verdict.result, verdict.recipe]).toEqual(['pass', 'sample@2'])
    await inspector.retire('sample@1')
    expect(await reason(inspector.inspect(job(20_000)).outcome)).toBe('tool')
    await inspector.close()
  })

  it('keeps judging when a new recipe does not load', async () => {
    const inspector = await open()
    const broken = recipeOf(
      size,
      [{ id: 'm', use: 'model@1', model: 'none', sha256: 'a'.repeat(64), threshold: 0 }],
      {
        version: 3,
      },
    )
    await expect(inspector.prepare({ recipe: broken, dir: '.' })).rejects.toMatchObject({
      code: 'MDL_UNKNOWN',
    })
    expect(await reason(inspector.inspect(job(20_000)).outcome)).toBeUndefined()
    await inspector.close()
  })

  it('gives up a recipe that is not loaded in time, and judges on with another thread', async () => {
    const inspector = await open({ loadMs: 2_000 })
    const endless = { ...recipe, recipe: 'endless' }
    await expect(inspector.prepare({ recipe: endless, dir: '.' })).rejects.toThrow(
      /MDL_LOAD: .*endless@1.*within 2 s; found no end after 2 s, on local\/0/,
    )
    expect(await reason(inspector.inspect(job(20_000)).outcome)).toBeUndefined()
    expect(inspector.health()).toMatchObject({ restarts: 1, workers: 1, busy: 0 })
    await inspector.close()
    await expect(open({ loadMs: 2_000, recipes: [{ recipe: endless, dir: '.' }] })).rejects.toMatchObject({
      code: 'MDL_LOAD',
    })
  })

  it('does not start with a recipe that does not load', async () => {
    const broken = recipeOf(size, [
      { id: 'm', use: 'model@1', model: 'none', sha256: 'a'.repeat(64), threshold: 0 },
    ])
    await expect(open({ recipes: [{ recipe: broken, dir: '.' }] })).rejects.toMatchObject({
      code: 'MDL_UNKNOWN',
    })
  })

  it('does not start when a canary is judged differently', async () => {
    const canary = { name: 'good board', recipe: 'sample@1', context, bytes: bright, format: raw(size) }
    const inspector = await open({ canaries: [{ ...canary, expect: { result: 'pass', classes: [] } }] })
    await inspector.selfTest()
    await inspector.close()
    await expect(open({ canaries: [{ ...canary, expect: { result: 'fail' } }] })).rejects.toThrow(
      /INS_CANARY: .*local\/0, good board.*expected fail; found pass/,
    )
  })

  it('finishes what runs and interrupts what waits when it is closed', async () => {
    const inspector = await open()
    const running = inspector.inspect(job(20_000, 'slow:200'))
    const waiting = inspector.inspect(job(20_000))
    await sleep(50)
    const closed = inspector.close()
    expect(await reason(waiting.outcome)).toBe('interrupted')
    expect(await reason(running.outcome)).toBeUndefined()
    await closed
    expect(await reason(inspector.inspect(job(20_000)).outcome)).toBe('interrupted')
  })
})

describe('DeadlineQueue', () => {
  it('is ordered, stable and bounded', () => {
    const queue = new DeadlineQueue<{ deadlineMs: number; name: string }>(3)
    const put = (deadlineMs: number, name: string): string | undefined =>
      queue.push({ deadlineMs, name })?.name
    expect([put(5, 'a'), put(3, 'b'), put(5, 'c')]).toEqual([undefined, undefined, undefined])
    expect(put(9, 'd')).toBe('d')
    expect(put(1, 'e')).toBe('c')
    queue.putBack({ deadlineMs: 3, name: 'f' })
    const order: (string | undefined)[] = []
    for (let next = queue.shift(); next; next = queue.shift()) order.push(next.name)
    expect(order).toEqual(['e', 'f', 'b', 'a'])
  })
})
