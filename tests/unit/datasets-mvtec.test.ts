import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { openDataset, readMask } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

/** A 20 × 10 px mask, white in one column. */
async function mask(file: string, column: number | null): Promise<void> {
  await mkdir(dirname(join(at.dir, file)), { recursive: true })
  const data = Buffer.alloc(200)
  if (column !== null) for (let y = 0; y < 10; y++) data[y * 20 + column] = 255
  await sharp(data, { raw: { width: 20, height: 10, channels: 1 } })
    .png()
    .toFile(join(at.dir, file))
}

describe('masks of good parts', () => {
  const files = { 'train/good/0.png': null, 'test/good/0.png': null, 'test/crack/1.png': null }

  it('may be there when they are black', async () => {
    await at.tree(files)
    await mask('ground_truth/crack/1_mask.png', 3)
    await mask('ground_truth/good/0_mask.png', null)
    const { items, leftOut } = await openDataset(at.dir)
    expect(leftOut).toEqual([])
    expect(items.map((i) => [i.id, i.mask !== undefined])).toEqual([
      ['train/good/0.png', false],
      ['test/crack/1.png', true],
      ['test/good/0.png', false],
    ])
  })

  it('are refused when they mark something', async () => {
    await at.tree(files)
    await mask('ground_truth/good/0_mask.png', 3)
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*good\/0_mask\.png\); expected a black mask.*found 10 px marked/,
    )
  })
})

it('says that none of the parts to be judged is good, where the name of their folder does not say so', async () => {
  await at.tree({ 'train/good/a.jpg': null, 'test/blank/b.jpg': null, 'test/cut/c.jpg': null })
  await mask('ground_truth/cut/c.png', 3)
  const said = async (goodLabels?: string[]): Promise<string[]> =>
    (await openDataset(at.dir, { forJudging: true, ...(goodLabels && { goodLabels }) })).leftOut.map(
      (f) => f.message,
    )
  expect(await said()).toContainEqual(
    expect.stringMatching(/^DAT_TRUTH.*every part counts as bad; found 1: blank; .*--good$/),
  )
  expect(await said(['good', 'blank'])).not.toContainEqual(expect.stringMatching(/^DAT_TRUTH/))
})

it('reads folders in capitals', async () => {
  await at.tree({ 'Train/Good/0.png': null, 'Test/Good/0.png': null, 'Test/Crack/1.png': null })
  await mask('Ground_Truth/Crack/1_mask.png', 3)
  const { format, items, leftOut } = await openDataset(at.dir)
  expect([format, leftOut]).toEqual(['mvtec', []])
  expect(items.map((i) => [i.id, i.split, i.defective, i.mask?.slice(at.dir.length + 1)])).toEqual([
    ['Train/Good/0.png', 'train', false, undefined],
    ['Test/Crack/1.png', 'test', true, 'Ground_Truth/Crack/1_mask.png'],
    ['Test/Good/0.png', 'test', false, undefined],
  ])
})

it('names masks that are dark at the defects', async () => {
  const files = ['0', '1', '2'].map((n) => `test/crack/${n}.png`)
  await at.tree({ 'train/good/0.png': null, ...Object.fromEntries(files.map((f) => [f, null])) })
  for (const n of ['0', '1', '2']) await mask(`ground_truth/crack/${n}_mask.png`, 3)
  expect((await openDataset(at.dir)).leftOut).toEqual([])
  for (const n of ['0', '1']) {
    const file = join(at.dir, `ground_truth/crack/${n}_mask.png`)
    const inverted = await sharp(await sharp(file).negate().toBuffer()).toBuffer()
    await sharp(inverted).toFile(file)
  }
  expect((await openDataset(at.dir)).leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(
      /^DAT_TRUTH: .*more than half of their image; found 2: .*0_mask.*1_mask\.png; invert/,
    ),
  ])
})

it('gives a mask of two images to that of the test, says so, and refuses one of two test images', async () => {
  await at.tree({ 'train/good/0.png': null, 'train/crack/1.png': null, 'test/crack/1.png': null })
  await mask('ground_truth/crack/1_mask.png', 3)
  const { items, leftOut } = await openDataset(at.dir)
  expect(items.flatMap((i) => (i.mask === undefined ? [] : i.id))).toEqual(['test/crack/1.png'])
  expect(leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(/^DAT_TRUTH: .*taken for the test images .*found 1: train\/crack\/1\.png$/),
    expect.stringMatching(/^DAT_LEFT_OUT: .*in no score of pixels; found 1: train\/crack\/1\.png$/),
  ])
  await at.tree({ 'test/crack/1.jpg': null })
  await expect(openDataset(at.dir)).rejects.toThrow(
    /DAT_LAYOUT.*1_mask\.png\); expected one image for each mask; found train\/crack\/1\.png and test\/crack\/1\.jpg and test\/crack\/1\.png/,
  )
})

