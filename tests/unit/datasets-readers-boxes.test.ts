import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

describe('YOLO', () => {
  it('reads relative boxes and polygons as pixels', async () => {
    await at.tree({
      'data.yaml':
        'train: ../train/images\nval: ../valid/images\nnc: 2\nnames: [Bottle, Cap]\nextra: {a: 1}\n',
      'train/images/a.jpg': null,
      'train/labels/a.txt': '1 0.5 0.5 0.5 0.4\n0 0.1 0.1 0.3 0.1 0.3 0.9\n',
      'train/images/b.jpg': null,
      'valid/images/c.jpg': null,
    })
    const set = await openDataset(at.dir)
    expect(set.format).toBe('yolo')
    expect(set.items.map((i) => i.split)).toEqual(['train', 'train', 'val'])
    const [a, b] = set.items
    // 20 × 10 px: centre (10, 5), 10 × 4 px.
    expect(a?.boxes?.[0]).toEqual({ class: 'Cap', box: [5, 3, 15, 7] })
    expect(a?.boxes?.[1]?.class).toBe('Bottle')
    a?.boxes?.[1]?.box.forEach((v, n) => expect(v).toBeCloseTo([2, 1, 6, 9][n] ?? NaN, 9))
    a?.boxes?.[1]?.polygons?.[0]?.forEach((v, n) => expect(v).toBeCloseTo([2, 1, 6, 1, 6, 9][n] ?? NaN, 9))
    expect(a?.boxes?.[1]?.polygons).toHaveLength(1)
    expect(b?.boxes).toEqual([])
  })

  it('finds labels of images/<split> under labels/<split>, below sub-folders and by lists', async () => {
    await at.tree({
      'data.yaml': 'path: .\ntrain: [images/train, images/more]\nval: val.txt\nnames: {0: a, 2: b}\n',
      'images/train/deep/1.jpg': null,
      'labels/train/deep/1.txt': '\uFEFF2 .5 .5 1 1\r\n',
      'images/train/3.jpg': null,
      'images/more/3.jpg': null,
      'labels/more/3.txt': '0 .75 .5 1 1',
      'images/val/4.jpg': null,
      'labels/val/4.txt': '',
      'val.txt': './images/val/4.jpg\n',
    })
    const set = await openDataset(at.dir)
    expect(set.classes).toEqual(['a', 'b'])
    expect(set.items.map((i) => [i.id, i.split, i.boxes?.map((b) => [b.class, ...b.box])])).toEqual([
      ['images/train/3.jpg', 'train', []],
      ['images/train/deep/1.jpg', 'train', [['b', 0, 0, 20, 10]]],
      ['images/more/3.jpg', 'train', [['a', 5, 0, 20, 10]]],
      ['images/val/4.jpg', 'val', []],
    ])
  })

  it('finds labels whose ending has capitals, or whose name has its accents in two code points', async () => {
    const [inOne, inTwo] = ['Kühler', 'Kühler'].map((name, n) => name.normalize(n === 0 ? 'NFC' : 'NFD'))
    await at.tree({
      'data.yaml': 'train: images\nnames: [dent]\n',
      'images/1.jpg': null,
      'labels/1.TXT': '0 .5 .5 1 1',
      [`images/${inOne}.jpg`]: null,
      [`labels/${inTwo}.txt`]: '0 .5 .5 1 1',
      // Of two images whose names differ in capitals each has its own.
      'images/A.jpg': null,
      'images/a.jpg': null,
      'labels/a.txt': '0 .5 .5 1 1',
    })
    const set = await openDataset(at.dir)
    expect(set.items.map((i) => [i.id, i.boxes?.length])).toEqual([
      ['images/1.jpg', 1],
      ['images/A.jpg', 0],
      [`images/${inOne}.jpg`, 1],
      ['images/a.jpg', 1],
    ])
    expect(set.leftOut.map((f) => f.message)).toEqual([expect.stringMatching(/found 1: images\/A\.jpg$/)])
  })

  it('takes the list of classes that labelling tools write in place of data.yaml', async () => {
    await at.tree({
      'classes.txt': '\uFEFFscratch\r\ndent\r\n',
      'notes.json': '{}',
      'images/a.jpg': null,
      'labels/a.txt': '1 .5 .5 1 1',
      'images/b.jpg': null,
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes, boxesOf(set)]).toEqual([
      'yolo',
      ['scratch', 'dent'],
      [[['dent', 0, 0, 20, 10]], []],
    ])
  })

  it('takes a key without a value as none, and numbers as names of classes', async () => {
    await at.tree({
      'data.yaml': 'path: ../datasets/x\ntrain: images\ntest: # test images (optional)\nnames: [0, b]\n',
      'images/a.jpg': null,
      'labels/a.txt': '0 .5 .5 1 1',
    })
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['0', 0, 0, 20, 10]]])
  })

  it('takes paths of Windows, and leaves an image that cannot be read to the evaluation', async () => {
    await at.tree({
      'data.yaml': 'names: [a]\ntrain: train\\images\n',
      'train/images/a.jpg': null,
      'train/labels/a.txt': '0 .5 .5 1 1',
      'train/images/b.jpg': 'no picture',
      'train/labels/b.txt': '0 .5 .5 1 1',
    })
    const { items } = await openDataset(at.dir)
    expect(items.map((i) => [i.id, i.split, i.boxes?.length])).toEqual([
      ['train/images/a.jpg', 'train', 1],
      ['train/images/b.jpg', 'train', 1],
    ])
  })

  it('refuses a set whose labels are nowhere: every part would count as good', async () => {
    await at.tree({ 'data.yaml': 'names: [a]\ntrain: images/train\n', 'images/train/1.jpg': null })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*labels\/train\/1\.txt/)
  })

  it('refuses a list that names a missing image', async () => {
    await at.tree({ 'data.yaml': 'names: [a]\ntrain: t.txt\n', 't.txt': '\nimages/1.jpg\n' })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*t\.txt, line 2.*images\/1\.jpg/)
  })

  it('falls back to images/ when the named folders are of another machine', async () => {
    await at.tree({
      'data.yaml': 'train: /home/x/train\nnames: {0: a}\n',
      'images/1.jpg': null,
      'labels/1.txt': '0 .5 .5 1 1',
    })
    const set = await openDataset(at.dir)
    expect(set.items.map((i) => [i.split, i.boxes])).toEqual([['all', [{ class: 'a', box: [0, 0, 20, 10] }]]])
  })

  it.each([
    ['a class that does not exist', '2 0.5 0.5 0.1 0.1', /a\.txt, line 1.*class 0, 1,/],
    ['pixels instead of shares', '0 0.5 0.5 0.1 0.1\n0 320 200 40 40', /a\.txt, line 2/],
    ['a missing number', '0 0.5 0.5 0.1', /line 1/],
  ])('refuses %s', async (_, text, message) => {
    await at.tree({ 'data.yaml': 'names: [a, b]\n', 'images/a.jpg': null, 'labels/a.txt': text })
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })

  it('refuses a number of classes that is not the number of names', async () => {
    await at.tree({ 'data.yaml': 'nc: 3\nnames: [a, b]\n', 'images/a.jpg': null })
    await expect(openDataset(at.dir)).rejects.toThrow(/data\.yaml, nc.*expected 2.*found 3/)
  })
})

