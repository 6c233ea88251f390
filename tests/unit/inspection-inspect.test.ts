import { afterAll, describe, expect, it } from 'vitest'
import { canonicalJson, errorText, type Verdict } from '../../contracts/index.ts'
import { inspect, type ModelSetup, type PreparedRecipe, prepareRecipe } from '../../inspection/index.ts'
import { compileGate } from '../../inspection/gate/index.ts'
import { PartImage } from '../../inspection/pipeline/part-image.ts'
import { checkRegions } from '../../models/index.ts'
import { writeToyPackage } from '../suites/toy-models.ts'
import { context, noModels, prepare, raw, recipeOf, render } from './samples/inspection-recipes.ts'

const size = [40, 30] as const
const blob = { id: 'b', use: 'blob@1', polarity: 'dark', threshold: 60, minAreaPx: 1 }
const sharp = render(size, (x, y) => ((Math.floor(x / 2) + Math.floor(y / 2)) % 2 ? 70 : 190))

async function judge(prepared: PreparedRecipe, bytes: Uint8Array): Promise<Verdict> {
  return (await inspect({ bytes, format: raw(size) }, prepared, context)).verdict
}

describe('inspect', () => {
  it('gives the same bytes for the same pixels, whatever ran in between', async () => {
    const prepared = await prepare(recipeOf(size, [blob, { ...blob, id: 'o', threshold: 'otsu' }]))
    const other = render(size, (x) => x * 5)
    const first = canonicalJson(await judge(prepared, other))
    await judge(prepared, sharp)
    await judge(prepared, new Uint8Array(3))
    const second = canonicalJson(await judge(await prepare(prepared.recipe), other))
    expect(second).toBe(first)
    const both = await Promise.all([judge(prepared, other), judge(prepared, sharp), judge(prepared, other)])
    expect([canonicalJson(both[0]), canonicalJson(both[2])]).toEqual([first, first])
  })

  it('names recipe, hash, rule trace and stage times', async () => {
    const prepared = await prepare(recipeOf(size, [blob]))
    const o = await inspect({ bytes: sharp, format: raw(size) }, prepared, context, {
      worker: 'w',
      queueMs: 5,
    })
    expect(o.verdict).toMatchObject({
      result: 'pass',
      recipe: 'sample@1',
      recipeSha256: prepared.sha256,
      trace: { ruleset: 'sample@1', decidedBy: 'clean' },
      noVerdict: null,
    })
    expect(prepared.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(o).toMatchObject({ widthPx: 40, heightPx: 30, worker: 'w', timing: { queueMs: 5 } })
    expect(Object.keys(o.timing.toolsMs)).toEqual(['b'])
    expect(o.timing.totalMs).toBeGreaterThan(5)
  })

  it('never passes a part that no rule speaks about', async () => {
    const rules = [
      {
        id: 'only-bad',
        when: 'findings.size() > 5',
        verdict: 'fail',
        disposition: 'scrap',
        reason: { zh: '坏', en: 'Bad' },
      },
    ]
    const v = await judge(await prepare(recipeOf(size, [blob], { rules })), sharp)
    expect(v).toMatchObject({
      result: 'inconclusive',
      disposition: 'hold',
      noVerdict: { reason: 'rule', code: 'INS_RULE' },
    })
  })
})

describe('quality gate', () => {
  const limits = async (gate: object, pixels: Uint8Array, more: object = {}): Promise<Verdict> =>
    judge(await prepare(recipeOf(size, [blob], { gate, ...more })), pixels)
  const blurred = render(size, (x, y) => 128 + 40 * Math.sin(x / 6) + 20 * Math.cos(y / 7))
  /** Vertical stripes only: what horizontal motion blur across them would not leave, vertical blur does. */
  const smeared = render(size, (x) => (Math.floor(x / 2) % 2 ? 70 : 190))

  it('measures nothing wrong on a good image', async () => {
    const v = await limits(
      {
        focusMin: 500,
        meanGreyMin: 100,
        meanGreyMax: 160,
        glareMax: 0.01,
        darkMax: 0.01,
        blurAnisotropyMax: 1.5,
      },
      sharp,
    )
    expect(v.noVerdict).toBeNull()
    // 2 × 2 checkerboard of 70 and 190: every Laplacian is ±240, so its variance is 240² minus the squared mean
    expect(Math.abs((v.quality?.focus ?? 0) - 57_600)).toBeLessThan(600)
    expect(v.quality?.meanGrey).toBe(130)
  })
  it('refuses what is out of focus, dark, bright, glaring, smeared or empty, saying measured and limit', async () => {
    const presence = {
      rois: { nest: { shape: 'rect', box: [10, 10, 30, 20] } },
    }
    const cases: [object, Uint8Array, RegExp, object?][] = [
      [{ focusMin: 100 }, blurred, /focusMin 100; found [\d.]+;/],
      [{ meanGreyMin: 60 }, new Uint8Array(1200).fill(30), /meanGreyMin 60; found 30;/],
      [{ meanGreyMax: 200 }, new Uint8Array(1200).fill(240), /meanGreyMax 200; found 240;/],
      [{ glareMax: 0.2 }, render(size, (x) => (x < 20 ? 255 : 100)), /glareMax 0.2; found 0.5;/],
      [{ darkMax: 0.2 }, render(size, (x) => (x < 10 ? 0 : 100)), /darkMax 0.2; found 0.25;/],
      [{ blurAnisotropyMax: 4 }, smeared, /blurAnisotropyMax 4; found/],
      [
        { presence: { roi: 'nest', stdMin: 5 } },
        new Uint8Array(1200).fill(99),
        /presence 5; found 0; no part/,
        presence,
      ],
    ]
    for (const [gate, pixels, text, more] of cases) {
      const v = await limits(gate, pixels, more)
      expect(v).toMatchObject({
        result: 'inconclusive',
        disposition: 'hold',
        noVerdict: { reason: 'quality', code: 'INS_QUALITY' },
      })
      expect(v.noVerdict?.message).toMatch(text)
      expect(v.quality).not.toBeNull()
      expect(v.findings).toEqual([])
    }
  })
  it('names every violated limit', async () => {
    const v = await limits({ meanGreyMin: 60, focusMin: 10 }, new Uint8Array(1200).fill(30))
    expect(v.noVerdict?.message).toContain('expected focusMin 10, meanGreyMin 60; found 0, 30')
  })
  it('advises about the cause: a picture without light, or of the empty belt, is not sharp either', async () => {
    const advice = async (gate: object, grey: number): Promise<unknown> => {
      const v = await limits(gate, new Uint8Array(1200).fill(grey))
      const { en, zh } = errorText(v.noVerdict ?? { code: '', message: '' })
      return [en, zh].map((text) => text.split(/; |;/).at(-1))
    }
    const light = { focusMin: 10, meanGreyMin: 60, meanGreyMax: 200 }
    expect(await advice(light, 0)).toEqual(['check the lamp and the exposure', '请检查光源和曝光'])
    expect(await advice(light, 255)).toEqual(['check the exposure', '请检查曝光'])
    expect(await advice(light, 100)).toEqual([
      'check focus and dirt on the lens',
      '请检查对焦以及镜头是否脏污',
    ])
  })
  it('measures colour frames by their luma', () => {
    const gate = compileGate(recipeOf(size, [blob], { view: { widthPx: 40, heightPx: 30, color: 'rgb' } }))
    const red = Uint8Array.from({ length: 3600 }, (_, i) => (i % 3 === 0 ? 255 : 0))
    const image = new PartImage({ data: red, widthPx: 40, heightPx: 30, channels: 3 })
    expect(gate(image).quality.meanGrey).toBe(76)
  })
  it('samples rows of large frames', () => {
    const big = [1000, 1000] as const
    const gate = compileGate(recipeOf(big, [blob]))
    const half = render(big, (_, y) => (y < 500 ? 0 : 200))
    const { quality } = gate(new PartImage({ data: half, widthPx: 1000, heightPx: 1000, channels: 1 }))
    expect(Math.abs(quality.meanGrey - 100)).toBeLessThan(2)
    expect(Math.abs(quality.dark - 0.5)).toBeLessThan(0.01)
  })
})

describe('model@1', async () => {
  const box = [4, 6, 12, 14] as const
  const rows = [
    { box: [...box] as [number, number, number, number], label: 0, score: 0.9 },
    { box: [20, 10, 30, 20] as [number, number, number, number], label: 1, score: 0.6 },
  ]
  const frame = { widthPx: size[0], heightPx: size[1] }
  const toy = await writeToyPackage({
    toy: { kind: 'decoded', rows, pair: true },
    size: frame,
    nanWhenBlack: true,
  })
  const map = await writeToyPackage({ toy: { kind: 'anomaly' }, size: frame })
  afterAll(async () => {
    await toy.remove()
    await map.remove()
  })
  const setup = (t: typeof toy): ModelSetup => ({
    ...noModels,
    modelDirs: [t.root],
    trustedKeys: t.trustedKeys,
  })
  const spec = { id: 'm', use: 'model@1', model: toy.id, sha256: toy.sha256, threshold: 0.3 }
  const white = new Uint8Array(1200).fill(255)
  const black = new Uint8Array(1200)
  const pair = async (
    prepared: PreparedRecipe,
    image: Uint8Array,
    template: Uint8Array,
  ): Promise<Verdict> => {
    const reference = { bytes: template, format: raw(size) }
    return (await inspect({ bytes: image, format: raw(size), reference }, prepared, context)).verdict
  }
  const golden = { golden: { from: 'frame' } }

  it.each([
    [
      'of 5 where scores are probabilities',
      { threshold: 5 },
      /CFG_INVALID.*tools\.m\.threshold.*from 0\.05 to 1.*found 5/,
    ],
    ['below the floor of the model', { threshold: 0.04 }, /CFG_INVALID.*from 0\.05 to 1.*found 0\.04/],
    ['below 0', { threshold: -0.1 }, /CFG_INVALID.*found -0\.1/],
    ['of a class above 1', { thresholds: { 'class-1': 50 } }, /CFG_INVALID.*thresholds\.class-1.*found 50/],
    ['of an unknown class', { thresholds: { dnet: 0.5 } }, /CFG_UNKNOWN_REFERENCE.*class-0.*found dnet/],
  ])(
    'refuses a threshold %s: it would be reached never, or by what is not looked at',
    async (_, over, message) => {
      const recipe = recipeOf(size, [{ ...spec, ...over }], golden)
      await expect(prepareRecipe({ recipe, dir: '.' }, setup(toy))).rejects.toThrow(message)
    },
  )

  it.each([
    ['roi', { roi: 'left' }, /CFG_INVALID.*tools\.m\.roi.*judges the whole image; found left/],
    ['excluded region', { exclude: ['left'] }, /CFG_INVALID.*tools\.m\.exclude.*found left/],
  ])('refuses an %s of a classifier, whose findings lie nowhere', async (_, over, message) => {
    const classes = await writeToyPackage({
      toy: { kind: 'classification', gain: [1, 0.5], bias: [0, 0] },
      size: frame,
    })
    const tool = { ...spec, model: classes.id, sha256: classes.sha256 }
    const regions = { rois: { left: { shape: 'rect', box: [0, 0, 10, 30] } } }
    const prepared = (more: object): Promise<PreparedRecipe> =>
      prepareRecipe({ recipe: recipeOf(size, [{ ...tool, ...more }], regions), dir: '.' }, setup(classes))
    await expect(prepared(over)).rejects.toThrow(message)
    const judging = await prepared({})
    const { card } = judging.tools[0]?.model ?? {}
    if (card === undefined) throw new Error('no model')
    // Beside a registration a region is demanded: it says what the frame must show.
    const beside = (more: { roi?: string; exclude?: string[] }): void =>
      checkRegions(card, { exclude: [], ...more }, 'tools.m', true)
    expect(() => beside({ roi: 'left' })).not.toThrow()
    expect(() => beside({ roi: 'left', exclude: ['left'] })).toThrow(/tools\.m\.exclude/)
    await judging.close()
    await classes.remove()
  })

  it('tells by its meaning which host has other labels behind the same network', async () => {
    const meant = async (labels: string[]): Promise<string> => {
      const classes = await writeToyPackage({
        toy: { kind: 'classification', gain: [1, 0.5], bias: [0, 0] },
        size: frame,
        labels,
      })
      const tool = { ...spec, model: classes.id, sha256: classes.sha256 }
      const prepared = await prepareRecipe(
        { recipe: recipeOf(size, [tool]), dir: '.' },
        setup(classes),
      ).finally(() => classes.remove())
      await prepared.close()
      return `${prepared.sha256} ${classes.sha256} ${prepared.meaningSha256}`
    }
    const here = await meant(['crack', 'good'])
    expect(await meant(['crack', 'good'])).toBe(here)
    const there = await meant(['good', 'crack'])
    expect(there).not.toBe(here)
    // Neither the recipe nor the network tells.
    expect(there.slice(0, 129)).toBe(here.slice(0, 129))
  })

  it('takes any threshold for scores that are no probabilities', async () => {
    const tool = { ...spec, model: map.id, sha256: map.sha256, threshold: 50 }
    await expect(
      prepareRecipe({ recipe: recipeOf(size, [tool]), dir: '.' }, setup(map)),
    ).resolves.toBeDefined()
  })

  it('reports findings by falling raw score with the hash of the model', async () => {
    const prepared = await prepareRecipe({ recipe: recipeOf(size, [spec], golden), dir: '.' }, setup(toy))
    const v = await pair(prepared, white, black)
    expect(v.findings).toMatchObject([
      { id: 'm/0', class: 'class-0', box, modelSha256: toy.sha256, use: 'model@1' },
      { id: 'm/1', class: 'class-1', box: [20, 10, 30, 20] },
    ])
    expect(v.findings[0]?.score).toBeCloseTo(0.9, 5)
    expect(v.models).toEqual([{ id: toy.id, version: '1.0.0', sha256: toy.sha256, provider: 'cpu' }])
    await prepared.close()
  })
  it('does not pass a part with more findings than rules look at', async () => {
    const rule = (id: string, when: string, verdict: string, disposition: string) => ({
      id,
      when,
      verdict,
      disposition,
      reason: { zh: '无', en: 'none' },
    })
    const judged = async (maxFindings: number, bad: string, more: object = {}): Promise<Verdict> => {
      const rules = [
        rule('bad', `findings.exists(f, f.class == "${bad}")`, 'fail', 'rework'),
        rule('ok', 'true', 'pass', 'release'),
      ]
      const tool = { ...spec, maxFindings, ...more }
      const rois = { right: { shape: 'rect', box: [18, 8, 40, 30] } }
      const recipe = recipeOf(size, [tool], { ...golden, rules, rois })
      const prepared = await prepareRecipe({ recipe, dir: '.' }, setup(toy))
      const verdict = await pair(prepared, white, black)
      await prepared.close()
      return verdict
    }
    expect(await judged(2, 'class-1')).toMatchObject({ result: 'fail' })
    expect(await judged(1, 'class-0')).toMatchObject({ result: 'fail', findings: [{ class: 'class-0' }] })
    const cut = await judged(1, 'class-1')
    expect(cut).toMatchObject({
      result: 'inconclusive',
      disposition: 'hold',
      findings: [{ class: 'class-0' }],
      noVerdict: { reason: 'tool', code: 'INS_TOOL' },
    })
    expect(cut.noVerdict?.message).toMatch(/m\).*at most 1 findings \(maxFindings\).*found 2/)
    // The room is for what lies in the region: the higher score outside does not take it.
    const inside = await judged(1, 'class-1', { roi: 'right' })
    expect(inside).toMatchObject({ result: 'fail', findings: [{ class: 'class-1' }] })
  })
  it('turns NaN into a no-verdict, never into "nothing found"', async () => {
    const prepared = await prepareRecipe({ recipe: recipeOf(size, [spec], golden), dir: '.' }, setup(toy))
    const v = await pair(prepared, white, white)
    expect(v).toMatchObject({
      result: 'inconclusive',
      disposition: 'hold',
      noVerdict: { reason: 'tool', code: 'MDL_OUTPUT' },
    })
    await prepared.close()
  })
  it('shows the model the template in excluded regions and drops findings there', async () => {
    const recipe = recipeOf(size, [{ ...spec, threshold: 0.05, exclude: ['label'] }], {
      ...golden,
      rois: { label: { shape: 'rect', box: [0, 0, 20, 30] } },
    })
    const prepared = await prepareRecipe({ recipe, dir: '.' }, setup(toy))
    const v = await pair(prepared, white, black)
    // half of the pixels are now equal, so the toy's level, the mean difference, is one half
    expect(v.findings.map((f) => [f.class, f.box])).toEqual([['class-1', [20, 10, 30, 20]]])
    expect(v.findings[0]?.score).toBeCloseTo(0.3, 5)
    await prepared.close()
  })
  it('keeps only findings inside its region', async () => {
    const recipe = recipeOf(size, [{ ...spec, roi: 'left' }], {
      ...golden,
      rois: { left: { shape: 'rect', box: [0, 0, 20, 30] } },
    })
    const prepared = await prepareRecipe({ recipe, dir: '.' }, setup(toy))
    expect((await pair(prepared, white, black)).findings.map((f) => f.class)).toEqual(['class-0'])
    await prepared.close()
  })
  it('sends a map in 8 bits with its true range, and named scores', async () => {
    const anomaly = { ...spec, model: map.id, sha256: map.sha256, threshold: 100 }
    const prepared = await prepareRecipe({ recipe: recipeOf(size, [anomaly]), dir: '.' }, setup(map))
    const image = new Uint8Array(1200).fill(100)
    image[5 * 40 + 7] = 220
    const v = await judge(prepared, image)
    const [m] = v.maps
    expect(m).toMatchObject({ tool: 'm', widthPx: 40, heightPx: 30 })
    const bytes = Buffer.from(m?.data ?? '', 'base64')
    expect(bytes.length).toBe(1200)
    expect(bytes.indexOf(255)).toBe(5 * 40 + 7)
    // the toy's map is |x - mean| with mean 100.1
    expect(m?.max).toBeCloseTo(119.9, 3)
    expect(Object.keys(v.scores).every((k) => k.startsWith('m.'))).toBe(true)
    await prepared.close()
  })
  it('refuses a pair model without a golden template, an unknown hash, and an untrusted key', async () => {
    const load = (tools: unknown[], models = setup(toy), more = {}): Promise<PreparedRecipe> =>
      prepareRecipe({ recipe: recipeOf(size, tools, more), dir: '.' }, models)
    await expect(load([spec])).rejects.toMatchObject({ code: 'CFG_UNKNOWN_REFERENCE' })
    await expect(load([{ ...spec, sha256: 'f'.repeat(64) }], setup(toy), golden)).rejects.toMatchObject({
      code: 'MDL_UNKNOWN',
    })
    await expect(load([spec], { ...setup(toy), trustedKeys: {} }, golden)).rejects.toMatchObject({
      code: 'MDL_SIGNATURE',
    })
  })
})
