import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { scoreHistogram } from '../../datasets/report/histogram.ts'
import { recallBySize } from '../../datasets/metrics/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

// A call takes some 120,000 arguments.
it('reads more images than a call takes arguments', async () => {
  await mkdir(join(at.dir, 'files'))
  await mkdir(join(at.dir, 'set', 'all'), { recursive: true })
  for (let n = 0; n < 2_000; n++) await writeFile(join(at.dir, 'files', `${n}.jpg`), '')
  for (let n = 0; n < 70; n++) await symlink(join(at.dir, 'files'), join(at.dir, 'set', 'all', `${n}`))
  const { items } = await openDataset(join(at.dir, 'set'), { format: 'folder' })
  expect(items).toHaveLength(140_000)
}, 60_000)

it('draws and counts as many', () => {
  const many = Array.from({ length: 150_000 }, (_, n) => n)
  const svg = scoreHistogram(many, many, 7, { x: 'score', y: 'parts' })
  expect(svg).toContain('good: 3750<')
  expect(recallBySize(many.map((n) => ({ size: 60_000 + n, found: true }))).at(-1)?.recall.of).toBe(150_000)
})
