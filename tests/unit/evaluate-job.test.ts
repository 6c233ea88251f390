import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type EvaluateOrder, judgesOf, runEvaluation } from '../../bin/jobs/evaluate.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { writeToyPackage } from '../suites/toy-models.ts'
import { datasetFolder } from './samples/dataset-folder.ts'
import { recipeOf } from './samples/inspection-recipes.ts'

const at = datasetFolder()

const json = (bbox: number[]): string =>
  JSON.stringify({
    images: [{ id: 1, file_name: 'a.jpg' }],
    categories: [{ id: 1, name: 'stain' }],
    annotations: [{ image_id: 1, category_id: 1, bbox }],
  })

it('judges one split whatever is wrong in another, looks for leaks in both, and has one threshold for both judges', async () => {
  await at.tree({
    'set/train/a.jpg': null,
    // Far outside: refused where it is judged.
    'set/train/_annotations.coco.json': json([400, 400, 5, 5]),
    'set/test/a.jpg': null,
    'set/test/_annotations.coco.json': json([1, 1, 5, 5]),
  })
  const recipe = recipeOf(
    [20, 10],
    [{ id: 'b', use: 'blob@1', class: 'stain', polarity: 'dark', threshold: 10, minAreaPx: 1 }],
  )
  await writeFile(join(at.dir, 'sample@1.recipe.yaml'), JSON.stringify(recipe))
  const place = { dir: at.dir, id: 'sample@1' }
  const { result } = await runEvaluation(
    {
      dir: join(at.dir, 'set'),
      split: 'test',
      recipe: place,
      compare: { recipe: place },
      threshold: 0.7,
      leakage: {},
      workers: 1,
      report: null,
    },
    readEnvironment({}),
    () => undefined,
  )
  expect(result.images.map((i) => i.id)).toEqual(['test/a.jpg'])
  expect(result.leakage).toMatchObject({ images: 2, affected: 1, counts: { copy: 1 } })
  expect(result.dataset.leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(
      /^DAT_REPEATED: .*found 1 pairs: train\/a\.jpg = test\/a\.jpg \(train, test\); remove/,
    ),
  ])
  const threshold = { value: 0.7, perClass: {}, source: 'option' }
  expect(result.comparison).toMatchObject({ threshold, otherThreshold: threshold })
}, 60_000)

it('is not done by a recipe or package that means something else than where it was ordered', async () => {
  await at.tree({ 'kinds/good/a.png': null, 'kinds/crack/b.png': null })
  const classes = (labels: string[]) =>
    writeToyPackage({ toy: { kind: 'classification', gain: [1, -1], bias: [0, 1] }, id: 'toy-kinds', labels })
  const [ordered, done] = [await classes(['crack', 'good']), await classes(['good', 'crack'])]
  try {
    const host = (...models: string[]) => ({ ...readEnvironment({}), models })
    const recipe = recipeOf(
      [8, 8],
      [{ id: 'm', use: 'model@1', model: 'toy-kinds', sha256: done.sha256, threshold: 0.5 }],
    )
    await writeFile(join(at.dir, 'sample@1.recipe.yaml'), JSON.stringify(recipe))
    const place = { recipe: { dir: at.dir, id: 'sample@1' } }
    const order: EvaluateOrder = { dir: join(at.dir, 'kinds'), leakage: null, workers: 1, report: null }
    const trust = join(at.dir, 'keys.json')
    await writeFile(trust, JSON.stringify(done.trustedKeys))
    const there = { ...host(done.root), trust }
    const run = async (what: Partial<EvaluateOrder>, here = host(ordered.root)): Promise<unknown> => {
      const asked = { ...order, ...what }
      const judges = await judgesOf(asked, here)
      return runEvaluation(
        { ...asked, judges: JSON.parse(JSON.stringify(judges)) as typeof judges },
        there,
        () => undefined,
      )
    }
    const other =
      /^MDL_PACKAGE.*expected .*toy-kinds 1\.0\.0 \(network .*as where the evaluation was ordered.*card .* on host/
    await expect(run({ model: 'toy-kinds' })).rejects.toThrow(other)
    await expect(run(place)).rejects.toThrow(other)
    // What is the same, or nowhere but there, is done.
    for (const here of [there, host()])
      await expect(run({ model: 'toy-kinds' }, here)).resolves.toMatchObject({
        result: { models: [{ id: 'toy-kinds' }] },
      })
    // A host without the package has its recipe all the same.
    const judges = await judgesOf({ ...order, ...place }, host())
    expect(judges.subject).toMatchObject({ name: 'sample@1', models: null })
    const asked = { ...order, ...place, judges }
    await expect(runEvaluation(asked, there, () => undefined)).resolves.toMatchObject({
      result: { models: [{ id: 'toy-kinds' }] },
    })
    const strict = recipe.tools.map((tool) => ({ ...tool, threshold: 0.6 }))
    await writeFile(join(at.dir, 'sample@1.recipe.yaml'), JSON.stringify({ ...recipe, tools: strict }))
    await expect(runEvaluation(asked, there, () => undefined)).rejects.toThrow(/^MDL_PACKAGE.*recipe /)
  } finally {
    await Promise.all([ordered.remove(), done.remove()])
  }
}, 60_000)