describe('COCO', () => {
  const json = (annotations: unknown[]): string =>
    JSON.stringify({
      info: {},
      images: [{ id: 7, file_name: 'a.jpg', width: 20, height: 10 }],
      categories: [{ id: 3, name: 'dent' }],
      annotations,
    })

  it('turns x, y, width, height into corners', async () => {
    await at.tree({
      'annotations/instances_val2017.json': json([
        { image_id: 7, category_id: 3, bbox: [1, 2, 4, 5], id: 1, segmentation: [[1, 2, 5, 2, 5, 7]] },
        { image_id: 7, category_id: 3, bbox: [0, 0, 2, 2], segmentation: [] },
      ]),
      'val2017/a.jpg': null,
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes, set.items[0]?.split]).toEqual(['coco', ['dent'], 'val'])
    expect(boxesOf(set)).toEqual([
      [
        ['dent', 1, 2, 5, 7],
        ['dent', 0, 0, 2, 2],
      ],
    ])
    expect(set.items[0]?.boxes?.map((b) => b.polygons)).toEqual([[[1, 2, 5, 2, 5, 7]], undefined])
  })

  it.each([
    [
      'an unknown category',
      json([{ image_id: 7, category_id: 9, bbox: [1, 2, 4, 5] }]),
      /annotations\.0.*category_id 9/,
    ],
    [
      'a box of three numbers',
      json([{ image_id: 7, category_id: 3, bbox: [1, 2, 4] }]),
      /annotations\.0\.bbox/,
    ],
    ['text that is no JSON', '{', /DAT_ANNOTATION.*JSON/],
    [
      'two images of one id',
      JSON.stringify({ images: [1, 2].map((n) => ({ id: 7, file_name: `${n}.jpg` })), categories: [] }),
      /images\.1\.id.*7 again/,
    ],
    [
      'one image twice, which could be good and bad',
      JSON.stringify({ images: [1, 2].map((id) => ({ id, file_name: 'a.jpg' })), categories: [] }),
      /images\.1\.file_name.*a\.jpg again/,
    ],
    [
      'two categories of one id',
      JSON.stringify({ images: [], categories: ['a', 'b'].map((name) => ({ id: 7, name })) }),
      /categories\.1\.id.*7 for a and b/,
    ],
    [
      'an image outside of the set',
      JSON.stringify({ images: [{ id: 1, file_name: '../../../b.jpg' }], categories: [] }),
      /inside the data set.*(\.\.\/){3}b\.jpg/,
    ],
  ])('refuses %s', async (_, text, message) => {
    await at.tree({ 'annotations.json': text, 'a.jpg': null })
    await expect(openDataset(at.dir, { format: 'coco' })).rejects.toThrow(message)
  })

  it('leaves captions alone, reads paths of Windows, and a test set without annotations', async () => {
    const images = [{ id: 1, file_name: 'sub\\\\a.jpg' }]
    await at.tree({
      'annotations/captions_test.json': '{"images": [], "annotations": []}',
      'annotations/instances_test.json': `\uFEFF${JSON.stringify({ images, categories: [{ id: 1, name: 'x' }] })}`,
      'test/sub/a.jpg': null,
    })
    const set = await openDataset(at.dir)
    expect(set.items.map((i) => [i.split, i.boxes, i.image])).toEqual([
      ['test', undefined, join(at.dir, 'test/sub/a.jpg')],
    ])
  })

  it('follows paths that start from the annotations', async () => {
    const images = [{ id: 1, file_name: '../pictures/a.jpg' }]
    await at.tree({
      'annotations/all.json': JSON.stringify({ images, categories: [{ id: 1, name: 'x' }] }),
      'pictures/a.jpg': null,
    })
    expect((await openDataset(at.dir)).items.map((i) => i.image)).toEqual([join(at.dir, 'pictures/a.jpg')])
  })

  it('tells images of one name in two splits apart', async () => {
    await at.tree({
      'train/_annotations.coco.json': json([{ image_id: 7, category_id: 3, bbox: [1, 2, 4, 5] }]),
      'train/a.jpg': null,
      'valid/_annotations.coco.json': json([{ image_id: 7, category_id: 3, bbox: [1, 2, 4, 5] }]),
      'valid/a.jpg': null,
    })
    const { items } = await openDataset(at.dir)
    expect(items.map((i) => [i.id, i.boxes?.length])).toEqual([
      ['train/a.jpg', 1],
      ['valid/a.jpg', 1],
    ])
  })

  it('takes an empty outline as none', async () => {
    const annotation = { image_id: 7, category_id: 3, bbox: [1, 2, 4, 5], segmentation: [[]] }
    await at.tree({ 'annotations.json': json([annotation]), 'a.jpg': null })
    expect((await openDataset(at.dir)).items[0]?.boxes).toEqual([{ class: 'dent', box: [1, 2, 5, 7] }])
  })

  it('names an image that is nowhere', async () => {
    await at.tree({ 'annotations.json': json([]) })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*a\.jpg/)
  })
})

