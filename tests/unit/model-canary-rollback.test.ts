import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CanaryWatch } from '../../bin/line/canary.ts'
import { Changeover, refOf } from '../../bin/life/changeover.ts'
import { startModelWatch } from '../../bin/life/model-watch.ts'
import { ShadowRuns } from '../../bin/life/shadow-runs.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { CodedError, lineSchema } from '../../contracts/index.ts'
import { type Canary, loadRecipe, type LocalInspector, RecipeRack } from '../../inspection/index.ts'
import { Activations, prepareLife, ShadowReports } from '../../models/index.ts'
import { openSql } from '../../traceability/index.ts'
import { goodPng, goodRecipe, type Workshop, workshop } from '../e2e/bad-samples.ts'
import { outcome } from './samples/station-ports.ts'

const spec = lineSchema.parse({
  line: 'l',
  plant: 'p',
  title: { en: 'L', zh: 'L' },
  context: { shift: 'day' },
  stations: [
    { id: 's1', recipe: 'ramp@1', budgetMs: 100, camera: { adapter: 'replay', path: 'images', rate: 1 } },
  ],
})

/** Workers whose canaries of `broken` recipes are judged differently. */
class Workers {
  readonly broken = new Set<string>()
  readonly loaded = new Set<string>()
  /** A recipe is loaded when this has resolved. */
  loading = Promise.resolve()
  /** Parts in work at a change are through when this has resolved. */
  through = Promise.resolve()
  inspectFirst = () => Promise.resolve(outcome('pass'))
  selfTest = (recipe?: string): Promise<void> =>
    recipe !== undefined && this.broken.has(recipe)
      ? Promise.reject(new CodedError('INS_CANARY', { path: recipe, expected: 'pass', actual: 'fail' }))
      : Promise.resolve()
}

let shop: Workshop
beforeEach(async () => {
  shop = workshop('rollback')
  const golden = await goodPng()
  writeFileSync(join(shop.dir, 'recipes', 'golden.png'), golden)
  mkdirSync(shop.data)
  const sha256 = createHash('sha256').update(golden).digest('hex')
  for (const version of [1, 2, 3])
    shop.recipe(
      goodRecipe({ version, golden: { from: 'file', file: 'golden.png', sha256 } }),
      `ramp@${version}`,
    )
})
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const close of closing.splice(0)) await close()
  shop.remove()
})

async function line() {
  const recipesDir = join(shop.dir, 'recipes')
  const first = await loadRecipe(recipesDir, 'ramp@1')
  const workers = new Workers()
  const canaries: Canary[] = []
  const active = new Map([['s1', first]])
  const local = workers as unknown as LocalInspector
  const canary = await CanaryWatch.start(local, canaries, spec, active)
  const events: { type: string; data: Record<string, unknown> }[] = []
  const activations = new Activations(
    prepareLife(openSql(':memory:', { synchronous: 'normal' }), 'activations'),
  )
  activations.resume('s1', refOf(first))
  const rack = new RecipeRack(
    {
      prepare: async (r) => {
        await workers.loading
        workers.loaded.add(r.id)
      },
      retire: (id) => Promise.resolve(void workers.loaded.delete(id)),
      addCanary: (r) => canary.add(r),
      dropCanary: (id) => canary.drop(id),
    },
    active.values(),
  )
  const switched: string[] = []
  const store = {
    emit: (e: { type: string; data: unknown }) =>
      Promise.resolve(void events.push({ type: e.type, data: e.data as Record<string, unknown> })),
  }
  const counts = prepareLife(openSql(':memory:', { synchronous: 'normal' }), 'counts')
  const watch = startModelWatch({
    spec,
    dataDir: shop.data,
    recipesDir,
    environment: readEnvironment({ SIGHTLINE_DATA_DIR: shop.data }),
    counts,
    active,
    known: new Map(),
    store: {
      ...store,
      recordFact: () => Promise.reject(new Error('nobody states a fact')),
      health: () => {
        throw new Error('nobody reviews')
      },
    },
    questions: {
      scoredAfter: () => Promise.resolve({ items: [], position: 0 }),
      part: () => Promise.resolve(null),
      reviewSaid: () => Promise.resolve(null),
    },
    log: { read: () => [], end: () => 0, onAppend: () => () => undefined },
    imagePath: () => null,
    diskAnswers: () => Promise.resolve(true),
    firstArticles: { doubted: () => Promise.resolve(), approved: () => Promise.resolve() },
  })
  closing.push(() => watch.close())
  const { raise } = watch
  const shadows = new ShadowRuns({
    spec,
    raise,
    recipesDir,
    rack,
    local,
    reports: new ShadowReports(counts),
    active,
    diskAnswers: () => Promise.resolve(true),
    onLoaded: () => undefined,
  })
  const changeover = new Changeover({
    spec,
    recipesDir,
    gatesDir: join(shop.data, 'gates'),
    active,
    engines: new Map([
      [
        's1',
        {
          switchTo: (r) => {
            switched.push(r.id)
            return workers.through
          },
        },
      ],
    ]),
    rack,
    canary,
    activations,
    store,
    raise,
    onActive: () => undefined,
  })
  canary.onFault(async (wrong) => {
    await changeover.canaryFailed(wrong)
    await shadows.canaryFailed(wrong)
  })
  canary.stop()
  const activate = (recipe: string) =>
    changeover.activate('s1', { recipe, by: 'local', reason: 'try', override: true })
  return {
    workers,
    canary,
    canaries,
    active,
    activations,
    events,
    switched,
    activate,
    changeover,
    shadows,
    watch,
  }
}

