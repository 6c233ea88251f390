import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluationText } from '../../bin/jobs/evaluation-text.ts'
import { type ModelCard, type Recipe, recipeSchema } from '../../contracts/index.ts'
import {
  compareResults,
  type EvaluationResult,
  evaluate,
  evaluationResultSchema,
  exportDetections,
  exportSampleBoards,
  openableTools,
  openDataset,
  openThresholds,
  quantiles,
  recipeOfPackage,
  renderReport,
  reportedFindings,
} from '../../datasets/index.ts'
import { inspect, type ModelSetup, prepareRecipe } from '../../inspection/index.ts'
import { findPackages, loadTrustedKeys, PACKAGES_DIR, TRUSTED_KEYS_FILE } from '../../models/index.ts'

let dir = ''
let models: ModelSetup
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sightline-evaluate-'))
  await exportSampleBoards(dir, { count: 8, seed: 3, products: 4, valShare: 0, cleanShare: 0.4 })
  models = {
    modelDirs: [PACKAGES_DIR],
    providers: ['cpu'],
    trustedKeys: await loadTrustedKeys(TRUSTED_KEYS_FILE),
    intraOpThreads: 1,
  }
})
afterAll(() => rm(dir, { recursive: true }))

/** Template comparison of pairs; no model. */
const comparison = (): Recipe =>
  recipeSchema.parse({
    recipe: 'compare',
    version: 1,
    title: { en: 'compare', zh: '比较' },
    product: { id: 'boards' },
    view: { widthPx: 640, heightPx: 640 },
    golden: { from: 'frame' },
    tools: [{ id: 'copper', use: 'template@1', threshold: 90, tolerancePx: 2, minAreaPx: 12 }],
    rules: [
      {
        id: 'bad',
        when: 'findings.size() > 0',
        condemns: 'true',
        verdict: 'fail',
        disposition: 'rework',
        reason: { en: 'differs', zh: '不同' },
      },
      {
        id: 'good',
        when: 'findings.size() == 0',
        verdict: 'pass',
        disposition: 'release',
        reason: { en: 'same', zh: '相同' },
      },
    ],
  })

