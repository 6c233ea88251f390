import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { CanaryWatch } from '../../bin/line/canary.ts'
import { CodedError, lineSchema } from '../../contracts/index.ts'
import { type Canary, type LoadedRecipe, loadRecipe, type LocalInspector } from '../../inspection/index.ts'
import { goodPng, goodRecipe, workshop } from '../e2e/bad-samples.ts'
import { outcome } from './samples/station-ports.ts'

const shop = workshop('canary-known')
afterAll(() => shop.remove())
const spec = lineSchema.parse({
  line: 'l',
  title: { en: 'L', zh: 'L' },
  stations: [
    { id: 's1', recipe: 'ramp@1', budgetMs: 100, camera: { adapter: 'replay', path: 'images', rate: 1 } },
  ],
})

/** Workers that answer alike, but for the first one when it is asked first. */
async function line() {
  const golden = await goodPng()
  writeFileSync(join(shop.dir, 'recipes', 'golden.png'), golden)
  const sha256 = createHash('sha256').update(golden).digest('hex')
  shop.recipe(goodRecipe({ version: 2, golden: { from: 'file', file: 'golden.png', sha256 } }), 'ramp@2')
  const answers = { first: 'pass', others: 'pass' } as Record<'first' | 'others', 'pass' | 'fail'>
  const canaries: Canary[] = []
  const local = {
    inspectFirst: () => Promise.resolve(outcome(answers.first)),
    selfTest: () =>
      canaries.every((c) => c.expect.result === answers.others)
        ? Promise.resolve()
        : Promise.reject(new CodedError('INS_CANARY')),
  } as unknown as LocalInspector
  const inForce = new Map<string, LoadedRecipe>()
  const watch = await CanaryWatch.start(local, canaries, spec, inForce)
  watch.stop()
  return { answers, inForce, watch, recipe: await loadRecipe(join(shop.dir, 'recipes'), 'ramp@2') }
}

it('an answer that the workers do not agree on is not held against the recipe when it is asked for again', async () => {
  const { answers, watch, recipe } = await line()
  answers.first = 'fail'
  await expect(watch.add(recipe)).rejects.toMatchObject({ code: 'INS_CANARY' })
  watch.drop(recipe.id)
  answers.first = 'pass'
  await watch.add(recipe)
})

it('one that they agreed on must be given again', async () => {
  const { answers, watch, recipe } = await line()
  await watch.add(recipe)
  watch.drop(recipe.id)
  answers.first = answers.others = 'fail'
  await expect(watch.add(recipe)).rejects.toMatchObject({ code: 'INS_CANARY' })
})

it('a worker host judges by no recipe that it learned while it runs when that canary fails', async () => {
  const { answers, watch, recipe } = await line()
  await watch.add(recipe)
  expect(watch.fit('ramp@2')).toBe(true)
  answers.others = 'fail'
  await watch.check()
  expect([watch.fit('ramp@2'), watch.fit('ramp@1')]).toEqual([false, true])
})

it('a worker host that judges it right again is fit again: nobody loads it anew there', async () => {
  const { answers, watch, recipe } = await line()
  await watch.add(recipe)
  answers.others = 'fail'
  await watch.check()
  answers.others = 'pass'
  await watch.check()
  expect(watch.fit('ramp@2')).toBe(true)
})

it('a recipe in force that does not pass its own golden template is in doubt, as after a fault that a start found', async () => {
  const { answers, inForce, watch, recipe } = await line()
  answers.first = answers.others = 'fail'
  await watch.add(recipe)
  expect(watch.doubts).toEqual([])
  inForce.set('s1', recipe)
  expect(watch.doubts).toMatchObject([
    { recipe: 'ramp@2', text: { en: expect.stringContaining('the golden template itself is judged fail') } },
  ])
  watch.drop(recipe.id)
  expect(watch.doubts).toEqual([])
})
