import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadRecipe } from '../../inspection/index.ts'
import { recipeOf } from './samples/inspection-recipes.ts'

const measure = (over: object) => ({
  id: 'w',
  use: 'measure@1',
  characteristic: 'width',
  line: [2, 5, 18, 5],
  edges: ['rising', 'falling'],
  unit: 'px',
  ...over,
})
const register = (over: object) => ({
  id: 'place',
  use: 'register@1',
  anchors: [[5, 2, 10, 7]],
  maxShiftPx: 2.5,
  ...over,
})
const blob = (over: object) => ({ id: 'b', use: 'blob@1', polarity: 'dark', threshold: 60, ...over })
const pin = { model: 'm', sha256: '0'.repeat(64) }
const text = (pattern: string) => ({
  id: 't',
  use: 'text@1',
  detector: pin,
  recogniser: pin,
  expect: [{ name: 'lot', pattern }],
})
const triangle = (...points: [number, number][]) => ({ shape: 'polygon', points })
const golden = { from: 'frame' }
const plain = recipeOf([20, 10], [measure({})])

describe('a recipe by which no part can pass or be judged is refused', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-recipe-'))
  })
  afterAll(() => rm(dir, { recursive: true }))

  const load = async (over: object) => {
    await writeFile(join(dir, 'sample@1.recipe.yaml'), JSON.stringify({ ...plain, ...over }))
    return loadRecipe(dir, 'sample@1')
  }

  it.each([
    [
      'crossed limits of grey',
      { gate: { meanGreyMin: 200, meanGreyMax: 30 } },
      /gate\.meanGreyMin\); expected less than meanGreyMax, 30; found 200/,
    ],
    [
      'a line outside of the view',
      { tools: [measure({ line: [2, 5, 21, 5] })] },
      /tools\[0\]\.line\); expected a line of 4 px or more inside 20 × 10 px/,
    ],
    [
      'a target that no part within the limits can have',
      { tools: [measure({ lsl: 3, usl: 4, target: 4.5 })] },
      /tools\[0\]\.target\); expected a target within the limits, 3 to 4; found 4\.5/,
    ],
    ['a line on which two edges are one', { tools: [measure({ line: [5, 5, 8, 5] })] }, /tools\[0\]\.line\)/],
    [
      'crossed limits of a measurement',
      { tools: [measure({ lsl: 4, usl: 3 })] },
      /tools\[0\]\.lsl\); expected a lower limit below the upper one, 3; found 4/,
    ],
    [
      'a GTIN with a wrong check digit',
      { product: { id: 'p', gtin: '09506000134353' } },
      /product\.gtin\); expected check digit 2; found 09506000134353/,
    ],
    [
      'an edge that no image has',
      { tools: [measure({ minContrast: 256 })] },
      /tools\[0\]\.minContrast\); expected number <= 255/,
    ],
    [
      'a part whose presence no image shows',
      { gate: { presence: { roi: 'a', stdMin: 128 } }, rois: { a: triangle([2, 2], [9, 2], [9, 9]) } },
      /gate\.presence\.stdMin\); expected number <= 127\.5/,
    ],
    [
      'a region at the border of the view, of parts that lie off',
      {
        golden,
        rois: { a: { shape: 'rect', box: [2, 0, 18, 9] } },
        tools: [register({}), blob({ roi: 'a' })],
      },
      /tools\[1\]\.roi\); expected a region that the frame shows wholly.*found a, which reaches the border/,
    ],
    [
      'blobs at once larger and smaller',
      { tools: [blob({ minAreaPx: 100, maxAreaPx: 10 })] },
      /tools\[0\]\.minAreaPx\); expected at most maxAreaPx, 10; found 100; nothing would ever be found/,
    ],
    [
      'blobs larger than the view',
      { tools: [blob({ minAreaPx: 201 })] },
      /tools\[0\]\.minAreaPx\); expected at most 200, the pixels that the tool looks at; found 201/,
    ],
    [
      'blobs larger than what a region leaves of another',
      {
        rois: { a: { shape: 'rect', box: [0, 0, 10, 10] }, b: { shape: 'rect', box: [5, 0, 20, 10] } },
        tools: [blob({ minAreaPx: 51, roi: 'a', exclude: ['b'] })],
      },
      /tools\[0\]\.minAreaPx\); expected at most 50,/,
    ],
    [
      'differences larger than their region',
      {
        golden,
        rois: { a: triangle([0, 0], [4, 0], [0, 4]) },
        tools: [{ id: 'd', use: 'template@1', threshold: 30, minAreaPx: 20, roi: 'a' }],
      },
      /tools\[0\]\.minAreaPx\); expected at most 6,/,
    ],
    [
      'regions that leave nothing',
      {
        rois: { a: { shape: 'rect', box: [2, 2, 5, 5] }, b: { shape: 'rect', box: [0, 0, 9, 9] } },
        tools: [blob({ roi: 'a', exclude: ['b'] })],
      },
      /rois\.a\); expected a region with pixels.*found none left after the exclusions/,
    ],
    [
      'a polygon partly outside of the view',
      { rois: { a: triangle([2, 2], [21, 2], [9, 9]) } },
      /rois\.a\.points\[1\]\); expected a point inside 20 × 10 px; found \[21,2\]/,
    ],
    [
      'a polygon without pixels',
      { rois: { a: triangle([2, 2], [9, 2], [5, 2]) } },
      /rois\.a\); expected a region with pixels inside 20 × 10 px; found none/,
    ],
    [
      'a polygon that crosses itself',
      {
        rois: {
          a: {
            shape: 'polygon',
            points: [
              [2, 2],
              [18, 8],
              [18, 2],
              [2, 8],
            ],
          },
        },
      },
      /rois\.a\.points\); expected a polygon whose sides do not cross; found the sides behind points 0 and 2 do/,
    ],
    [
      'a view that no decoder reads',
      { view: { widthPx: 6_400_000, heightPx: 4_800_000 } },
      /\(.*, view\); expected at most 100 megapixels/,
    ],
    [
      'a text that is no pattern',
      { tools: [text('([')] },
      /tools\[0\]\.expect\[0\]\.pattern\); expected a regular expression; found \(\[: Unterminated character class/,
    ],
    [
      'a pattern that would reach out of its line',
      { tools: [text('a)|(b')] },
      /expect\[0\]\.pattern\); expected a regular expression; found a\)\|\(b: Unmatched/,
    ],
    [
      'a tool beside a registration that looks at the whole view',
      { golden, tools: [register({}), blob({})] },
      /tools\[1\]\.roi\); expected a region that the frame shows wholly when the part lies off.*up to 3 px by place/,
    ],
    [
      'two registrations',
      { golden, tools: [register({}), register({ id: 'again' })] },
      /tools\[1\]\.use\); expected one registration: place says/,
    ],
    [
      'a turn that one anchor does not show',
      { golden, tools: [register({ maxAngleDeg: 2 })] },
      /tools\[0\]\.maxAngleDeg\); expected 0, or two or more anchors/,
    ],
  ])('%s', async (_, over, message) => {
    await expect(load(over)).rejects.toThrow(message)
  })

  it('and others are not', async () => {
    const tools = [measure({ line: [0, 0, 20, 10], lsl: 3, usl: 4 })]
    await load({ tools, gate: { meanGreyMin: 30 }, product: { id: 'p', gtin: '09506000134352' } })
    const code = { id: 'c', use: 'code@1', formats: ['QRCode'] }
    const rois = { middle: { shape: 'rect', box: [3, 3, 17, 7] } }
    await load({ golden, rois, tools: [register({}), blob({ roi: 'middle' }), measure({}), code] })
    // sides may touch, and all pixels may be one defect
    const seam = [
      [0, 0],
      [20, 0],
      [20, 10],
      [10, 5],
      [0, 10],
      [0, 5],
      [10, 5],
      [0, 2],
    ]
    await load({
      rois: { seam: { shape: 'polygon', points: seam } },
      tools: [blob({ roi: 'seam', minAreaPx: 100 }), blob({ id: 'all', minAreaPx: 200, maxAreaPx: 200 })],
    })
    await load({ tools: [text('LOT(\\d{4})')] })
  })

  it('but taken as it was released where parts were judged by it', async () => {
    const before = { golden, tools: [register({}), blob({})] }
    await expect(load(before)).rejects.toMatchObject({ code: 'CFG_INVALID' })
    const recipe = await loadRecipe(dir, 'sample@1', { released: true })
    expect(recipe.recipe.tools.map((t) => t.id)).toEqual(['place', 'b'])
    // What was never a recipe is none now.
    await writeFile(join(dir, 'sample@1.recipe.yaml'), JSON.stringify({ ...plain, tools: [] }))
    await expect(loadRecipe(dir, 'sample@1', { released: true })).rejects.toMatchObject({
      code: 'CFG_INVALID',
    })
  })
})