it('leaves a folder out that has no name of an image, and names it', async () => {
  await at.tree({ 'train/good/0.png': null, 'test/crack/1.png': null })
  await mask('ground_truth/crack/1_mask.png', 3)
  await mask('ground_truth/crack/old/1_mask.png', 7)
  const { items, leftOut } = await openDataset(at.dir)
  expect(items.map((i) => i.mask)).toEqual([undefined, join(at.dir, 'ground_truth/crack/1_mask.png')])
  expect(leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(/^DAT_LEFT_OUT: .*found 1: ground_truth\/crack\/old\/1_mask\.png$/),
  ])
  // A mask in the place of masks without its image is a slip.
  await mask('ground_truth/crack/2_mask.png', 3)
  await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*2_mask\.png\); expected an image/)
})

it('names images with a mask that EXIF says to turn', async () => {
  await at.tree({ 'train/good/0.png': null })
  await mask('ground_truth/crack/1_mask.png', 3)
  await mkdir(join(at.dir, 'test/crack'), { recursive: true })
  await sharp({ create: { width: 20, height: 10, channels: 3, background: '#777' } })
    .withMetadata({ orientation: 3 })
    .jpeg()
    .toFile(join(at.dir, 'test/crack/1.jpg'))
  expect((await openDataset(at.dir)).leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(/EXIF orientation .* is not used; found 1: test\/crack\/1\.jpg$/),
  ])
})

it('reads MVTec LOCO AD, whose images have a folder of masks each', async () => {
  await at.tree({
    'train/good/0.png': null,
    'validation/good/0.png': null,
    'test/good/0.png': null,
    'test/logical_anomalies/0.png': null,
  })
  await mask('ground_truth/logical_anomalies/0/000.png', 3)
  await mask('ground_truth/logical_anomalies/0/001.png', 7)
  const { items, leftOut } = await openDataset(at.dir)
  expect(items.map((i) => [i.split, i.label])).toEqual([
    ['train', 'good'],
    ['val', 'good'],
    ['test', 'good'],
    ['test', 'logical_anomalies'],
  ])
  // Its own score of pixels is another one than ours.
  expect(leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(/^DAT_TRUTH: .*sPRO.* is not computed.*; found 1: 1 images$/),
  ])
  const [bad] = items.filter((i) => i.defective)
  const marked = bad && (await readMask(bad))
  expect([...(marked?.data.slice(0, 20) ?? [])].flatMap((v, x) => (v ? x : []))).toEqual([3, 7])
})

it('reads AeBAD-S, whose images and masks lie in a folder more, numbered alike in each', async () => {
  const files = ['train/good/view/0.png', 'test/good/same/0.png', 'test/crack/same/1.png']
  await at.tree(Object.fromEntries([...files, 'test/crack/view/1.png'].map((f) => [f, null])))
  await mask('ground_truth/crack/same/1.png', 3)
  await mask('ground_truth/crack/view/1.png', 7)
  const { format, items, leftOut } = await openDataset(at.dir)
  expect([format, leftOut]).toEqual(['mvtec', []])
  expect(items.map((i) => [i.id, i.label, i.defective, i.mask?.slice(at.dir.length + 1)])).toEqual([
    ['train/good/view/0.png', 'good', false, undefined],
    ['test/crack/same/1.png', 'crack', true, 'ground_truth/crack/same/1.png'],
    ['test/crack/view/1.png', 'crack', true, 'ground_truth/crack/view/1.png'],
    ['test/good/same/0.png', 'good', false, undefined],
  ])
})

it('reads MVTec AD 2, whose masks lie beside the public test images', async () => {
  await at.tree({
    'train/good/0_regular.png': null,
    'validation/good/1_regular.png': null,
    'test_public/good/2_regular.png': null,
    'test_public/bad/3_regular.png': null,
  })
  await mask('test_public/ground_truth/bad/3_regular_mask.png', 3)
  const { items, leftOut } = await openDataset(at.dir)
  expect(leftOut).toEqual([])
  expect(items.map((i) => [i.split, i.label, i.mask !== undefined])).toEqual([
    ['train', 'good', false],
    ['val', 'good', false],
    ['test', 'bad', true],
    ['test', 'good', false],
  ])
})

it('reads MVTec 3D-AD, photographs in rgb and masks in gt of each class', async () => {
  await at.tree({
    'train/good/rgb/000.png': null,
    'train/good/xyz/000.tiff': '',
    'validation/good/rgb/000.png': null,
    'test/good/rgb/000.png': null,
    'test/hole/rgb/000.png': null,
  })
  await mask('train/good/gt/000.png', null)
  await mask('test/good/gt/000.png', null)
  await mask('test/hole/gt/000.png', 3)
  const { items, leftOut } = await openDataset(at.dir)
  expect(items.map((i) => [i.id, i.split, i.label, i.defective, i.mask])).toEqual([
    ['train/good/rgb/000.png', 'train', 'good', false, undefined],
    ['validation/good/rgb/000.png', 'val', 'good', false, undefined],
    ['test/good/rgb/000.png', 'test', 'good', false, undefined],
    ['test/hole/rgb/000.png', 'test', 'hole', true, join(at.dir, 'test/hole/gt/000.png')],
  ])
  expect(leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(/found 1: train\/good\/xyz\/000\.tiff$/),
  ])
})
