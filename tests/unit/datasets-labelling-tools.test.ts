import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { maskOfRuns, openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

describe('JSON of Label Studio', () => {
  // Percent of 20 × 10 px.
  const rectangle = (rotation = 0, width = 50) => ({
    type: 'rectanglelabels',
    value: { x: 25, y: 20, width, height: 40, rotation, rectanglelabels: ['dent'] },
  })
  const polygon = {
    type: 'polygonlabels',
    value: { points: [[10, 10], [30, 10], [30, 90]], polygonlabels: ['crack'] }, // prettier-ignore
  }
  const task = (image: string, ...results: object[][]) => ({
    id: 1,
    data: { image },
    annotations: results.map((result) => ({ was_cancelled: false, result })),
  })
  const write = (tasks: object[]) =>
    at.tree({
      'project-1.json': JSON.stringify(tasks),
      'images/a.jpg': null,
      'images/12ab34cd-b.jpg': null,
      'images/c.jpg': null,
      'images/d.jpg': null,
    })

  it('has regions in percent, images by the names of their uploads, and a turn about a corner', async () => {
    await write([
      task('/data/upload/7/12ab34cd-a.jpg', [rectangle(), polygon]),
      task('/data/upload/7/12ab34cd-b.jpg', [rectangle(90, 25)]),
      task('/data/local-files/?d=images%2Fc.jpg', [{ type: 'textarea', value: { text: ['clean'] } }]),
      task('d.jpg'),
    ])
    const set = await openDataset(at.dir)
    expect([set.format, set.classes]).toEqual(['label-studio', ['crack', 'dent']])
    expect(set.items.map((i) => i.id)).toEqual(['a', '12ab34cd-b', 'c', 'd'].map((n) => `images/${n}.jpg`))
    const [a, b, ...others] = boxesOf(set) as unknown[][][]
    expect(a).toEqual([
      ['dent', 5, 2, 15, 6],
      ['crack', 2, 1, 6, 9],
    ])
    // 5 × 4 px, turned about 5, 2.
    expect(b?.[0]?.slice(1).map((v) => Number(Number(v).toFixed(9)))).toEqual([1, 2, 5, 7])
    expect(others).toEqual([[], undefined])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/^DAT_TRUTH.*in no rate; found 1: images\/d\.jpg$/),
    ])
  })

  it('may say the class of the whole image', async () => {
    const choice = (name: string) => [{ type: 'choices', value: { choices: [name] } }]
    await write([task('a.jpg', choice('good')), task('c.jpg', choice('dent'))])
    const { items } = await openDataset(at.dir)
    expect(items.map((i) => [i.id, i.label, i.defective])).toEqual([
      ['images/a.jpg', 'good', false],
      ['images/c.jpg', 'dent', true],
    ])
  })

  it.each([
    [
      'a brush',
      [task('a.jpg', [{ type: 'brushlabels', value: { rle: [1] } }])],
      /0\.annotations\.0\.result\.0\); expected rectanglelabels/,
    ],
    ['two people on one task', [task('a.jpg', [], [])], /0\.annotations\); expected one annotation.*found 2/],
    ['one image in two tasks', [task('a.jpg', []), task('a.jpg', [])], /one task for each image/],
    ['an image that is not there', [task('x.jpg', [])], /expected one image x\.jpg/],
  ])('is refused with %s', async (_, tasks, message) => {
    await write(tasks)
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })
})

describe('a project of Supervisely', () => {
  const annotation = (...objects: object[]): string =>
    JSON.stringify({ size: { width: 20, height: 10 }, tags: [], objects })
  const points = (...exterior: number[][]) => ({ points: { exterior, interior: [] } })

  it('has a folder of images and one of annotations in each of its sets', async () => {
    const png = await sharp(Buffer.from([255, 0, 255, 255]), { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toBuffer()
    const bitmap = { data: deflateSync(png).toString('base64'), origin: [7, 3] }
    await at.tree({
      'meta.json': '{"classes":[],"tags":[]}',
      'train/img/a.jpg': null,
      'train/ann/a.jpg.json': annotation(
        { classTitle: 'dent', geometryType: 'rectangle', ...points([4, 6], [1, 2]) },
        { classTitle: 'crack', geometryType: 'polygon', ...points([2, 1], [6, 1], [6, 9]) },
        { classTitle: 'blot', geometryType: 'bitmap', bitmap },
      ),
      'train/img/b.jpg': null,
      'train/ann/b.jpg.json': annotation(),
      'other/img/c.jpg': null,
      'other/ann/x.jpg.json': annotation(),
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes]).toEqual(['supervisely', ['blot', 'crack', 'dent']])
    expect(set.items.map((i) => [i.id, i.split])).toEqual([
      ['other/img/c.jpg', 'all'],
      ['train/img/a.jpg', 'train'],
      ['train/img/b.jpg', 'train'],
    ])
    expect(boxesOf(set)).toEqual([
      undefined,
      [
        ['dent', 1, 2, 5, 7],
        ['crack', 2, 1, 6, 9],
        ['blot', 7, 3, 9, 5],
      ],
      [],
    ])
    const runs = set.items[1]?.boxes?.[2]?.runs
    const mask = runs && maskOfRuns(runs)
    expect([...(mask ?? [])].flatMap((v, i) => (v === 1 ? [[i % 20, Math.floor(i / 20)]] : []))).toEqual([
      [7, 3],
      [7, 4],
      [8, 4],
    ])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/found 1: other\/img\/c\.jpg$/),
      expect.stringMatching(/an image for every label file; found 1: other\/ann\/x\.jpg\.json$/),
    ])
  })

  it.each([
    [
      'a line',
      { classTitle: 'a', geometryType: 'line', ...points([1, 1], [2, 2]) },
      /objects\.0\); expected a rectangle.*found line of 2/,
    ],
    [
      'a broken bitmap',
      { classTitle: 'a', geometryType: 'bitmap', bitmap: { data: 'AAAA', origin: [0, 0] } },
      /expected a bitmap/,
    ],
  ])('is refused with %s', async (_, object, message) => {
    await at.tree({ 'img/a.jpg': null, 'ann/a.jpg.json': annotation(object) })
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })
})
