import { afterAll, expect, it } from 'vitest'
import { refOf } from '../../bin/life/changeover.ts'
import { modelPackages } from '../../bin/life/packages.ts'
import { loadLine } from '../../bin/line/config.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import type { Recipe } from '../../contracts/index.ts'
import { goodRecipe, workshop } from '../e2e/bad-samples.ts'

const shop = workshop('pins')
afterAll(() => shop.remove())
const environment = readEnvironment({ SIGHTLINE_DATA_DIR: shop.data })

const text = (detector: { model: string; sha256: string }) => ({
  id: 'print',
  use: 'text@1',
  detector,
  recogniser: { model: 'reader', sha256: 'b'.repeat(64) },
  expect: [{ name: 'lot', pattern: 'L(\\d+)' }],
})

it('counts both models of a text tool as pinned, wherever a recipe is named with its models', async () => {
  const delivered = (await modelPackages(environment, new Map())).find((p) => p.id === 'pcb-pair')
  const detector = { model: 'pcb-pair', sha256: delivered?.sha256 ?? '' }
  const recipe = { tools: [text(detector)] } as unknown as Recipe
  const loaded = { id: 'print@1', recipe, sha256: 'c'.repeat(64), dir: '.', file: '' }
  expect(refOf(loaded).models).toEqual([
    { id: 'pcb-pair', sha256: detector.sha256 },
    { id: 'reader', sha256: 'b'.repeat(64) },
  ])
  const rows = await modelPackages(environment, new Map([['st10', loaded]]))
  expect(rows.filter((r) => r.reproduced).map((r) => [r.id, r.inForce])).toEqual([
    ['pcb-pair', [{ station: 'st10', recipe: 'print@1' }]],
  ])
})

it('looks for them before a line is started', async () => {
  shop.recipe(goodRecipe({ tools: [text({ model: 'finder', sha256: 'a'.repeat(64) })] }))
  const file = shop.line('pins', {
    stations: [
      {
        id: 'st10',
        camera: { adapter: 'replay', path: shop.dir, rate: 10 },
        recipe: 'ramp@1',
        budgetMs: 1_000,
        reject: { adapter: 'recording' },
      },
    ],
  })
  await expect(loadLine(file, environment, {}, {})).rejects.toThrow(/MDL_UNKNOWN.*tools\[0\].*finder/s)
})