describe('boxes and their images', () => {
  const set = (...boxes: number[][]) =>
    at.tree({
      'annotations.json': JSON.stringify({
        images: [{ id: 1, file_name: 'a.jpg' }],
        categories: [{ id: 1, name: 'dent' }],
        annotations: boxes.map((bbox) => ({ image_id: 1, category_id: 1, bbox })),
      }),
      'a.jpg': null,
    })

  it('are cut at the edge, which is said where it is more than rounding', async () => {
    await set([-1, 0, 5, 11])
    const rounded = await openDataset(at.dir)
    expect([boxesOf(rounded), rounded.leftOut]).toEqual([[[['dent', 0, 0, 4, 10]]], []])
    await set([15, 5, 15, 2])
    const over = await openDataset(at.dir)
    expect(boxesOf(over)).toEqual([[['dent', 15, 5, 20, 7]]])
    expect(over.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/boxes inside their images.*found 1: a\.jpg$/),
    ])
  })

  it('are refused where they lie far outside of the image', async () => {
    await set([1, 1, 2, 2], [30, 2, 4, 4], [3, 30, 2, 2])
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*a\.jpg.*20 × 10 px of the image; found dent from 30, 2 to 34, 6 in annotations\.json annotations\.1; 1 more like it/,
    )
  })

  it('say that EXIF turns an image whose stated size is the stored one', async () => {
    await set([1, 1, 2, 2])
    await sharp({ create: { width: 20, height: 10, channels: 3, background: '#777' } })
      .withMetadata({ orientation: 3 })
      .jpeg()
      .toFile(join(at.dir, 'a.jpg'))
    expect((await openDataset(at.dir)).leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/EXIF orientation .* is not used; found 1: a\.jpg$/),
    ])
  })
})
