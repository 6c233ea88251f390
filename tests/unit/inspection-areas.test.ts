import { afterAll, describe, expect, it } from 'vitest'
import { inspect, prepareRecipe } from '../../inspection/index.ts'
import { writeToyPackage } from '../suites/toy-models.ts'
import { context, goldenFile, noModels, raw, recipeOf, render } from './samples/inspection-recipes.ts'
import { judge } from './samples/judge-pixels.ts'

const size = [100, 100] as const
const spots = { id: 'spots', use: 'blob@1', polarity: 'dark', threshold: 100 }
const rois = {
  logo: { shape: 'rect', box: [40, 40, 60, 60] },
  side: { shape: 'rect', box: [69, 0, 100, 100] },
  seam: {
    shape: 'polygon',
    points: [
      [10, 10],
      [90, 10],
      [90, 90],
      [80, 90],
      [80, 20],
      [20, 20],
      [20, 90],
      [10, 90],
    ],
  },
}

/** A crack around the logo, and one along the whole seam: the middle of either's box lies where nothing is looked at. */
const ring = render(size, (x, y) => {
  const r = Math.hypot(x - 50, y - 50)
  return r > 16 && r < 20 ? 10 : 200
})
const along = render(size, (x, y) =>
  ((x > 15 && x < 17) || (x > 84 && x < 86) || (y > 15 && y < 17)) && x > 15 && x < 86 && y > 15 && y < 88
    ? 10
    : 200,
)

describe('a defect around what is excluded, or along a bent region', () => {
  it('is a blob', async () => {
    const around = await judge(size, ring, [{ ...spots, exclude: ['logo'] }], { rois })
    const inSeam = await judge(size, along, [{ ...spots, roi: 'seam' }], { rois })
    expect(around.findings.map((f) => f.box)).toEqual([[30, 30, 70, 70]])
    expect(inSeam.findings.map((f) => f.box)).toEqual([[15, 15, 86, 88]])
    expect([around.result, inSeam.result]).toEqual(['fail', 'fail'])
  })

  it('differs from the template', async () => {
    const { dir, golden } = await goldenFile(
      size,
      render(size, () => 200),
    )
    const diff = { id: 'diff', use: 'template@1', threshold: 60 }
    const around = await judge(size, ring, [{ ...diff, exclude: ['logo'] }], { rois, golden }, dir)
    const inSeam = await judge(size, along, [{ ...diff, roi: 'seam' }], { rois, golden }, dir)
    expect([around.findings.length, inSeam.findings.length]).toEqual([1, 1])
    expect([around.result, inSeam.result]).toEqual(['fail', 'fail'])
  })
})

describe('a region that no rule sees because larger ones take all the room', () => {
  const two = render(size, (x, y) =>
    (x > 5 && x < 30 && y > 5 && y < 30) || (x > 75 && x < 80 && y > 50 && y < 55) ? 10 : 200,
  )
  const rules = [
    { when: 'findings.exists(f, "side" in f.rois)', verdict: 'fail', disposition: 'scrap' },
    { when: 'true', verdict: 'pass', disposition: 'release' },
  ].map((rule, n) => ({ id: `r${n}`, reason: { en: 'r', zh: 'r' }, ...rule }))

  it.each(['blob@1', 'template@1'])('holds the part (%s)', async (use) => {
    const { dir, golden } = await goldenFile(
      size,
      render(size, () => 200),
    )
    const tool = use === 'blob@1' ? { ...spots } : { id: 'spots', use, threshold: 60 }
    const judged = (maxFindings: number): ReturnType<typeof judge> =>
      judge(size, two, [{ ...tool, maxFindings }], { rois, golden, rules }, dir)
    expect((await judged(2)).result).toBe('fail')
    const counted = [{ ...rules[1], when: 'scores["spots.count"] == 2.0' }]
    const byCount = await judge(
      size,
      two,
      [{ ...tool, maxFindings: 1 }],
      { rois, golden, rules: counted },
      dir,
    )
    expect(byCount.result).toBe('pass')
    expect(await judged(1)).toMatchObject({
      result: 'inconclusive',
      noVerdict: { reason: 'tool', code: 'INS_TOOL' },
    })
  })
})

describe('of what a model finds', async () => {
  // Scores are these times the mean level of the image, here 1.
  const rows = [
    { box: [42, 42, 58, 58], label: 0, score: 0.9 },
    { box: [44, 44, 50, 50], label: 0, score: 0.8 },
    { box: [30, 30, 70, 70], label: 1, score: 0.7 },
    { box: [55, 55, 61, 60], label: 1, score: 0.6 },
  ] as const
  const toy = await writeToyPackage({
    toy: { kind: 'decoded', rows: rows.map((r) => ({ ...r, box: [...r.box] })) },
    size: { widthPx: 100, heightPx: 100 },
  })
  afterAll(() => toy.remove())
  const setup = { ...noModels, modelDirs: [toy.root], trustedKeys: toy.trustedKeys }
  const model = { id: 'm', use: 'model@1', model: toy.id, sha256: toy.sha256, threshold: 0.3 }
  const boxes = async (over: object): Promise<unknown[]> => {
    const recipe = recipeOf(size, [{ ...model, ...over }], { rois })
    const prepared = await prepareRecipe({ recipe, dir: '.' }, setup)
    const bytes = new Uint8Array(100 * 100).fill(255)
    const { verdict } = await inspect({ bytes, format: raw(size) }, prepared, context)
    await prepared.close()
    return verdict.findings.map((f) => f.box)
  }

  it('only what lies wholly in an excluded region is dropped', async () => {
    expect(await boxes({ exclude: ['logo'] })).toEqual([rows[2].box, rows[3].box])
  })

  it('only what lies wholly outside of the region is dropped', async () => {
    expect(await boxes({ roi: 'side' })).toEqual([rows[2].box])
    expect(await boxes({ roi: 'seam' })).toEqual([])
  })

  it('what is dropped takes no room of what is reported', async () => {
    expect(await boxes({ exclude: ['logo'], maxFindings: 1 })).toEqual([rows[2].box])
    expect(await boxes({ maxFindings: 1 })).toEqual([rows[0].box])
  })
})
