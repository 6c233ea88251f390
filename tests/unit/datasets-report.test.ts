import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { evaluate, openDataset, renderReport } from '../../datasets/index.ts'
import { evaluationText } from '../../bin/jobs/evaluation-text.ts'
import { worstCases } from '../../datasets/report/cases.ts'
import { datasetFolder } from './samples/dataset-folder.ts'
import { noModels, recipeOf } from './samples/inspection-recipes.ts'

const at = datasetFolder()
const dark = recipeOf(
  [20, 10],
  [{ id: 'b', use: 'blob@1', class: 'dent', polarity: 'dark', threshold: 60, minAreaPx: 1 }],
)

it('says why an image was not judged in both languages, and no hint of a miss that a call at the threshold took', async () => {
  // One dark square of 6 × 6 px that is labelled twice: the one call is for the first.
  const data = Buffer.alloc(200, 0x99)
  for (let y = 2; y < 8; y++) data.fill(0x10, y * 20 + 4, y * 20 + 10)
  await at.tree({
    'data.yaml': 'names: [dent]\n',
    'labels/a.txt': '0 .35 .5 .3 .6\n0 .35 .5 .3 .5\n',
    'images/torn.jpg': 'no picture',
    'labels/torn.txt': '',
  })
  const file = join(at.dir, 'images/a.png')
  await writeFile(
    file,
    await sharp(data, { raw: { width: 20, height: 10, channels: 1 } })
      .png()
      .toBuffer(),
  )
  const result = await evaluate({
    dataset: await openDataset(at.dir),
    subject: { kind: 'recipe', source: { recipe: dark, dir: '.' } },
    models: noModels,
    workers: 1,
  })
  expect(result.images[0]?.detections).toMatchObject([{ class: 'dent', box: [4, 2, 10, 8] }])
  expect(worstCases(result).missed).toMatchObject([{ truth: 'dent', score: 0 }])
  const html = await renderReport(result)
  expect(html).toContain('INS_DECODE: the image cannot be decoded; expected JPEG')
  expect(html).toContain('INS_DECODE:图像无法解码;应为 JPEG')
})

it('says by which labels parts count as good, as bad and as neither', async () => {
  const names = ['OK/1', 'OK/2', 'brauchbar/3', 'dent/4', 'dent/5', 'dent/6']
  await at.tree(Object.fromEntries(names.map((name) => [`${name}.png`, null])))
  const dataset = await openDataset(at.dir)
  const items = dataset.items.map((i) => (i.id === 'dent/6.png' ? { ...i, defective: null } : i))
  const result = await evaluate({
    dataset: { ...dataset, items },
    subject: { kind: 'recipe', source: { recipe: dark, dir: '.' } },
    models: noModels,
    workers: 1,
  })
  expect(result.dataset.truth).toEqual([
    { defective: false, images: 2, labels: [{ label: 'OK', images: 2 }] },
    {
      defective: true,
      images: 3,
      labels: [
        { label: 'brauchbar', images: 1 },
        { label: 'dent', images: 2 },
      ],
    },
    { defective: null, images: 1, labels: [{ label: 'dent', images: 1 }] },
  ])
  expect(evaluationText(result)).toContain(
    '  2 good: OK 2\n  3 bad: brauchbar 1, dent 2\n  1 in no rate, since nothing says which: dent 1\n',
  )
  expect((await renderReport(result)).replaceAll(/<[^>]*>/g, ' ')).toMatch(/良品\s+2 \(OK 2\)/)
})
