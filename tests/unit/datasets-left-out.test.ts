import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const leftOut = async (format?: string): Promise<string[]> =>
  (await openDataset(at.dir, format === undefined ? {} : { format })).leftOut
    .filter((f) => f.code === 'DAT_LEFT_OUT')
    .map((f) => f.message)

describe('nothing in a data set is dropped silently', () => {
  const yolo = { 'data.yaml': 'names: [a, b]\n', 'images/a.jpg': null, 'labels/a.txt': '0 .5 .5 1 1' }

  it('says nothing where everything is used', async () => {
    await at.tree({ ...yolo, 'labels/classes.txt': 'a\nb\n', 'README.txt': 'x' })
    expect(await leftOut()).toEqual([])
  })

  it('names YOLO labels without an image, and images outside of the layout', async () => {
    const more = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((n) => [`labels/${n}.txt`, '']))
    await at.tree({ ...yolo, ...more, 'loose.png': null, '额外/🔩.jpg': null, 'labels/old.gif': 'GIF' })
    expect(await leftOut()).toEqual([
      expect.stringMatching(/^DAT_LEFT_OUT: .*images beside.*found 2: loose\.png, 额外\/🔩\.jpg$/),
      expect.stringMatching(/^DAT_LEFT_OUT: .*jpg, png, bmp.*found 1: labels\/old\.gif$/),
      expect.stringMatching(
        /^DAT_LEFT_OUT: .*an image for every label file; found 7: labels\/1\.txt.*5\.txt …$/,
      ),
    ])
  })

  it.each([
    ['coco', 'annotations.json', '{"images":[{"id":1,"file_name":"a.jpg"}],"categories":[]}', 'a.jpg'],
    ['voc', 'Annotations/a.xml', '<annotation></annotation>', 'images/a.jpg'],
    ['folder-per-class', 'x/b.txt', '', 'x/a.jpg'],
    ['mvtec', 'train/good/b.txt', '', 'train/good/a.jpg'],
  ])('names what %s does not read', async (format, file, text, image) => {
    await at.tree({ [file]: text, [image]: null, 'loose.jpg': null })
    expect(await leftOut(format)).toEqual([expect.stringMatching(/found 1: loose\.jpg$/)])
  })

  it('names annotations of DeepPCB without a picture', async () => {
    await at.tree({
      'group1/0/a_test.jpg': null,
      'group1/0/a_temp.jpg': null,
      'group1/0_not/a.txt': '',
      'group1/0_not/b.txt': '',
    })
    expect(await leftOut()).toEqual([expect.stringMatching(/found 1: group1\/0_not\/b\.txt$/)])
  })
})

describe('images that the JSON of COCO names and that are not there', () => {
  const coco = (of: number, there: number, folder = '') =>
    at.tree({
      'annotations.json': JSON.stringify({
        images: Array.from({ length: of }, (_, id) => ({ id, file_name: `${folder}${id}.jpg` })),
        categories: [{ id: 0, name: 'dent' }],
        annotations: Array.from({ length: of }, (_, n) => ({
          image_id: n,
          category_id: 0,
          bbox: [1, 2, 3, 4],
        })),
      }),
      ...Object.fromEntries(Array.from({ length: there }, (_, id) => [`${id}.jpg`, null])),
    })

  it.each([
    [3, 2, /found 1: 2\.jpg$/],
    [20, 18, /found 2: 18\.jpg, 19\.jpg$/],
    [3, 2, /found 1: \/home\/me\/2\.jpg$/, '/home/me/'],
  ])('are left out and named: %i of which %i are there', async (of, there, message, folder = '') => {
    await coco(of, there, folder)
    const set = await openDataset(at.dir)
    expect(set.items).toHaveLength(there)
    expect(set.items.every((i) => i.boxes?.length === 1)).toBe(true)
    expect(await leftOut()).toEqual([expect.stringMatching(message)])
  })

  it.each([
    [3, 1, /expected the image 1\.jpg in .*found none; 1 more are not there$/],
    [20, 17, /expected the image 17\.jpg in .*found none; 2 more are not there$/],
    [1, 0, /found none$/],
  ])('are too many: %i of which %i are there', async (of, there, message) => {
    await coco(of, there)
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })
})