describe('a canary that fails while the line runs', () => {
  it('takes the station back to the recipe before, says so in the log, and releases parts again', async () => {
    const l = await line()
    await l.activate('ramp@2')
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime('2026-05-04T10:00:00Z')
    await l.canary.check()
    // A minute of parts passed before anybody could know.
    vi.setSystemTime('2026-05-04T10:01:00Z')
    l.workers.broken.add('ramp@2')
    await l.canary.check()
    expect(l.switched).toEqual(['ramp@2', 'ramp@1'])
    expect(l.activations.current('s1')).toMatchObject({
      recipe: { id: 'ramp@1' },
      cause: 'canary',
      by: 'sightline',
    })
    const [deployed, alarm] = l.events.slice(-2)
    expect(deployed).toMatchObject({
      type: 'qe.model.deployed.v1',
      data: { cause: 'canary', before: { id: 'ramp@2' }, after: { id: 'ramp@1' } },
    })
    expect(String(deployed?.data['reason'])).toMatch(
      /^INS_CANARY.*; parts that it passed since 2026-05-04T10:00:00\.000Z may be wrong$/,
    )
    expect(alarm).toMatchObject({
      type: 'qe.station.health.v1',
      data: { alarm: 'canary-rollback', active: true },
    })
    const [shown] = l.watch.alarms()
    expect(shown).toMatchObject({
      station: 's1',
      alarm: 'canary-rollback',
      code: 'INS_CANARY',
      message: {
        zh: expect.stringMatching(
          /^ramp@2 已退回到 ramp@1:INS_CANARY.*;自 2026-05-04T10:00:00\.000Z 起由其判为合格的工件可能有误$/,
        ) as string,
      },
    })
    await expect.poll(() => l.canary.fault).toBeNull()
    expect(l.canaries.map((c) => c.recipe)).toEqual(['ramp@1'])
  })

  it('holds what the failed recipe still has in work, also when its canary is judged right once more', async () => {
    const l = await line()
    await l.activate('ramp@2')
    let through = (): void => undefined
    l.workers.through = new Promise((resolve) => (through = resolve))
    l.workers.broken.add('ramp@2')
    await l.canary.check()
    expect(l.active.get('s1')?.id).toBe('ramp@1')
    l.workers.broken.clear()
    await l.canary.check()
    expect([l.canary.faultOf('ramp@2')?.code, l.canary.fault]).toEqual(['INS_CANARY', null])
    through()
    await expect.poll(() => l.canaries.map((c) => c.recipe)).toEqual(['ramp@1'])
    // Loaded anew, it has judged its canary on every worker.
    await l.activate('ramp@2')
    expect(l.canary.faultOf('ramp@2')).toBeNull()
  })

  it('holds the parts when there is nothing to go back to, and does not touch stations whose canary is right', async () => {
    const l = await line()
    l.workers.broken.add('ramp@1')
    await l.canary.check()
    expect(l.canary.fault?.code).toBe('INS_CANARY')
    expect(l.switched).toEqual([])
    // It is asked every minute, and told once.
    await l.canary.check()
    expect(l.events).toMatchObject([{ data: { alarm: 'canary-failed', active: true, code: 'INS_CANARY' } }])
    // Judged right once more, it lets parts go on; those that it passed before are gone.
    l.workers.broken.clear()
    await l.canary.check()
    expect(l.canary.fault).toBeNull()
    expect(l.watch.alarms().map((a) => a.message)).toEqual([
      {
        en: expect.stringMatching(
          /^ramp@1 could not be rolled back \(MDL_LIFE: .*none at s1\): INS_CANARY: .*; parts that it passed since .* may be wrong$/,
        ) as string,
        zh: expect.stringMatching(/^ramp@1 无法退回 \(MDL_LIFE:.*s1 没有\):INS_CANARY:/) as string,
      },
    ])
    await l.changeover.canaryFailed(new Map([['ramp@7', { code: 'INS_CANARY', message: '' }]]))
    expect(l.switched).toEqual([])
  })

  it('does not go back to a recipe whose canary now differs from the answer it gave before', async () => {
    const l = await line()
    await l.activate('ramp@2')
    for (const id of ['ramp@1', 'ramp@2']) l.workers.broken.add(id)
    await l.canary.check()
    expect(l.active.get('s1')?.id).toBe('ramp@2')
    expect(l.canary.fault?.code).toBe('INS_CANARY')
    expect([...l.workers.loaded]).toEqual(['ramp@2'])
  })

  it('leaves a station alone that took another recipe before its turn came', async () => {
    const l = await line()
    await l.activate('ramp@2')
    let loaded = (): void => undefined
    l.workers.loading = new Promise((resolve) => (loaded = resolve))
    const taking = l.activate('ramp@3')
    l.workers.broken.add('ramp@2')
    const checking = l.canary.check()
    await expect.poll(() => l.canary.fault?.code).toBe('INS_CANARY')
    loaded()
    await Promise.all([taking, checking])
    expect(l.switched).toEqual(['ramp@2', 'ramp@3'])
    expect(l.activations.current('s1').recipe.id).toBe('ramp@3')
    expect(l.canary.fault).toBeNull()
    expect(l.events.filter((e) => e.type === 'qe.station.health.v1')).toEqual([])
  })

  it('holds what the failed recipe judged, and what has no canary of its own, and nothing else', async () => {
    const l = await line()
    shop.recipe(goodRecipe({ version: 4 }), 'ramp@4')
    const second = await loadRecipe(join(shop.dir, 'recipes'), 'ramp@2')
    l.active.set('s2', second)
    await l.canary.add(second)
    l.workers.broken.add('ramp@1')
    await l.canary.check()
    expect(l.canary.fault?.message).toContain('ramp@1')
    const held = ['ramp@1', 'ramp@2', 'ramp@4'].filter((id) => l.canary.faultOf(id) !== null)
    expect(held).toEqual(['ramp@1', 'ramp@4'])
    l.workers.broken.clear()
    await l.canary.check()
    expect(l.canary.faultOf('ramp@1')).toBeNull()
  })

  it('ends a shadow with an alarm, and holds no part', async () => {
    const l = await line()
    await l.shadows.set('s1', 'ramp@2', 'local')
    l.workers.broken.add('ramp@2')
    await l.canary.check()
    expect([l.canary.fault, l.canary.faultOf('ramp@1'), l.switched]).toEqual([null, null, []])
    expect(l.shadows.state('s1')).toMatchObject({ running: null, report: { recipe: 'ramp@2' } })
    expect(l.events).toMatchObject([
      {
        type: 'qe.station.health.v1',
        data: { station: 's1', alarm: 'canary-shadow', active: true, code: 'INS_CANARY' },
      },
    ])
    expect(String(l.events[0]?.data['message'])).toMatch(/^the shadow ramp@2 was ended: /)
    expect([...l.workers.loaded, ...l.canaries.map((c) => c.recipe)]).toEqual(['ramp@1'])
  })

  it('refuses a recipe whose canary is known to be judged differently', async () => {
    const l = await line()
    const wrong = await loadRecipe(join(shop.dir, 'recipes'), 'ramp@2')
    await l.canary.add(wrong)
    l.workers.broken.add('ramp@2')
    await l.canary.check()
    l.workers.broken.clear()
    await expect(l.activate('ramp@2')).rejects.toMatchObject({ code: 'INS_CANARY' })
    expect([l.switched, l.active.get('s1')?.id]).toEqual([[], 'ramp@1'])
  })
})

