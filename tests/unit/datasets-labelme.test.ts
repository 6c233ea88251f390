import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

/** As LabelMe 5 writes it. */
const json = (image: string, shapes: unknown[], size = [20, 10], flags: object = {}): string =>
  JSON.stringify({
    version: '5.2.1',
    flags,
    shapes,
    imagePath: image,
    imageData: null,
    imageHeight: size[1],
    imageWidth: size[0],
  })

const shape = (label: string, shape_type: string, ...points: number[][]): unknown => ({
  label,
  points,
  group_id: null,
  shape_type,
  flags: {},
})

it('reads polygons, rectangles and circles of LabelMe; an image without JSON counts as good and is named', async () => {
  await at.tree({
    'a.jpg': null,
    'a.json': json('a.jpg', [
      shape('scratch', 'polygon', [2, 1], [8, 1], [8, 5]),
      // From any corner to the other.
      shape('dent', 'rectangle', [12, 9], [10, 4]),
      shape('hole', 'circle', [5, 5], [5, 7]),
    ]),
    'b.jpg': null,
    'b.json': json('b.jpg', []),
    'c.jpg': null,
  })
  const set = await openDataset(at.dir)
  expect([set.format, set.classes, boxesOf(set)]).toEqual([
    'labelme',
    ['dent', 'hole', 'scratch'],
    [
      [
        ['scratch', 2, 1, 8, 5],
        ['dent', 10, 4, 12, 9],
        ['hole', 3, 3, 7, 7],
      ],
      [],
      [],
    ],
  ])
  const [scratch, dent, hole] = set.items[0]?.boxes ?? []
  expect([scratch?.polygons, dent?.polygons]).toEqual([[[2, 1, 8, 1, 8, 5]], undefined])
  const [rim = []] = hole?.polygons ?? []
  expect(rim).toHaveLength(64)
  for (let n = 0; n < 64; n += 2)
    expect(Math.hypot((rim[n] ?? 0) - 5, (rim[n + 1] ?? 0) - 5)).toBeCloseTo(2, 10)
  expect(set.leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(/^DAT_TRUTH: .*these have none and count as good; found 1: c\.jpg$/),
  ])
})

it('reads JSON in a folder of its own, with paths of Windows, and splits (BSData)', async () => {
  const dent = [shape('pitting', 'polygon', [2, 1], [8, 1], [8, 5])]
  await at.tree({
    'train/data/1.jpg': null,
    'train/label/1.json': json('..\\data\\1.jpg', dent),
    'test/data/1.jpg': null,
    'test/label/1.json': json('..\\data\\1.jpg', []),
  })
  const set = await openDataset(at.dir)
  expect(set.items.map((i) => [i.id, i.split, i.boxes?.length])).toEqual([
    ['test/data/1.jpg', 'test', 0],
    ['train/data/1.jpg', 'train', 1],
  ])
})

it('counts a split without any JSON as not looked at', async () => {
  await at.tree({ 'train/a.jpg': null, 'train/a.json': json('a.jpg', []), 'test/b.jpg': null })
  const set = await openDataset(at.dir)
  expect(set.items.map((i) => [i.id, i.boxes])).toEqual([
    ['test/b.jpg', undefined],
    ['train/a.jpg', []],
  ])
  expect(set.leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(/^DAT_TRUTH: .*in no rate; found 1: split test, 1 images/),
  ])
})

it.each([
  [
    'a line, which has no area',
    json('a.jpg', [shape('x', 'line', [1, 1], [2, 2])]),
    /shapes\.0.*found line of 2/,
  ],
  ['a point', json('a.jpg', [shape('x', 'point', [1, 1])]), /found point of 1 points/],
  ['a mask', json('a.jpg', [shape('x', 'mask', [1, 1], [4, 4])]), /export the masks as polygons/],
  [
    'the size of another image',
    json('a.jpg', [shape('x', 'rectangle', [1, 1], [4, 4])], [10, 20]),
    /20 × 10 px/,
  ],
  ['a shape without label', json('a.jpg', [shape('', 'rectangle', [1, 1], [4, 4])]), /shapes\.0\.label/],
])('refuses JSON with %s', async (_, text, message) => {
  await at.tree({ 'a.jpg': null, 'a.json': text })
  await expect(openDataset(at.dir)).rejects.toThrow('DAT_ANNOTATION')
  await expect(openDataset(at.dir)).rejects.toThrow(message)
})

it('refuses JSON of no image, and two of one', async () => {
  await at.tree({ 'a.jpg': null, 'b.json': json('b.jpg', []) })
  await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*expected one image b\.jpg; found none/)
  await at.tree({ 'b.json': json('a.jpg', []), 'a.json': json('a.jpg', []) })
  await expect(openDataset(at.dir)).rejects.toThrow(
    /DAT_LAYOUT.*expected one JSON for each image; found another of a\.jpg/,
  )
})

it('an image that is flagged and has no shapes is no good part, unless its flag means one', async () => {
  const flagged: Record<string, object> = {
    a: { good: false, scratch: true },
    b: { good: true, scratch: false },
    c: { good: false, scratch: false },
    d: { NG: false },
    e: {},
    f: { NG: true },
  }
  await at.tree(
    Object.fromEntries(
      Object.entries(flagged).flatMap(([name, flags]) => [
        [`${name}.jpg`, null],
        [`${name}.json`, json(`${name}.jpg`, [], [20, 10], flags)],
      ]),
    ),
  )
  await at.tree({ 'g.jpg': null })
  await at.tree({
    'g.json': json('g.jpg', [shape('dent', 'rectangle', [1, 1], [4, 4])], [20, 10], { NG: true }),
  })
  const set = await openDataset(at.dir)
  expect(set.items.map((i) => [i.id, i.boxes?.length])).toEqual([
    ['a.jpg', undefined],
    ['b.jpg', 0],
    ['c.jpg', undefined],
    ['d.jpg', 0],
    ['e.jpg', 0],
    ['f.jpg', undefined],
    ['g.jpg', 1],
  ])
  expect(set.leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(
      /^DAT_TRUTH: .*no flag for good parts.*found 3: a\.jpg, c\.jpg, f\.jpg; .* with --good$/,
    ),
  ])
  // Of whoever flags the good ones by a word of their own.
  const named = await openDataset(at.dir, { goodLabels: ['NG'] })
  expect(named.items.map((i) => i.boxes?.length)).toEqual([undefined, undefined, 0, undefined, 0, 0, 1])
})

it('is refused for its encoding where it is in GBK, as an editor of a Chinese Windows saves it', async () => {
  await at.tree({ 'a.jpg': null })
  const [before, behind] = json('a.jpg', [shape('?', 'rectangle', [1, 2], [5, 6])]).split('?')
  // 划痕 in GBK, as by `iconv -t GBK`.
  const label = Buffer.from([0xbb, 0xae, 0xba, 0xdb])
  await writeFile(
    join(at.dir, 'a.json'),
    Buffer.concat([Buffer.from(before ?? ''), label, Buffer.from(behind ?? '')]),
  )
  await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*a\.json\); expected text in UTF-8/)
})
