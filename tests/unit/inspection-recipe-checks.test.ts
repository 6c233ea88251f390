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
      /tools\[0\]\.line\); expected a line of 1 px or more inside 20 × 10 px/,
    ],
    ['a line without length', { tools: [measure({ line: [5, 5, 5, 5] })] }, /tools\[0\]\.line\)/],
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
      'a tool beside a registration that looks at the whole view',
      { golden, tools: [register({}), { id: 'b', use: 'blob@1', polarity: 'dark', threshold: 60 }] },
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
    const blob = { id: 'b', use: 'blob@1', polarity: 'dark', threshold: 60, roi: 'middle' }
    const code = { id: 'c', use: 'code@1', formats: ['QRCode'] }
    const rois = { middle: { shape: 'rect', box: [3, 3, 17, 7] } }
    await load({ golden, rois, tools: [register({}), blob, measure({}), code] })
  })
})
