import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { evaluationText } from '../../bin/jobs/evaluation-text.ts'
import { evaluate, openDataset, renderReport } from '../../datasets/index.ts'
import { findPackages } from '../../models/index.ts'
import { type ToyPackage, writeToyPackage } from '../suites/toy-models.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
let toy: ToyPackage
beforeAll(async () => {
  toy = await writeToyPackage({
    toy: { kind: 'classification', gain: [-1, 1], bias: [1, 0] },
    labels: ['ok', 'defect'],
    threshold: 0.7,
  })
})
afterAll(() => toy.remove())

it('says that a classifier on a set of boxes has no score of places, which is none of 0', async () => {
  for (const [name, level, labels] of [
    ['a', 240, '0 .5 .5 .2 .2\n'],
    ['b', 20, ''],
  ] as const) {
    await mkdir(join(at.dir, 'images'), { recursive: true })
    await mkdir(join(at.dir, 'labels'), { recursive: true })
    await sharp({
      create: { width: 32, height: 24, channels: 3, background: { r: level, g: level, b: level } },
    })
      .toColourspace('b-w')
      .png()
      .toFile(join(at.dir, 'images', `${name}.png`))
    await writeFile(join(at.dir, 'labels', `${name}.txt`), labels)
  }
  await writeFile(join(at.dir, 'data.yaml'), 'names: [dent]\n')
  const [model] = await findPackages([toy.root])
  if (!model) throw new Error('no package')
  const result = await evaluate({
    dataset: await openDataset(at.dir),
    subject: { kind: 'model', model },
    models: { modelDirs: [toy.root], providers: ['cpu'], trustedKeys: toy.trustedKeys, intraOpThreads: 1 },
    workers: 1,
  })
  expect(result.detection).toBeNull()
  // Whether a part is bad is said by its boxes all the same.
  expect(result.judgement?.counts).toMatchObject({ defective: { fail: 1 }, good: { pass: 1 } })
  expect(result.ranking?.auroc).toBe(1)
  const text = evaluationText(result)
  expect(text).toContain('places of defects: not scored; 2 images have boxes')
  expect(text).not.toContain('mAP')
  const html = await renderReport(result)
  expect(html).toContain('2 张图像有标注框')
  expect(html).not.toContain('mAP')
}, 60_000)
