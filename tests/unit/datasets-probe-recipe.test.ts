import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { type ModelCard, recipeSchema } from '../../contracts/index.ts'
import { evaluate, openDataset, recipeOfPackage } from '../../datasets/index.ts'
import { compileRules } from '../../inspection/index.ts'
import type { PackageInfo } from '../../models/index.ts'
import { writeToyPackage } from '../suites/toy-models.ts'

const packageOf = (labels: string[], family: 'classification' | 'detection'): PackageInfo => {
  const card: ModelCard = {
    id: 'kinds',
    version: '1.0.0',
    title: { en: 'kinds', zh: '类别' },
    spec:
      family === 'classification'
        ? { family, output: 'p', activation: 'softmax' }
        : { family: 'detection-yolov8', output: 'o', nmsIou: 0.5, scoreFloor: 0.01 },
    inputs: [
      {
        name: 'image',
        layout: 'NHWC',
        dtype: 'uint8',
        channels: 3,
        widthPx: 8,
        heightPx: 8,
        multipleOf: 1,
        fit: 'stretch',
        role: 'image',
      },
    ],
    labels,
    licence: 'none',
    trainingData: [],
    metrics: {},
    threshold: { value: 0.5, provenance: 'test' },
    golden: { atol: 0.001, rtol: 0.001 },
  }
  return {
    id: card.id,
    version: card.version,
    dir: '/kinds',
    sha256: 'a'.repeat(64),
    cardSha256: 'b'.repeat(64),
    card,
  }
}

function judge(
  labels: string[],
  found: string[],
  goodLabels?: string[],
  family: 'classification' | 'detection' = 'classification',
): string {
  const recipe = recipeOfPackage(
    packageOf(labels, family),
    { widthPx: 8, heightPx: 8 },
    goodLabels === undefined ? {} : { goodLabels },
  )
  const findings = found.map((name, n) => ({
    id: `model-${n}`,
    tool: 'model',
    use: 'model@1',
    class: name,
    score: 0.9,
    box: [0, 0, 8, 8] as const,
    areaPx: 64,
    rois: [],
  }))
  return compileRules(recipe).evaluate({
    findings,
    measurements: [],
    codes: [],
    scores: {},
    quality: null,
    registration: null,
    context: { line: 'l', plant: 'p', station: 's', product: 'p', shift: 'd' },
  }).result
}

describe('the plainest recipe around a classifier', () => {
  const defects = ['crazing', 'inclusion', 'patches', 'pitted', 'rolled', 'scratches']

  it('holds a part of which no class is certain, whether or not a class means good', () => {
    expect(judge(['good', 'scratch'], [])).toBe('inconclusive')
    expect(judge(defects, [])).toBe('inconclusive')
    expect(judge(['gut', 'schlecht'], [])).toBe('inconclusive')
  })

  it('passes a part only by a class that means good', () => {
    expect(judge(['good', 'scratch'], ['good'])).toBe('pass')
    expect(judge(['good', 'scratch'], ['scratch'])).toBe('fail')
    expect(judge(['good', 'scratch'], ['good', 'scratch'])).toBe('fail')
    expect(judge(defects, ['inclusion'])).toBe('fail')
    expect(judge(['gut', 'schlecht'], ['gut'], ['gut'])).toBe('pass')
    expect(judge(['gut', 'schlecht'], ['schlecht'], ['gut'])).toBe('fail')
  })

  it('takes what a detector finds good for no defect, and holds a part of which it finds nothing', () => {
    const of = (labels: string[], found: string[]): string => judge(labels, found, undefined, 'detection')
    expect(of(['OK', 'scratch'], ['OK', 'OK'])).toBe('pass')
    expect(of(['OK', 'scratch'], ['OK', 'scratch'])).toBe('fail')
    expect(of(['OK', 'scratch'], [])).toBe('inconclusive')
    expect(of(['dent', 'scratch'], [])).toBe('pass')
  })
})

it('holds a part with more spots than the rules look at, also where a detector beside them was opened', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sightline-untold-'))
  // The score is 0.4 times the mean level: below the threshold of the recipe, above the floor.
  const toy = await writeToyPackage({
    toy: { kind: 'decoded', rows: [{ box: [1, 1, 9, 9], label: 0, score: 0.4 }] },
    size: { widthPx: 64, heightPx: 64 },
  })
  const pixels = Buffer.alloc(64 * 64, 255)
  for (const x of [20, 40]) for (let y = 20; y < 24; y++) pixels.fill(0, y * 64 + x, y * 64 + x + 4)
  try {
    await writeFile(
      join(dir, '1.png'),
      await sharp(pixels, { raw: { width: 64, height: 64, channels: 1 } })
        .toColourspace('b-w')
        .png()
        .toBuffer(),
    )
    const judged = async (maxFindings: number) => {
      const text = { en: 'x', zh: 'x' }
      const recipe = recipeSchema.parse({
        recipe: 'r',
        version: 1,
        title: text,
        product: { id: 'p' },
        view: { widthPx: 64, heightPx: 64 },
        tools: [
          { id: 's', use: 'blob@1', polarity: 'dark', threshold: 90, minAreaPx: 4, maxFindings },
          { id: 'm', use: 'model@1', model: toy.id, sha256: toy.sha256, threshold: 0.5 },
        ],
        rules: [
          {
            id: 'bad',
            when: 'findings.exists(f, f.tool == "m")',
            verdict: 'fail',
            disposition: 'rework',
            reason: text,
          },
          { id: 'good', when: 'true', verdict: 'pass', disposition: 'release', reason: text },
        ],
      })
      const { scoreFloor, images } = await evaluate({
        dataset: await openDataset(dir),
        subject: { kind: 'recipe', source: { recipe, dir } },
        models: {
          modelDirs: [toy.root],
          providers: ['cpu'],
          trustedKeys: toy.trustedKeys,
          intraOpThreads: 1,
        },
        workers: 1,
      })
      return [scoreFloor !== null, images[0]?.verdict, images[0]?.detections.length]
    }
    expect(await judged(2)).toEqual([true, 'pass', 3])
    expect(await judged(1)).toEqual([true, 'inconclusive', 2])
  } finally {
    await toy.remove()
    await rm(dir, { recursive: true })
  }
})
