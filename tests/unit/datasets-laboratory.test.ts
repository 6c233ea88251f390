import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  compareResults,
  evaluate,
  type EvaluationResult,
  evaluationResultSchema,
  findLeakage,
  openDataset,
  pairedBootstrap,
  renderReport,
  workpieceOf,
} from '../../datasets/index.ts'
import { MapScorer } from '../../datasets/evaluate/score-maps.ts'
import { createRng } from '../../datasets/sample-line/rng.ts'
import { findPackages } from '../../models/index.ts'
import { type ToyOptions, type ToyPackage, writeToyPackage } from '../suites/toy-models.ts'

const SIDE = 40

/** A grey part with noise of its own and, when asked for, a bright square defect; with its mask. */
async function writePart(
  dir: string,
  name: string,
  seed: number,
  defect: { at: [number, number]; side: number; grey: number } | null,
  maskFile?: string,
): Promise<void> {
  const rng = createRng(seed)
  const pixels = Uint8Array.from({ length: SIDE * SIDE }, () => 100 + rng.int(-6, 6))
  const mask = new Uint8Array(SIDE * SIDE)
  if (defect) {
    for (let y = 0; y < defect.side; y++) {
      const from = (defect.at[1] + y) * SIDE + defect.at[0]
      pixels.fill(defect.grey, from, from + defect.side)
      mask.fill(255, from, from + defect.side)
    }
  }
  const raw = { raw: { width: SIDE, height: SIDE, channels: 1 as const } }
  await mkdir(dir, { recursive: true })
  await sharp(pixels, raw).png().toFile(join(dir, name))
  if (maskFile === undefined) return
  await mkdir(join(maskFile, '..'), { recursive: true })
  await sharp(mask, raw).png().toFile(maskFile)
}

let root = ''
let mvtec = ''
const packages: ToyPackage[] = []
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sightline-laboratory-'))
  mvtec = join(root, 'mvtec')
  for (let n = 0; n < 6; n++) {
    await writePart(join(mvtec, 'train', 'good'), `${n}.png`, 100 + n, null)
    await writePart(join(mvtec, 'test', 'good'), `${n}.png`, 200 + n, null)
    // The last one is so faint that a threshold of 80 misses it.
    const grey = n === 5 ? 150 : 250
    await writePart(
      join(mvtec, 'test', 'dent'),
      `${n}.png`,
      300 + n,
      { at: [4 + n, 10], side: 4 + n, grey },
      join(mvtec, 'ground_truth', 'dent', `${n}_mask.png`),
    )
  }
})
afterAll(async () => {
  await Promise.all(packages.map((p) => p.remove()))
  await rm(root, { recursive: true, force: true })
})

async function judge(dir: string, options: ToyOptions, split?: string): Promise<EvaluationResult> {
  const toy = await writeToyPackage(options)
  packages.push(toy)
  const [model] = await findPackages([toy.root])
  if (!model) throw new Error('no package')
  return evaluate({
    dataset: await openDataset(dir, split === undefined ? {} : { split }),
    subject: { kind: 'model', model },
    models: { modelDirs: [toy.root], providers: ['cpu'], trustedKeys: toy.trustedKeys, intraOpThreads: 1 },
    workers: 1,
    ...(split === undefined ? {} : { split }),
  })
}

const anomaly = (threshold: number, id = 'toy-anomaly'): ToyOptions => ({
  toy: { kind: 'anomaly' },
  id,
  spec: { mapThreshold: 30 } as never,
  threshold,
})

