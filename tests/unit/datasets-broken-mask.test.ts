import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { MaskReader } from '../../datasets/evaluate/mask-reader.ts'
import { openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

const cutOff = async (file: string): Promise<void> => truncate(file, (await readFile(file)).length - 30)

/** Masks beside ten images of 20 × 10 px: those from `a` on mark something, the others nothing. */
async function beside(images: readonly string[]): Promise<void> {
  for (const image of images) {
    await mkdir(dirname(join(at.dir, image)), { recursive: true })
    const photo = Uint8Array.from({ length: 200 }, (_, n) => (n * 37) % 251)
    const marked = Uint8Array.from({ length: 200 }, (_, n) => ((n * 73) % 7 === 0 ? 255 : 0))
    const raw = { width: 20, height: 10, channels: 1 } as const
    await sharp(photo, { raw }).toFile(join(at.dir, `${image}.jpg`))
    const isBad = image.includes('bad')
    await sharp(isBad ? marked : new Uint8Array(200), { raw }).toFile(join(at.dir, `${image}_GT.png`))
  }
}

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
  await cutOff(cut)
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

describe('a mask beside its image that is cut off', () => {
  const numbers = Array.from({ length: 10 }, (_, n) => String(n))
  const verdicts = async (): Promise<unknown[]> => {
    const { format, items, leftOut } = await openDataset(at.dir)
    const of = (v: boolean | null): number => items.filter((i) => i.defective === v).length
    return [format, of(true), of(false), of(null), leftOut.map((f) => f.message)]
  }

  it('says nothing of its part where masks alone do, and is named; of many the first is', async () => {
    await beside(numbers.map((n) => `train/${n}_${Number(n) < 5 ? 'bad' : 'fine'}`))
    await cutOff(join(at.dir, 'train/2_bad_GT.png'))
    expect(await verdicts()).toEqual([
      'masks-beside',
      4,
      5,
      1,
      [
        expect.stringMatching(
          /^DAT_TRUTH: .*masks that can be read.*in no rate; found 1: train\/2_bad_GT\.png$/,
        ),
      ],
    ])
    await cutOff(join(at.dir, 'train/4_bad_GT.png'))
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_ANNOTATION.*2_bad_GT\.png.*expected a mask image/)
  })

  it('is left to the evaluation where folders say what a part is', async () => {
    await beside(numbers.map((n) => (Number(n) < 5 ? `NG/${n}_bad` : `OK/${n}`)))
    await cutOff(join(at.dir, 'NG/0_bad_GT.png'))
    expect(await verdicts()).toEqual(['masks-beside', 5, 5, 0, []])
    const { items } = await openDataset(at.dir)
    expect(items.filter((i) => i.mask !== undefined)).toHaveLength(5)
  })

  it('leaves open whether a part in the folder of good ones is good: it might mark something', async () => {
    await beside(numbers.map((n) => (Number(n) < 5 ? `NG/${n}_bad` : `OK/${n}`)))
    await cutOff(join(at.dir, 'OK/7_GT.png'))
    expect(await verdicts()).toEqual([
      'masks-beside',
      5,
      4,
      1,
      [expect.stringMatching(/^DAT_TRUTH: .*masks that can be read.*in no rate; found 1: OK\/7_GT\.png$/)],
    ])
  })
})