describe('YOLO beside boxes', () => {
  const label = (text: string, yaml = 'names: [a, b]\n') =>
    at.tree({ 'data.yaml': yaml, 'images/a.jpg': null, 'labels/a.txt': text })

  it('reads oriented boxes as their four corners', async () => {
    await label('1 .5 .1 .9 .5 .5 .9 .1 .5')
    const box = (await openDataset(at.dir)).items[0]?.boxes?.[0]
    expect(box?.box).toEqual([2, 1, 18, 9])
    expect(box?.polygons?.[0]).toHaveLength(8)
  })

  it('reads the box in front of key points, which no outline is', async () => {
    // Eight numbers after the class would be an outline.
    await label('1 .5 .5 1 1 .2 .2 .8 .8', 'names: [a, b]\nkpt_shape: [2, 2]\n')
    const set = await openDataset(at.dir)
    expect(boxesOf(set)).toEqual([[['b', 0, 0, 20, 10]]])
    expect(set.items[0]?.boxes?.[0]?.polygons).toBeUndefined()
    await label('1 .5 .5 1 1 .2 .2 .8', 'names: [a, b]\nkpt_shape: [2, 2]\n')
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_ANNOTATION.*a\.txt, line 1/)
  })

  it.each([
    ['an angle or score behind the box', '0 .5 .5 .1 .1 .7', /no angle, no score/],
    ['an outline of two points and a half', '0 .1 .1 .3 .1 .3', /three points or more/],
    ['a class id beyond the names', '7 .5 .5 .1 .1', /class 0, 1,/],
  ])('refuses %s', async (_, text, message) => {
    await label(text)
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })
})

describe('masks of MVTec', () => {
  const tree = { 'train/good/a.jpg': null, 'test/dent/1.jpg': null, 'test/dent/2.jpg': null }
  const mask = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#fff' } })
      .png()
      .toFile(join(at.dir, 'ground_truth/dent/1_mask.png'))

  it('are missed where others of their class have one', async () => {
    await at.tree({ ...tree, 'ground_truth/dent/.keep': '' })
    expect(await leftOut()).toEqual([])
    await mask(20, 10)
    expect(await leftOut()).toEqual([expect.stringMatching(/a mask for every.*found 1: test\/dent\/2\.jpg$/)])
  })

  it('are refused in another size than their image, before anything is judged', async () => {
    await at.tree({ ...tree, 'ground_truth/dent/.keep': '' })
    await mask(10, 20)
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*1_mask\.png.*expected a mask of 20 × 10 px.*found 10 × 20 px/,
    )
  })

  it('are counted where they have no image', async () => {
    await at.tree({ ...tree, 'ground_truth/dent/8_mask.png': null, 'ground_truth/dent/9_mask.png': null })
    await expect(openDataset(at.dir)).rejects.toThrow(/8_mask\.png.*found none, nor for 1 other mask/)
  })
})

describe('images that EXIF says to turn', () => {
  const turned = (file: string) =>
    sharp({ create: { width: 20, height: 10, channels: 3, background: '#777' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(join(at.dir, file))
  const json = (width: number, height: number): string =>
    JSON.stringify({
      images: [{ id: 1, file_name: 'a.jpg', width, height }],
      categories: [{ id: 1, name: 'dent' }],
      annotations: [{ image_id: 1, category_id: 1, bbox: [1, 2, 4, 5] }],
    })

  it('are named where labels cannot say what they mean', async () => {
    await at.tree({ 'data.yaml': 'names: [a]\n', 'images/b.jpg': null, 'labels/a.txt': '0 .5 .5 1 1' })
    await turned('images/a.jpg')
    expect(await leftOut()).toEqual([
      expect.stringMatching(/EXIF orientation .* is not used; found 1: images\/a\.jpg$/),
    ])
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['a', 0, 0, 20, 10]], []])
  })

  it('are refused where COCO has the size of the turned image', async () => {
    await at.tree({ 'annotations.json': json(10, 20), 'b.jpg': null })
    await turned('a.jpg')
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*width and height of a\.jpg.*expected 20 × 10 px.*found 10 × 20 px; its EXIF/,
    )
    await at.tree({ 'annotations.json': json(20, 10) })
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['dent', 1, 2, 5, 7]]])
  })
})