describe('an anomaly package on a set with masks', () => {
  let result: EvaluationResult
  beforeAll(async () => {
    result = await judge(mvtec, anomaly(80), 'test')
  }, 60_000)

  it('ranks parts and pixels', () => {
    expect(result.family).toBe('anomaly-map')
    expect(result.images.map((i) => i.score !== null)).toEqual(Array.from({ length: 12 }, () => true))
    expect(result.ranking).toMatchObject({ score: 'model.score', good: 6, bad: 6, auroc: 1, aupr: 1 })
    expect(result.ranking?.detectionAt[0]?.detected).toMatchObject({ count: 6, of: 6 })
    expect(result.ranking?.falseCallsAtFullRecall.falseCalls.count).toBe(0)
    // The model answers the distance from the mean grey: every defect pixel stands out from every other one.
    expect(result.pixels).toMatchObject({
      images: 12,
      defectiveImages: 6,
      regions: 6,
      exact: true,
      auroc: 1,
      aupr: 1,
      leftOut: [],
      at: { threshold: 30, iou: 1, dice: 1 },
    })
    expect(result.pixels?.aupro?.value).toBeCloseTo(1, 12)
  })

  it('counts the faint defect as an escape, and as not found in its size', () => {
    expect(result.judgement?.escape).toMatchObject({ count: 1, of: 6, ppm: 166_667 })
    expect(result.judgement?.overkill).toMatchObject({ count: 0, of: 6 })
    const bins = result.pixels?.recallBySize.px.map((b) => [b.from, b.recall.count, b.recall.of])
    // Sides 4, then 5 to 9 of which the last is missed.
    expect(bins).toEqual([
      [2, 1, 1],
      [5, 4, 5],
    ])
  })

  it('is what its schema says, and says it again after JSON', () => {
    const text = JSON.stringify(result)
    expect(evaluationResultSchema.parse(JSON.parse(text))).toEqual(result)
    expect(() => evaluationResultSchema.parse({ ...result, surprise: 1 })).toThrow(/surprise/)
    expect(result.peakMemoryBytes).toBeGreaterThan(30e6)
  })

  it('draws heat maps of the wrong and the nearly wrong parts, escapes first', async () => {
    const html = await renderReport(result, { language: 'en' })
    expect(html).not.toMatch(/(src|href)="(?!data:)/)
    expect(html.match(/class="over"/g)).toHaveLength(12 + 6)
    expect(html.indexOf('test/dent/5.png')).toBeLessThan(html.indexOf('test/dent/0.png'))
    for (const word of ['AUPRO', 'AUPIMO', 'Clopper', 'score map', 'false-call rate of pixels'])
      expect(html).toContain(word)
    for (const axis of ['件数', '误报率', '检出率', '像素误报率', '召回率', '精确率'])
      expect(html).toContain(`<tspan lang="zh">${axis}</tspan>`)
  })

  it('agrees with itself, and differs from another by the part that flips', async () => {
    const strict = await judge(mvtec, anomaly(40, 'toy-strict'), 'test')
    const same = compareResults(result, result, { resamples: 200 })
    expect(same.flips).toMatchObject({ onlyThis: 0, onlyOther: 0, p: 1 })
    expect(same.differences.every((d) => d.difference === 0 && d.p === 1)).toBe(true)
    const c = compareResults(result, strict, { resamples: 500, seed: 3 })
    expect(c.flips).toEqual({ onlyThis: 0, onlyOther: 1, p: 1, ids: ['test/dent/5.png'] })
    const escape = c.differences.find((d) => d.metric === 'escape')
    expect(escape?.difference).toBeCloseTo(1 / 6, 12)
    expect(escape?.interval[0]).toBe(0)
    expect(compareResults(result, strict, { resamples: 500, seed: 3 })).toEqual(c)
  }, 60_000)

  it('leaves bad parts without a mask out of the pixels, by name', async () => {
    await rm(join(mvtec, 'ground_truth', 'dent', '0_mask.png'))
    const less = await judge(mvtec, anomaly(80), 'test')
    expect(less.pixels).toMatchObject({ images: 11, leftOut: ['test/dent/0.png'] })
    expect(less.ranking?.bad).toBe(6)
  }, 60_000)

  it('counts a defect as found when the image score reaches the threshold and its place is the highest', () => {
    const scores = (sure: number): MapScorer => {
      const scorer = new MapScorer('model', { mapThreshold: 30, findingThreshold: 80, decidedByScore: true })
      const seen = { id: 'a', widthPx: 4, heightPx: 1, registration: null, score: sure }
      const values = Float32Array.of(0, 50, 50, 0)
      const mask = { data: Uint8Array.of(0, 1, 1, 0), widthPx: 4, heightPx: 1 }
      scorer.add(seen, [{ tool: 'model', widthPx: 4, heightPx: 1, values }], mask)
      return scorer
    }
    const found = (sure: number) =>
      scores(sure)
        .score()
        ?.recallBySize.px.map((b) => b.recall.count)
    expect(found(80)).toEqual([1])
    expect(found(79.9)).toEqual([0])
  })

  it('compares boxes whatever their class: it knows none', async () => {
    const yolo = join(root, 'yolo')
    await writePart(join(yolo, 'images'), '0.png', 1, { at: [4, 10], side: 8, grey: 250 })
    await writePart(join(yolo, 'images'), '1.png', 2, { at: [20, 20], side: 10, grey: 250 })
    await mkdir(join(yolo, 'labels'))
    const line = (name: number, [x, y]: [number, number], side: number): string =>
      `${[name, ...[x + side / 2, y + side / 2, side, side].map((v) => v / 40)].join(' ')}\n`
    await writeFile(join(yolo, 'labels', '0.txt'), line(0, [4, 10], 8))
    await writeFile(join(yolo, 'labels', '1.txt'), line(1, [20, 20], 10))
    await writeFile(join(yolo, 'data.yaml'), 'names: [dent, scratch]\n')
    const boxes = await judge(yolo, anomaly(80))
    expect(boxes.detection?.classes).toMatchObject([{ class: 'anomaly', ap: 1, truths: 2 }])
    expect(boxes.detection?.missed.count).toBe(0)
  }, 60_000)

  it('refuses a mask of another size', async () => {
    const odd = join(root, 'odd')
    await writePart(join(odd, 'train', 'good'), '0.png', 1, null)
    await writePart(join(odd, 'test', 'dent'), '0.png', 2, { at: [1, 1], side: 3, grey: 250 })
    await mkdir(join(odd, 'ground_truth', 'dent'), { recursive: true })
    await sharp(join(odd, 'test', 'dent', '0.png'))
      .resize(20, 20)
      .toFile(join(odd, 'ground_truth', 'dent', '0_mask.png'))
    await expect(judge(odd, anomaly(80), 'test')).rejects.toThrow(/DAT_ANNOTATION.*40 × 40/)
  }, 60_000)
})

describe('a classifier on folders per class', () => {
  it('gives accuracy, confusion and verdicts; without a clear class the part is held', async () => {
    const dir = join(root, 'classes')
    const grey = (label: string, name: string, level: number): Promise<unknown> =>
      mkdir(join(dir, label), { recursive: true }).then(() =>
        sharp({
          create: { width: 32, height: 24, channels: 3, background: { r: level, g: level, b: level } },
        })
          .toColourspace('b-w')
          .png()
          .toFile(join(dir, label, name)),
      )
    // ok = 1 - level, defect = level; neither reaches 0.7 in the middle.
    for (const [label, name, level] of [
      ['ok_front', 'a.png', 20],
      ['ok_front', 'b.png', 30],
      ['ok_front', 'c.png', 230],
      ['def_front', 'd.png', 240],
      ['def_front', 'e.png', 128],
      ['def_front', 'f.png', 10],
    ] as const)
      await grey(label, name, level)
    const result = await judge(dir, {
      toy: { kind: 'classification', gain: [-1, 1], bias: [1, 0] },
      labels: ['ok', 'defect'],
      threshold: 0.7,
    })
    expect(result.noVerdicts).toEqual({})
    const by = Object.fromEntries(result.images.map((i) => [i.id.slice(-5), [i.called, i.verdict]]))
    expect(by).toEqual({
      'a.png': ['ok_front', 'pass'],
      'b.png': ['ok_front', 'pass'],
      'c.png': ['def_front', 'fail'],
      'd.png': ['def_front', 'fail'],
      'e.png': ['def_front', 'inconclusive'],
      'f.png': ['ok_front', 'pass'],
    })
    expect(result.classification?.accuracy).toMatchObject({ count: 4, of: 6 })
    expect(result.classification?.confusion).toEqual({
      labels: ['def_front', 'ok_front'],
      counts: [
        [2, 1],
        [1, 2],
      ],
    })
    // Margins: bad 0.88, 0.004, -0.92; good 0.8, -0.76, -0.84: five of nine pairs in order (0.88 above 3, 0.004 above 2).
    expect(result.ranking?.auroc).toBeCloseTo(5 / 9, 12)
    expect(result.judgement?.inconclusive.count).toBe(1)
    expect(await renderReport(result)).toContain('混淆矩阵')
  }, 60_000)
})

describe('leakage between splits', () => {
  it('finds copies, re-encoded siblings and workpieces, and nothing between strangers', async () => {
    const dir = join(root, 'leak')
    const train = join(dir, 'train', 'good')
    const test = join(dir, 'test', 'good')
    for (let n = 0; n < 30; n++) {
      await writePart(n < 20 ? train : test, `${n}.png`, 900 + n, {
        at: [n, (n * 7) % 30],
        side: 8,
        grey: 180,
      })
    }
    await sharp(join(train, '3.png')).toFile(join(test, 'x.png'))
    await sharp(join(train, '4.png')).jpeg({ quality: 70 }).resize(36, 36).toFile(join(test, 'y.jpg'))
    await writePart(train, 'SN100045_a.png', 5000, null)
    await writePart(test, 'SN100045_b.png', 6000, { at: [2, 2], side: 20, grey: 30 })
    const set = await openDataset(dir, { format: 'mvtec' })
    const found = await findLeakage(set.allImages, { groupBy: '(SN\\d+)_', split: 'test' })
    const kinds = Object.fromEntries(found?.pairs.map((p) => [p.kind, [p.a, p.b].sort()]) ?? [])
    expect(found?.counts).toEqual({ workpiece: 1, copy: 1, 'near-duplicate': 1 })
    expect(kinds['workpiece']).toEqual(['test/good/SN100045_b.png', 'train/good/SN100045_a.png'])
    expect(kinds['copy']).toEqual(['test/good/x.png', 'train/good/3.png'])
    expect(kinds['near-duplicate']).toEqual(['test/good/y.jpg', 'train/good/4.png'])
    expect(found?.affected).toBe(3)
    expect(await findLeakage(set.items.filter((i) => i.split === 'test'))).toBeNull()
    await expect(findLeakage(set.allImages, { groupBy: '(' })).rejects.toThrow(/CFG_USAGE/)
  }, 60_000)

  it('takes serials for workpieces, running numbers not', () => {
    const name = workpieceOf()
    expect(name('train/a/IMG_4818_MOV-0027_jpg.rf.75f9f3ea61ca.jpg')).toBe('img_4818_mov-0027_jpg')
    expect(name('test/SL00000001 (2).png')).toBe('sl00000001')
    expect(name('test/good/000.png')).toBeNull()
    expect(name('test/good/normal-12.jpg')).toBeNull()
    expect(workpieceOf('^[^_]+')('A17_3.png')).toBe('A17')
  })
})

// scipy.stats.bootstrap, percentile, 100,000 resamples: tests/golden/evaluation-metrics.py.
it('gives the interval of a paired difference that scipy gives', () => {
  const { bootstrap: r } = JSON.parse(
    readFileSync(new URL('../golden/evaluation-metrics.json', import.meta.url), 'utf8'),
  ) as { bootstrap: { a: number[]; b: number[]; low: number; high: number; standardError: number } }
  const mean = (values: number[]) => (counts: Float64Array) =>
    values.reduce((s, v, i) => s + v * (counts[i] ?? 0), 0) / values.length
  const [d] = pairedBootstrap(r.a.length, [[mean(r.a), mean(r.b)]], 20_000, 11)
  // A quantile at 2.5 % of 20,000 draws is uncertain by about 1.9 % of the standard error.
  expect(Math.abs((d?.interval[0] ?? 0) - r.low) / r.standardError).toBeLessThan(0.06)
  expect(Math.abs((d?.interval[1] ?? 0) - r.high) / r.standardError).toBeLessThan(0.06)
  expect(d?.p).toBeGreaterThan(0)
})
