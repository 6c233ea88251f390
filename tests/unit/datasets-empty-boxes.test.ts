import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const messages = async (): Promise<string[]> => (await openDataset(at.dir)).leftOut.map((f) => f.message)

const yolo = (labels: Record<string, string>) =>
  at.tree({
    'data.yaml': 'train: images\nnames: [dent]\n',
    ...Object.fromEntries(Object.keys(labels).map((n) => [`images/${n}.jpg`, null])),
    ...Object.fromEntries(Object.entries(labels).map(([n, text]) => [`labels/${n}.txt`, text])),
  })

const coco = (...bboxes: number[][]) =>
  at.tree({
    'annotations.json': JSON.stringify({
      images: [
        { id: 1, file_name: 'a.jpg' },
        { id: 2, file_name: 'b.jpg' },
      ],
      categories: [{ id: 1, name: 'dent' }],
      annotations: [[1, 1, 2, 2], ...bboxes].map((bbox, n) => ({
        image_id: n === 0 ? 2 : 1,
        category_id: 1,
        bbox,
      })),
    }),
    'a.jpg': null,
    'b.jpg': null,
  })

describe('boxes without an area', () => {
  it('of YOLO are left out by file and line, and the others are used', async () => {
    await yolo({ a: '0 .5 .5 .5 .4\n\n0 0.5 0.5 0.1 0\n0 .1 .1 .1 .5 .1 .9\n', b: '' })
    const set = await openDataset(at.dir)
    expect(boxesOf(set)).toEqual([[['dent', 5, 3, 15, 7]], []])
    expect(set.items[0]?.boxes?.[0]).toEqual({ class: 'dent', box: [5, 3, 15, 7] })
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/these boxes are not used; found 2: labels\/a\.txt:3, labels\/a\.txt:4$/),
    ])
  })

  it('do not make a good part of an image that has no other', async () => {
    await yolo({ a: '0 .5 .5 .5 .4', b: '0 .5 .5 .1 0', c: '0 0 0 0 .1', d: '' })
    const set = await openDataset(at.dir)
    expect(set.items.map((i) => i.id)).toEqual(['images/a.jpg', 'images/d.jpg'])
    expect(await messages()).toEqual([
      expect.stringMatching(/found 2: labels\/b\.txt:1, labels\/c\.txt:1$/),
      expect.stringMatching(/DAT_LEFT_OUT.*found 2: images\/b\.jpg, images\/c\.jpg$/),
    ])
  })

  it('alone are no data set', async () => {
    await yolo({ a: '0 .5 .5 .1 0' })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_EMPTY.*none in 1 images, first labels\/a\.txt:1/)
  })

  it.each([
    ['without a side', [10, 1, 0, 5]],
    ['at the edge', [20, 1, 5, 5]],
    ['just outside', [-6, 1, 4, 4]],
  ])('of COCO are left out by their annotation: %s', async (_name, bbox) => {
    await coco([1, 1, 4, 4], bbox)
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['dent', 1, 1, 5, 5]], [['dent', 1, 1, 3, 3]]])
    expect(await messages()).toEqual([expect.stringMatching(/found 1: annotations\.json annotations\.2$/)])
  })

  it('of VOC are left out by the line of their object', async () => {
    const object = (box: number[]): string =>
      `<object><name>x</name><bndbox>${['xmin', 'ymin', 'xmax', 'ymax'].map((t, n) => `<${t}>${box[n]}</${t}>`).join('')}</bndbox></object>`
    await at.tree({
      'a.jpg': null,
      'a.xml': `<annotation>\n${object([1, 1, 4, 4])}\n${object([21, 2, 25, 6])}\n</annotation>`,
    })
    expect(await messages()).toEqual([expect.stringMatching(/found 1: a\.xml:3$/)])
  })

  it('are named in one order, however their images are read', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `i${String(n).padStart(2, '0')}`)
    await yolo(Object.fromEntries(names.map((n) => [n, '0 .5 .5 .5 .4\n0 .5 .5 .1 0'])))
    const said = names.slice(0, 5).map((n) => `labels/${n}.txt:2`)
    expect(await messages()).toEqual([expect.stringContaining(`found 40: ${said.join(', ')} …`)])
  })
})
