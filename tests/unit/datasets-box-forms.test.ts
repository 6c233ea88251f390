import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

const yolo = (text: string) =>
  at.tree({ 'data.yaml': 'train: images\nnames: [dent]\n', 'images/a.jpg': null, 'labels/a.txt': text })

const coco = (annotations: { bbox: number[]; area?: number }[]) =>
  at.tree({
    'annotations.json': JSON.stringify({
      images: [{ id: 1, file_name: 'a.jpg' }],
      categories: [{ id: 1, name: 'dent' }],
      annotations: annotations.map((a) => ({ image_id: 1, category_id: 1, ...a })),
    }),
    'a.jpg': null,
  })

const voc = (box: number[]) =>
  at.tree({
    'a.jpg': null,
    'a.xml': `<annotation><object><name>x</name><bndbox>${['xmin', 'ymin', 'xmax', 'ymax'].map((t, n) => `<${t}>${box[n]}</${t}>`).join('')}</bndbox></object></annotation>`,
  })

// Pictures are 20 × 10 px.
describe('corners in place of sizes', () => {
  it.each([
    [
      'YOLO',
      () => yolo('0 .5 .5 .9 .9\n0 .3 .2 .9 .9\n0 .1 .1 .8 .7\n'),
      /labels\/a\.txt, line 2\); expected the middle/,
    ],
    [
      'COCO, which run over the edge',
      () => coco([{ bbox: [2, 2, 4, 4] }, { bbox: [12, 5, 18, 9] }, { bbox: [11, 2, 17, 8] }]),
      /annotations\.1\); expected the upper left corner.*2 of 3 boxes/,
    ],
    [
      'COCO, as the areas say',
      () =>
        coco([
          { bbox: [2, 1, 8, 3], area: 12 },
          { bbox: [4, 1, 9, 5], area: 20 },
        ]),
      /annotations\.0\); expected the upper left corner.*found areas of corners/,
    ],
  ])('are refused in %s', async (_, write, message) => {
    await write()
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })

  it('are not seen where a box has been drawn over the edge', async () => {
    await yolo('0 .95 .5 .4 .2\n0 .5 .5 .1 .2\n0 .9 .9 .2 .3')
    const set = await openDataset(at.dir)
    expect(boxesOf(set)).toEqual([
      [
        ['dent', 15, 4, 20, 6],
        ['dent', 9, 4, 11, 6],
        ['dent', 16, 7.5, 20, 10],
      ],
    ])
    expect(set.leftOut.map((f) => f.message)).toEqual([expect.stringMatching(/cut at the edge; found 1/)])
  })

  it('are not seen where areas are those of outlines, or right', async () => {
    await coco([
      { bbox: [2, 1, 8, 3], area: 24 },
      { bbox: [4, 1, 9, 5], area: 20 },
    ])
    expect(boxesOf(await openDataset(at.dir))).toEqual([
      [
        ['dent', 2, 1, 10, 4],
        ['dent', 4, 1, 13, 6],
      ],
    ])
  })
})

describe('shares of the image in place of px', () => {
  it.each([
    [
      'COCO',
      () => coco([{ bbox: [0.1, 0.2, 0.3, 0.4] }]),
      /annotations\.0\); expected boxes in px.*20 × 10 px; found shares/,
    ],
    ['VOC', () => voc([0.1, 0.2, 0.3, 0.4]), /a\.xml, line 1\); expected boxes in px/],
    [
      'a table',
      () => at.tree({ 'a.jpg': null, 't.csv': 'filename,class,xmin,ymin,xmax,ymax\na.jpg,x,.1,.2,.3,.4\n' }),
      /t\.csv, line 2\); expected boxes in px/,
    ],
  ])('are refused in %s', async (_, write, message) => {
    await write()
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })

  it('are not seen in a box of one px', async () => {
    await coco([{ bbox: [0, 0, 1, 1] }])
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['dent', 0, 0, 1, 1]]])
  })
})