describe('evaluation', () => {
  let result: EvaluationResult

  it('judges every image, keeps the unreadable and gives rates that add up', async () => {
    const dataset = await openDataset(dir)
    const broken = dataset.items[0]
    if (!broken) throw new Error('no items')
    // A JPEG cut off in the middle.
    const whole = await readFile(broken.image)
    await writeFile(broken.image, whole.subarray(0, 3000))
    const seen: number[] = []
    try {
      result = await evaluate({
        dataset,
        models,
        subject: { kind: 'recipe', source: { recipe: comparison(), dir } },
        workers: 2,
        onProgress: (done) => seen.push(done),
      })
    } finally {
      await writeFile(broken.image, whole)
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(result.images.map((i) => i.id)).toEqual(dataset.items.map((i) => i.id))
    expect(result.noVerdicts.decode?.map((n) => n.id)).toEqual([broken.id])
    expect(result.images[0]).toMatchObject({ verdict: 'inconclusive', detections: [] })
    const j = result.judgement
    expect(j?.parts).toBe(8)
    expect(j?.inconclusive.count).toBe(1)
    const sum = Object.values(j?.counts ?? {}).flatMap((c) => Object.values(c))
    expect(sum.reduce((a, b) => a + b, 0)).toBe(8)
    // The defects of the board nobody could judge count as missed.
    expect(result.detection?.missed.count).toBeGreaterThanOrEqual(broken.boxes?.length ?? 0)
    expect(result.scoreFloor).toBeNull()
    expect(result.timing['tool copper']?.n).toBe(7)
    expect(JSON.parse(JSON.stringify(result))).toEqual(result)
  }, 60_000)

  it('writes a page without outside resources, in both languages, with pictures', async () => {
    const html = await renderReport(result, { language: 'en' })
    expect(html).not.toMatch(/(src|href)="(?!data:)/)
    expect(html).toContain('漏放')
    expect(html).toContain('Overkill')
    expect(html).toMatch(/data:image\/png;base64,/)
    expect(html).toContain('INS_DECODE')
    const odd = { ...result, dataset: { ...result.dataset, dir: '<script>alert(1)</script>' } }
    expect(await renderReport(odd)).not.toContain('<script>alert')
  })

  it('exports the official text form', async () => {
    const out = join(dir, 'detections')
    const image = {
      ...(result.images[1] as EvaluationResult['images'][number]),
      detections: [
        { class: 'pinhole', score: 0.91234567, box: [1.4, 2, 30.6, 40] as const },
        { class: 'open', score: 0.2, box: [5, 6, 7, 8] as const },
      ],
    }
    const classes = result.dataset.classes
    expect(await exportDetections(out, [image], { classes })).toBe(1)
    const name = `${image.id.split('/').at(-1)}.txt`
    // README of DeepPCB: `x1,y1,x2,y2,confidence,type` with `pin-hole`, no spaces.
    expect(await readFile(join(out, name), 'utf8')).toBe(
      '1,2,31,40,0.912346,pin-hole\n5,6,7,8,0.200000,open\n',
    )
    await exportDetections(out, [image], {
      classes,
      type: 'number',
      threshold: { value: 0.5, perClass: {} },
    })
    expect(await readFile(join(out, name), 'utf8')).toBe('1,2,31,40,0.912346,6\n')
    await expect(exportDetections(out, [image, image], { classes })).rejects.toThrow(/CFG_USAGE/)
  })
})

describe('evaluation of the delivered pair model', () => {
  it('gives the verdicts and findings the recipe itself gives, image by image', async () => {
    const info = (await findPackages([PACKAGES_DIR])).find((p) => p.id === 'pcb-pair')
    if (!info) throw new Error('pcb-pair is not delivered')
    const dataset = await openDataset(dir)
    const result = await evaluate({ dataset, models, subject: { kind: 'model', model: info }, workers: 1 })
    expect(result.scoreFloor).toBe(0.02)
    expect(result.threshold).toEqual({ value: info.card.threshold.value, perClass: {}, source: 'card' })

    const recipe = recipeOfPackage(info, { widthPx: 640, heightPx: 640 })
    const prepared = await prepareRecipe({ recipe, dir }, models)
    try {
      for (const [n, item] of dataset.items.entries()) {
        const format = { kind: 'encoded', mime: 'image/jpeg' } as const
        const direct = await inspect(
          {
            bytes: await readFile(item.image),
            format,
            reference: { bytes: await readFile(item.reference ?? ''), format },
          },
          prepared,
          { line: 'evaluation', plant: 'offline', station: 'evaluation', product: 'dataset', shift: 'none' },
        )
        const image = result.images[n]
        expect(image?.verdict, item.id).toBe(direct.verdict.result)
        const called = image?.detections.filter((d) => d.score >= result.threshold.value)
        expect(called?.map((d) => [d.class, d.score, d.box])).toEqual(
          direct.verdict.findings.map((f) => [f.class, f.score, f.box]),
        )
      }
    } finally {
      await prepared.close()
    }
  }, 120_000)
})

describe('the operating threshold', () => {
  it('is that of the recipe, class by class, and stands in a comparison', async () => {
    const info = (await findPackages([PACKAGES_DIR])).find((p) => p.id === 'pcb-pair')
    if (!info) throw new Error('pcb-pair is not delivered')
    const dataset = await openDataset(dir, { limit: 3 })
    const plainest = recipeOfPackage(info, { widthPx: 640, heightPx: 640 })
    const judge = (threshold: number, thresholds: Record<string, number>) => {
      const tools = plainest.tools.map((t) => ({ ...t, threshold, thresholds }))
      const source = { recipe: recipeSchema.parse({ ...plainest, tools }), dir }
      return evaluate({ dataset, models, workers: 1, subject: { kind: 'recipe', source } })
    }
    const [odd = '', other = ''] = info.card.labels
    const result = await judge(0.9, { [odd]: 0.99, [other]: 0.98 })
    const { value, perClass, source } = result.threshold
    expect([value, Object.values(perClass), source]).toEqual([0.9, [0.99, 0.98], 'recipe'])
    const calls = result.images.flatMap((i) => i.detections)
    const called = calls.filter((d) => d.score >= (perClass[d.class] ?? 0.9))
    expect(called.length).toBeLessThan(calls.filter((d) => d.score >= info.card.threshold.value).length)
    expect(result.detection?.falseCalls.of).toBe(called.length)
    expect(result.detection?.operating.threshold).toBe(0.9)
    const lower = await judge(0.5, {})
    result.comparison = compareResults(result, lower, { resamples: 10 })
    expect(result.comparison.otherThreshold).toEqual({ value: 0.5, perClass: {}, source: 'recipe' })
    expect(evaluationText(result)).toMatch(
      /operating threshold 0\.9 \(recipe, \S+ 0\.99, \S+ 0\.98\), of the other 0\.5 \(recipe\)/,
    )
    expect(await renderReport(result)).toContain('0.900 (<span lang="en">recipe')
    expect(evaluationResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
  }, 120_000)
})

describe('opening thresholds', () => {
  const withModel = (when: string): Recipe =>
    recipeSchema.parse({
      ...comparison(),
      tools: [
        {
          id: 'm',
          use: 'model@1',
          model: 'x',
          sha256: '0'.repeat(64),
          threshold: 0.5,
          thresholds: { spur: 0.8 },
          maxFindings: 2,
        },
      ],
      rules: [{ ...comparison().rules[0], when }],
    })
  const card = (family: string): ReadonlyMap<string, ModelCard> =>
    new Map([['m', { spec: { family, nms: null } } as unknown as ModelCard]])

  it('is done for detectors only, and not when rules read scores', () => {
    const recipe = withModel('findings.size() > 0')
    expect([...openableTools(recipe, card('detection-decoded'))]).toEqual(['m'])
    expect([...openableTools(recipe, card('anomaly-map'))]).toEqual([])
    expect([...openableTools(withModel('scores["m.max"] > 0.3'), card('detection-decoded'))]).toEqual([])
  })

  it('keeps what the recipe would have reported', () => {
    const recipe = withModel('findings.size() > 0')
    const opened = openThresholds(recipe, 0.02, new Set(['m']))
    expect(opened.tools[0]).toMatchObject({ threshold: 0.02, thresholds: {}, maxFindings: 10_000 })
    const finding = (cls: string, score: number) => ({
      id: `${cls}${score}`,
      tool: 'm',
      use: 'model@1',
      class: cls,
      score,
      box: [0, 0, 1, 1] as const,
      areaPx: 1,
      rois: [],
    })
    const all = [
      finding('open', 0.9),
      finding('spur', 0.7),
      finding('open', 0.6),
      finding('open', 0.55),
      finding('open', 0.1),
    ]
    const reported = reportedFindings(recipe, all)
    expect(reported.findings.map((f) => f.id)).toEqual(['open0.9', 'open0.6'])
    expect(reported.untold).toBe(1)
    const spots = { id: 's', use: 'blob@1', polarity: 'dark', threshold: 90, minAreaPx: 4, maxFindings: 1 }
    const both = recipeSchema.parse({ ...recipe, tools: [...recipe.tools, spots] })
    const probed = openThresholds(both, 0.02, new Set(['m']))
    expect(probed.tools[1]).toMatchObject({ id: 's', maxFindings: 2 })
    expect(openThresholds(both, 0.02, new Set())).toBe(both)
    const two = ['a', 'b'].map((id) => ({ ...finding('spot', 40), id, tool: 's', use: 'blob@1' as const }))
    expect(reportedFindings(both, two)).toMatchObject({ findings: [{ id: 'a' }], untold: 1 })
  })
})

// numpy.percentile([15, 20, 35, 40, 50], [50, 95, 99]) = 35, 48, 49.6
it('takes quantiles as numpy does', () => {
  const q = quantiles([40, 15, 50, 20, 35])
  expect([q.n, q.mean, q.p50]).toEqual([5, 32, 35])
  expect(q.p95).toBeCloseTo(48, 12)
  expect(q.p99).toBeCloseTo(49.6, 12)
})
