import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { MaskReader } from '../../datasets/evaluate/mask-reader.ts'
import { openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

/** MVTec's layout with a mask of 20 × 10 px for each of two bad parts, noisy so that half of the file is not all. */
async function set(): Promise<string[]> {
  await at.tree({
    'train/good/0.jpg': null,
    'test/good/0.jpg': null,
    'test/dent/0.jpg': null,
    'test/dent/1.jpg': null,
    'ground_truth/dent/0_mask.png': '',
    'ground_truth/dent/1_mask.png': '',
  })
  const raw = Uint8Array.from({ length: 200 }, (_, n) => ((n * 73) % 7 === 0 ? 255 : 0))
  const masks = ['0', '1'].map((n) => join(at.dir, `ground_truth/dent/${n}_mask.png`))
  for (const mask of masks)
    await sharp(raw, { raw: { width: 20, height: 10, channels: 1 } })
      .png()
      .toFile(mask)
  return masks
}

it('a mask that is cut off costs its own image the scores of pixels, and is named', async () => {
  const [, cut = ''] = await set()
  await truncate(cut, (await readFile(cut)).length - 30)
  const { items, dir } = await openDataset(at.dir, { split: 'test' })
  const reader = new MaskReader()
  const read = new Map<string, string>()
  for (const item of items) {
    const mask = await reader.read(item)
    read.set(item.id, mask ? 'mask' : String(mask))
  }
  expect(Object.fromEntries(read)).toEqual({
    'test/dent/0.jpg': 'mask',
    'test/dent/1.jpg': 'undefined',
    'test/good/0.jpg': 'null',
  })
  expect(reader.leftOut(dir).map((f) => f.message)).toEqual([
    expect.stringMatching(
      /^DAT_LEFT_OUT: .*masks that can be read.*found 1: ground_truth\/dent\/1_mask\.png$/,
    ),
  ])
})

it('a mask of a kind that is refused is no broken one', async () => {
  const mask = join(at.dir, '0.pgm')
  await writeFile(mask, Buffer.from('P5 2 1 65535\n\x00\x01\x00\x02', 'latin1'))
  const reader = new MaskReader()
  await expect(reader.read({ id: '0', image: '', split: 'test', mask, defective: true })).rejects.toThrow(
    /a mask of 8 bits/,
  )
  expect(reader.leftOut(at.dir)).toEqual([])
})
