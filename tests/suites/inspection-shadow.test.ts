import { afterEach, describe, expect, it } from 'vitest'
import { CodedError, type InspectJob, monoMs, uuidv7 } from '../../contracts/index.ts'
import { canaryJob, LocalInspector, Shadow, type ShadowComparison } from '../../inspection/index.ts'
import type { JudgedPart } from '../../inspection/engine/index.ts'
import { challenged } from '../../inspection/engine/outcome.ts'
import { context, noModels, raw, recipeOf } from '../unit/samples/inspection-recipes.ts'
import { frame, outcome } from '../unit/samples/station-ports.ts'

const size = [2, 2] as const
const dark = { id: 'b', use: 'blob@1', polarity: 'dark', threshold: 10, minAreaPx: 1 }
const active = recipeOf(size, [dark])
const candidate = { ...recipeOf(size, [{ ...dark, threshold: 250 }]), version: 2 }
const grey = new Uint8Array(4).fill(100)
/** How long the shadow blocks its worker, ms. */
const SLOW = 1_500

let inspector: LocalInspector | null = null
afterEach(async () => {
  await inspector?.close()
})
const start = async (workers: number): Promise<LocalInspector> =>
  (inspector = await LocalInspector.start({
    workers,
    buffers: [],
    recipes: [active, candidate].map((recipe) => ({ recipe, dir: '.' })),
    models: noModels,
    entry: new URL('./samples-inspect.worker.ts', import.meta.url),
  }))
const job = (source: string, recipe = 'sample@1'): InspectJob => {
  const { meta, ...rest } = canaryJob({
    name: source,
    recipe,
    context,
    bytes: grey,
    format: raw(size),
    expect: { result: 'pass' },
  })
  return { ...rest, meta: { ...meta, frameId: uuidv7() }, deadlineMs: monoMs() + 20_000 }
}

describe('a worker for what nobody waits for', () => {
  it('is only given when another one stays idle, and frames that come meanwhile do not wait for it', async () => {
    const i = await start(2)
    expect(i.hasSpare(2)).toBe(false)
    const shadow = i.inspectSpare(job(`slow:${SLOW}`, 'sample@2'), 1)
    expect(shadow).not.toBeNull()
    expect(i.inspectSpare(job('test', 'sample@2'), 1)).toBeNull()
    for (let n = 0; n < 10; n++) {
      const { verdict, timing } = await i.inspect(job('test')).outcome
      expect(verdict.result).toBe('pass')
      // Queueing behind the shadow would take the rest of its time.
      expect(timing.queueMs).toBeLessThan(SLOW / 3)
    }
    expect((await shadow)?.verdict).toMatchObject({ result: 'fail', recipe: 'sample@2' })
    expect(i.hasSpare(1)).toBe(true)
  })

  it('is never the only one, and never one that a frame waits for', async () => {
    const single = await start(1)
    expect(single.inspectSpare(job('test', 'sample@2'), 1)).toBeNull()
    await single.close()
    const i = await start(2)
    const busy = [i.inspect(job('slow:300')), i.inspect(job('slow:300')), i.inspect(job('test'))]
    expect(i.hasSpare(0)).toBe(false)
    await Promise.all(busy.map((b) => b.outcome))
  })
})

describe('Shadow', () => {
  const part = (trigger: number): JudgedPart =>
    ({ station: 's1', trigger, inspectionId: uuidv7(), outcome: outcome('pass') }) as JudgedPart
  const here = { ...context, station: 's1' }
  const frameOf = (trigger: number) => {
    const item = frame(trigger)
    if (item.kind !== 'frame') throw new Error('no frame')
    item.frame.bytes.fill(100)
    return item.frame
  }

  it('compares after the part was settled, counts what it had no worker for, and ends when told', async () => {
    const i = await start(2)
    const seen: ShadowComparison[] = []
    const shadow = new Shadow(i, 1, (c) => seen.push(c))
    await shadow.after(Promise.resolve(part(1)), frameOf(1), here)
    shadow.set('s1', 'sample@2')
    let settle: (p: JudgedPart) => void = () => undefined
    const f = frameOf(2)
    const looked = shadow.after(new Promise<JudgedPart>((resolve) => (settle = resolve)), f, here)
    expect(shadow.counts('s1')).toEqual({ judged: 0, skipped: 0, failed: 0 })
    settle(part(2))
    await looked
    // The slot may be filled anew from here on: the shadow has its own copy.
    f.bytes.fill(255)
    await shadow.after(Promise.resolve(part(3)), frameOf(3), here)
    await expect.poll(() => shadow.counts('s1')).toEqual({ judged: 1, skipped: 1, failed: 0 })
    expect(
      seen.map((c) => [c.part.trigger, c.part.outcome.verdict.result, c.outcome.verdict.result]),
    ).toEqual([[2, 'pass', 'fail']])
    shadow.set('s1', null)
    await shadow.after(Promise.resolve(part(4)), frameOf(4), here)
    expect(seen).toHaveLength(1)
    expect(shadow.counts('s1')).toBeNull()
  })

  it('looks at no challenge part, which would disagree with every candidate', async () => {
    const seen: number[] = []
    const shadow = new Shadow(await start(2), 1, ({ part: { trigger } }) => seen.push(trigger))
    shadow.set('s1', 'sample@2')
    const check = {
      code: 'NG',
      expected: { result: 'fail', classes: [] },
      actual: null,
      right: false,
    } as const
    const known = challenged(outcome('fail'), { id: 'sample@1', sha256: '' }, check)
    await shadow.after(Promise.resolve({ ...part(1), outcome: known }), frameOf(1), here)
    expect(shadow.counts('s1')).toEqual({ judged: 0, skipped: 0, failed: 0 })
    await shadow.after(Promise.resolve(part(2)), frameOf(2), here)
    await expect.poll(() => shadow.counts('s1')).toEqual({ judged: 1, skipped: 0, failed: 0 })
    expect(seen).toEqual([2])
  })

  it('loses what cannot be kept, as on a full disk, and nothing else', async () => {
    const unhandled: unknown[] = []
    const note = (why: unknown): void => void unhandled.push(why)
    process.on('unhandledRejection', note)
    try {
      const shadow = new Shadow(await start(2), 1, ({ part: { trigger } }) => {
        if (trigger === 1) throw new CodedError('TRC_DISK_FULL')
      })
      shadow.set('s1', 'sample@2')
      await shadow.after(Promise.resolve(part(1)), frameOf(1), here)
      await expect.poll(() => shadow.counts('s1')).toEqual({ judged: 0, skipped: 0, failed: 1 })
      await shadow.after(Promise.resolve(part(2)), frameOf(2), here)
      await expect.poll(() => shadow.counts('s1')).toEqual({ judged: 1, skipped: 0, failed: 1 })
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  it('does not reject with a part that failed, so that its slot is given back', async () => {
    const shadow = new Shadow(await start(2), 1, () => undefined)
    shadow.set('s1', 'sample@2')
    await shadow.after(Promise.reject(new Error('gone')), frameOf(1), here)
    expect(shadow.counts('s1')).toEqual({ judged: 0, skipped: 0, failed: 1 })
  })
})
