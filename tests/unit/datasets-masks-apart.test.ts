import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { type Dataset, openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

async function grey(file: string, valueOf: (pixel: number) => number): Promise<void> {
  await mkdir(dirname(join(at.dir, file)), { recursive: true })
  const data = Buffer.from(Array.from({ length: 200 }, (_, n) => valueOf(n)))
  await sharp(data, { raw: { width: 20, height: 10, channels: 1 } }).toFile(join(at.dir, file))
}
const mask = (file: string, px: number): Promise<void> => grey(file, (n) => (n < px ? 255 : 0))
const photograph = (file: string): Promise<void> => grey(file, (n) => (n * 37) % 251)
const shown = ({ items }: Dataset): unknown[] =>
  items.map((i) => [i.id, i.split, i.label, i.defective, i.mask?.slice(at.dir.length + 1)])
const messages = ({ leftOut }: Dataset): string[] => leftOut.map((f) => f.message)

it('reads AITEX: good parts in their own folder, the rolls below; two masks of one image are none, and named', async () => {
  for (const f of ['0001_002_00', '0044_019_04', '0100_025_08']) await photograph(`Defect_images/${f}.png`)
  await photograph('NODefect_images/2306881-210020u/0001_000_05.png')
  await mask('Mask_images/0001_002_00_mask.png', 5)
  await mask('Mask_images/0044_019_04_mask1.png', 5)
  await mask('Mask_images/0044_019_04_mask2.png', 3)
  const set = await openDataset(at.dir)
  expect([set.format, shown(set)]).toEqual([
    'masks-apart',
    [
      ['Defect_images/0001_002_00.png', 'all', 'Defect_images', true, 'Mask_images/0001_002_00_mask.png'],
      ['Defect_images/0044_019_04.png', 'all', 'Defect_images', true, undefined],
      ['Defect_images/0100_025_08.png', 'all', 'Defect_images', true, undefined],
      ['NODefect_images/2306881-210020u/0001_000_05.png', 'all', 'NODefect_images', false, undefined],
    ],
  ])
  expect(messages(set)).toEqual([
    expect.stringMatching(/a mask that marks something .* found 2: .*0044_019_04\.png, .*0100_025_08\.png/),
    expect.stringMatching(
      /found 2: Mask_images\/0044_019_04_mask1\.png, Mask_images\/0044_019_04_mask2\.png/,
    ),
  ])
})

it.each([
  ['splits with folders', 'train/images/a.jpg', 'train/masks/a.png', 'test/images/b.jpg', 'test/masks/b.png'],
  [
    'folders with splits',
    'images/train/a.jpg',
    'labels/train/a.png',
    'images/test/b.jpg',
    'labels/test/b.png',
  ],
])('reads %s; black masks are of good parts', async (_, ...files) => {
  const [a = '', ofA = '', b = '', ofB = ''] = files
  for (const f of [a, b]) await photograph(f)
  await mask(ofA, 5)
  await mask(ofB, 0)
  const set = await openDataset(at.dir)
  expect([set.format, shown(set), set.leftOut]).toEqual([
    'masks-apart',
    expect.arrayContaining([
      [a, 'train', 'defect', true, ofA],
      [b, 'test', 'good', false, undefined],
    ]),
    [],
  ])
})

it.each([
  ['DeepCrack', 'img', 'lab'],
  ['images and masks of splits', 'images', 'masks'],
])('reads %s, numbered alike in both splits', async (_, images, masks) => {
  for (const split of ['train', 'test']) {
    await photograph(`${split}_${images}/1.jpg`)
    await photograph(`${split}_${images}/2.jpg`)
    await mask(`${split}_${masks}/1.png`, split === 'train' ? 5 : 7)
    await mask(`${split}_${masks}/2.png`, 0)
  }
  const set = await openDataset(at.dir)
  expect([set.format, shown(set), set.leftOut]).toEqual([
    'masks-apart',
    ['test', 'train'].flatMap((split) => [
      [`${split}_${images}/1.jpg`, split, 'defect', true, `${split}_${masks}/1.png`],
      [`${split}_${images}/2.jpg`, split, 'good', false, undefined],
    ]),
    [],
  ])
})

it('gives a mask to the bad part of two of one name, and refuses one for a good part that marks something', async () => {
  for (const f of ['good/0.png', 'good/1.png', 'scratch/0.png']) await photograph(f)
  await mask('mask/0.png', 5)
  expect(shown(await openDataset(at.dir))).toEqual([
    ['good/0.png', 'all', 'good', false, undefined],
    ['good/1.png', 'all', 'good', false, undefined],
    ['scratch/0.png', 'all', 'scratch', true, 'mask/0.png'],
  ])
  await mask('mask/1.png', 5)
  await expect(openDataset(at.dir)).rejects.toThrow(/DAT_ANNOTATION.*mask\/1\.png\); expected a black mask/)
})

it.each([
  [
    'no image',
    ['images/b.jpg'],
    /masks\/a\.png\); expected one image of its name .* found none; 1 more like it$/,
  ],
  ['images of two folders', ['images/a.jpg', 'more/a.jpg'], /found images\/a\.jpg and more\/a\.jpg/],
  ['an image that has another', ['images/a.jpg'], /a_mask\.png\).*found another mask of images\/a\.jpg$/],
])('refuses a mask of %s', async (_, images, message) => {
  for (const f of [...images, 'images/c.jpg']) await photograph(f)
  for (const f of ['a', 'a_mask', 'c']) await mask(`masks/${f}.png`, 5)
  await expect(openDataset(at.dir)).rejects.toThrow(message)
})