describe('what is refused', () => {
  const CHINESE = /[\u4e00-\u9fff]/
  it('says in Chinese, too, what would have been right', async () => {
    const l = await line()
    const ask = (recipe: string, override: boolean, reason = 'try'): Promise<unknown> =>
      l.changeover.activate('s1', { recipe, by: 'li', reason, override })
    const asked = [
      () => ask('ramp@1', true),
      () => ask('ramp@2', true, ''),
      () => ask('ramp@2', false),
      () => l.changeover.rollback('s1', { by: 'li', reason: '' }),
      () => l.shadows.set('s1', 'ramp@1', 'li'),
    ]
    for (const refused of asked) {
      const error: unknown = await refused().catch((e: unknown) => e)
      const { detail } = error as CodedError
      expect(detail.expected).toBeTruthy()
      expect(detail.zh?.expected).toMatch(CHINESE)
      expect(detail.hint === undefined || CHINESE.test(detail.zh?.hint ?? '')).toBe(true)
    }
  })
})

describe('rolling back', () => {
  it('goes back once where the same wish comes twice', async () => {
    const l = await line()
    await l.activate('ramp@2')
    await l.activate('ramp@3')
    const wish = { by: 'li', reason: '', from: l.activations.current('s1').n }
    expect((await l.changeover.rollback('s1', wish)).recipe.id).toBe('ramp@2')
    await expect(l.changeover.rollback('s1', wish)).rejects.toMatchObject({ code: 'MDL_LIFE' })
    // Nor does somebody who saw the one before put another recipe over it.
    const late = l.changeover.activate('s1', { ...wish, recipe: 'ramp@3', reason: 'r', override: true })
    await expect(late).rejects.toMatchObject({ code: 'MDL_LIFE' })
    expect(l.active.get('s1')?.id).toBe('ramp@2')
  })

  it('goes one activation further each time and ends at the recipe of the line file', async () => {
    const l = await line()
    await l.activate('ramp@2')
    await l.activate('ramp@3')
    expect((await l.changeover.rollback('s1', { by: 'local', reason: '' })).recipe.id).toBe('ramp@2')
    expect((await l.changeover.rollback('s1', { by: 'local', reason: '' })).recipe.id).toBe('ramp@1')
    await expect(l.changeover.rollback('s1', { by: 'local', reason: '' })).rejects.toMatchObject({
      code: 'MDL_LIFE',
    })
    expect(l.activations.history('s1', 10).map((a) => [a.recipe.id, a.cause])).toEqual([
      ['ramp@1', 'rollback'],
      ['ramp@2', 'rollback'],
      ['ramp@3', 'activate'],
      ['ramp@2', 'activate'],
      ['ramp@1', 'line'],
    ])
    await expect.poll(() => [...l.workers.loaded]).toEqual(['ramp@1'])
  })

  it('refuses a recipe that was altered since', async () => {
    const l = await line()
    await l.activate('ramp@2')
    shop.recipe(goodRecipe({ title: { zh: '改', en: 'Altered' } }), 'ramp@1')
    await expect(l.changeover.rollback('s1', { by: 'local', reason: '' })).rejects.toMatchObject({
      code: 'CFG_INVALID',
    })
    expect(l.active.get('s1')?.id).toBe('ramp@2')
  })

  it('starts again with what was in force, unless the line file names another recipe', async () => {
    const l = await line()
    const one = l.activations.current('s1').recipe
    await l.activate('ramp@2')
    expect(l.activations.resume('s1', one).id).toBe('ramp@2')
    const three = refOf(await loadRecipe(join(shop.dir, 'recipes'), 'ramp@3'))
    expect(l.activations.resume('s1', three).id).toBe('ramp@3')
    expect(() => l.activations.previous('s1')).toThrow(/MDL_LIFE/)
  })
})