it('leaves alone what systems put among the files', async () => {
  await at.tree({
    'bad/a.jpg': null,
    'bad/@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg': null,
    'good/b.jpg': null,
    '__MACOSX/good/b.jpg': null,
  })
  const set = await openDataset(at.dir)
  expect([set.items.map((i) => i.id), set.leftOut]).toEqual([['bad/a.jpg', 'good/b.jpg'], []])
})

describe('folders of masks whose names no list has are no classes', () => {
  it.each([
    ['GAPs384', 'croppedimg/11.jpg', 'croppedgt/11.png'],
    ['beside good parts', 'scratch/Scr_01.jpg', 'ground_truth_1/Scr_01.png', 'good/5.jpg'],
    ['of two people', 'scratch/S_1.jpg', 'ground_truth_1/S_1.png', 'good/5.jpg', 'ground_truth_2/S_1.png'],
    ['with more behind their names', 'Images1/11.jpg', 'Semantic Maps/11_segm.png'],
    ['in splits', 'train/oil/11.jpg', 'train/oil_regions/11.png', 'test/oil/5.jpg'],
  ])('%s', async (_, image, drawn, good?: string, other?: string) => {
    await photograph(image)
    await mask(drawn, 5)
    if (good !== undefined) await photograph(good)
    if (other !== undefined) await mask(other, 6)
    await expect(openDataset(at.dir)).rejects.toThrow(
      /^DAT_LAYOUT: .*expected masks in a folder.*found a folder of what look like masks, .*\.png of .*\.jpg; .*--dataset folder-per-class/,
    )
    expect((await openDataset(at.dir, { format: 'folder-per-class' })).items.length).toBeGreaterThan(1)
  })

  it('but drawn parts are, and photographs of the same names', async () => {
    for (const f of ['good/1.png', 'open/1.png']) await mask(f, f.startsWith('good') ? 90 : 60)
    expect((await openDataset(at.dir)).classes).toEqual(['good', 'open'])
    for (const f of ['good/2.png', 'open/2.png']) await photograph(f)
    expect((await openDataset(at.dir)).classes).toEqual(['good', 'open'])
  })

  it('also where most of them are black', async () => {
    for (let n = 1; n < 13; n++) {
      await photograph(`crops/${n}.jpg`)
      await mask(`crops_lab/${n}.png`, n === 5 ? 5 : 0)
    }
    await expect(openDataset(at.dir)).rejects.toThrow(/what look like masks, 5\.png of crops\/5\.jpg/)
  })

  it.each<[string, ...[file: string, make: (file: string) => Promise<void>][]]>([
    ['parts that are missing on a ground clipped to black', ['missing/1.png', (f) => mask(f, 0)]],
    ['parts that are missing on a dark ground', ['missing/1.png', (f) => grey(f, (n) => (n * 37) % 7)]],
    ['overexposed parts', ['glare/1.png', (f) => grey(f, (n) => (n < 18 ? n * 9 : 255))]],
    [
      'of a second camera with a threshold',
      ['good/cam2/1.png', (f) => mask(f, 90)],
      ['open/1.png', (f) => mask(f, 60)],
    ],
    [
      'codes as printed',
      ['good/2.png', (f) => mask(f, 90)],
      ['pale/2.png', (f) => mask(f, 80)],
      ['blurred/2.png', photograph],
    ],
  ])('but %s are, numbered as photographs of other classes', async (_, ...made) => {
    for (const f of ['good/1.jpg', 'scratch/1.jpg']) await photograph(f)
    for (const [file, make] of made) await make(file)
    expect((await openDataset(at.dir)).items).toHaveLength(2 + made.length)
  })
})

it('says that masks with numbers of classes, as those of NEU-Seg, tell defects of one class alone', async () => {
  // 0 background, 1 inclusion, 2 patches, 3 scratches; a mask may have several (Y. He et al., 2020, and its copies).
  for (const n of [1, 2, 3]) {
    await photograph(`images/test/00000${n}.jpg`)
    await grey(`annotations/test/00000${n}.png`, (i) => (i < 30 ? n : i > 190 ? 2 : 0))
  }
  const set = await openDataset(at.dir)
  expect([set.format, set.classes]).toEqual(['masks-apart', ['defect']])
  expect(messages(set)).toEqual([
    expect.stringMatching(/every part counts as bad/),
    expect.stringMatching(
      /^DAT_TRUTH.*expected masks of one value: these numbers count as one class of defects; found 3: 1, 2, 3; classes of their own: /,
    ),
  ])
})

it('takes soft edges, a folder for each class and lossy masks for no numbers of classes', async () => {
  await photograph('images/a.jpg')
  await photograph('images/b.jpg')
  await grey('masks/a.png', (n) => (n < 40 ? 255 : n < 60 ? 255 - 12 * (n - 40) : 0))
  await mask('masks/b.png', 0)
  expect((await openDataset(at.dir)).leftOut).toEqual([])
})

it('takes the few greys of the soft edge of a small defect for no numbers of classes', async () => {
  // A square that ends between pixels, as labelling tools draw and shrink it: 96 on one side, 160 on the next, 60 in the corner.
  for (const [n, side] of [96, 120].entries()) {
    await photograph(`images/${n}.jpg`)
    await grey(`masks/${n}.png`, (i) => {
      const [x, y] = [i % 20, Math.floor(i / 20)]
      if (x < 3 || y < 3 || x > 8 || y > 8) return 0
      return x === 8 && y === 8 ? 60 : x === 8 ? side : y === 8 ? 160 : 255
    })
  }
  await photograph('images/good.jpg')
  await mask('masks/good.png', 0)
  expect((await openDataset(at.dir)).leftOut).toEqual([])
})
