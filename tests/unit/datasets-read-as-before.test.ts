import sharp from 'sharp'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

const coco = (names: string[], boxes: number[][] = names.map(() => [1, 2, 3, 4])): string =>
  JSON.stringify({
    images: names.map((file_name, id) => ({ id, file_name })),
    categories: [{ id: 0, name: 'dent' }],
    annotations: boxes.map((bbox, n) => ({ image_id: n, category_id: 0, bbox })),
  })
const labelStudio = (image: string, ...result: object[]): string =>
  JSON.stringify([{ data: { image }, annotations: [{ result }] }])

/** A mask of 20 × 10 px. */
async function mask(name: string, marks = true): Promise<void> {
  const raw = Buffer.alloc(200)
  if (marks) raw.fill(255, 20, 30)
  await mkdir(dirname(join(at.dir, name)), { recursive: true })
  await sharp(raw, { raw: { width: 20, height: 10, channels: 1 } })
    .png()
    .toFile(join(at.dir, name))
}

const images = (...names: string[]) => at.tree(Object.fromEntries(names.map((n) => [n, null])))

const LAYOUTS: [string, () => Promise<void>, string][] = [
  [
    'mvtec',
    async () => {
      await images('train/good/0.jpg', 'test/good/0.jpg', 'test/broken/0.jpg')
      await mask('ground_truth/broken/0_mask.png')
    },
    'test/broken/0',
  ],
  [
    'masks-beside',
    async () => {
      await images('train/0.jpg', 'train/1.jpg')
      await mask('train/0_GT.png')
      await mask('train/1_GT.png', false)
    },
    'train/0',
  ],
  [
    'masks-apart',
    async () => {
      await images('images/0.jpg', 'images/1.jpg')
      await mask('masks/0.png')
      await mask('masks/1.png', false)
    },
    'images/0',
  ],
  [
    'voc',
    () =>
      at.tree({
        'images/0.jpg': null,
        'images/1.jpg': null,
        'annotations/0.xml': '<annotation><filename>0.jpg</filename></annotation>',
        'annotations/1.xml': '<annotation><filename>1.jpg</filename></annotation>',
      }),
    'images/0',
  ],
  ['folder-per-class', () => images('good/0.jpg', 'dent/1.jpg'), 'dent/1'],
  [
    'table',
    () => at.tree({ '0.jpg': null, '1.jpg': null, 't.csv': 'filename,label\n0.jpg,dent\n1.jpg,good\n' }),
    '0',
  ],
]

describe.each(LAYOUTS)('%s', (format, write, image) => {
  beforeEach(write)
  it.each([
    ['COCO', () => at.tree({ 'x.json': coco([`${image}.jpg`]) })],
    ['Label Studio', () => at.tree({ 'x.json': labelStudio(`${image}.jpg`) })],
    [
      'YOLO',
      () =>
        at.tree({
          [format === 'folder-per-class' ? 'classes.txt' : 'train/classes.txt']: 'a\n',
          [`${image.replace(/^images/, 'labels')}.txt`]: '0 .5 .5 .1 .1\n',
        }),
    ],
  ])('is read as it was when something of %s lies in it, too', async (other, add) => {
    const before = await openDataset(at.dir)
    await add()
    // Labels beside the images of classes are refused, as they always were.
    if (format === 'folder-per-class' && other === 'YOLO')
      return expect(openDataset(at.dir)).rejects.toThrow(/labels such as dent\/1\.txt/)
    const { items, ...now } = await openDataset(at.dir)
    expect([now.format, items]).toEqual([format, before.items])
  })
})

describe('an image', () => {
  it.each([
    ['of another class', 'annotations.json', ['broken/0.jpg'], ['good/0.jpg']],
    [
      'of another class, by a path',
      'annotations.json',
      ['/home/b/broken/1.jpg'],
      ['broken/0.jpg', 'good/1.jpg'],
    ],
    [
      'of another split',
      'annotations/instances_val2017.json',
      ['2.jpg'],
      ['images/val2017/1.jpg', 'images/train2017/2.jpg'],
    ],
  ])('%s is none of COCO of its name', async (_, file, names, files) => {
    await at.tree({ [file]: coco(names) })
    await images(...files)
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*found (none|\/home)/)
  })

  it('of another class is none of Label Studio of its name', async () => {
    await at.tree({ 'x.json': labelStudio('/data/local-files/?d=broken/0.jpg'), 'scratch/0.jpg': null })
    await expect(openDataset(at.dir)).rejects.toThrow(/expected one image broken\/0\.jpg; found none/)
  })

  it('of another machine is found in the folder that is called as there', async () => {
    await at.tree({
      'x.json': coco(['/home/b/broken/0.jpg']),
      'scratch/1.jpg': null,
      'set/broken/0.jpg': null,
    })
    expect((await openDataset(at.dir)).items.map((i) => i.id)).toEqual(['x/set/broken/0.jpg'])
  })
})

describe('folders of classes', () => {
  it.each([
    ['masks', ['images/0.jpg', 'masks/0.jpg']],
    ['depths', ['rgb/0.jpg', 'xyz/0.jpg']],
    ['splits', ['train/0.jpg', 'test/0.jpg']],
  ])('with %s in them are no parts by day', async (_, files) => {
    await images(...['good', 'bad'].flatMap((c) => files.map((f) => `${c}/${f}`)))
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT/)
  })

  it('by day count less than a table', async () => {
    await at.tree({
      'normal/day/a.jpg': null,
      'dark/day/b.jpg': null,
      't.csv': 'filename,label\na.jpg,dent\nb.jpg,good\n',
    })
    const { format, items } = await openDataset(at.dir)
    expect([format, items.map((i) => [i.id, i.defective])]).toEqual([
      'table',
      [
        ['normal/day/a.jpg', true],
        ['dark/day/b.jpg', false],
      ],
    ])
  })

  it('are not refused for a table of places without classes, nor for text that cameras write', async () => {
    await at.tree({ 'dent/a.jpg': null, 'scratch/b.jpg': null, 't.csv': 'filename,x,y,w,h\na.jpg,1,2,3,4\n' })
    await at.tree({ 'classes.txt': 'dent\nscratch\n', 'dent/a.txt': 'exposure 12 us\n' })
    expect((await openDataset(at.dir)).format).toBe('folder-per-class')
  })
})

describe('a table of classes', () => {
  it.each([
    ['four corners', 'filename,label,x1,y1,x2,y2,x3,y3\na.jpg,dent,1,1,9,2,9,8\nb.jpg,good,,,,,,\n'],
    ['scores in columns of numbers', 'filename,0,1,2,3,label\na.jpg,.1,.2,.3,.4,dent\nb.jpg,0,0,0,0,good\n'],
    ['folders beside the names', 'filename,image_path,label\na.jpg,/d/x,dent\nb.jpg,/d/x,good\n'],
    ['another column of labels', 'filename,category,label_name\na.jpg,dent,x\nb.jpg,good,x\n'],
    ['no box in any row', 'filename,label,x,y,width,height\na.jpg,dent,,,,\nb.jpg,good,,,,\n'],
  ])('stays one with %s', async (_, text) => {
    await at.tree({ 'a.jpg': null, 'b.jpg': null, 't.csv': text })
    expect((await openDataset(at.dir)).items.map((i) => [i.label, i.defective, i.boxes])).toEqual([
      ['dent', true, undefined],
      ['good', false, undefined],
    ])
  })

  it('is found by names with accents alone', async () => {
    await at.tree({ 'Gru\u0308n.jpg': null, 't.csv': 'filename,label\nGr\u00fcn.jpg,dent\n' })
    expect((await openDataset(at.dir)).items.map((i) => i.label)).toEqual(['dent'])
  })
})

describe('a row of a table without a box', () => {
  const head = 'filename,label,x,y,width,height\na.jpg,dent,1,2,3,4\n'
  const rows = (...more: string[]) =>
    at.tree({ 'a.jpg': null, 'b.jpg': null, 'c.jpg': null, 't.csv': `${head}${more.join('\n')}\n` })

  it('is refused where others of its class have one', async () => {
    await rows('b.jpg,dent,,,,')
    await expect(openDataset(at.dir)).rejects.toThrow(
      /line 3\); expected a box in x, y, width, height.*found dent/,
    )
  })

  it('says that good parts are named: an image without a row is none', async () => {
    await rows('b.jpg,,,,,')
    const set = await openDataset(at.dir)
    expect(set.items.map((i) => i.id)).toEqual(['a.jpg', 'b.jpg'])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/^DAT_LEFT_OUT.*found 1: c\.jpg$/),
    ])
  })

  it('is a good part by its class alone, which may be named', async () => {
    await rows('b.jpg,crack,,,,', 'c.jpg,good,,,,')
    const set = await openDataset(at.dir)
    expect(set.items.map((i) => i.boxes?.length)).toEqual([1, undefined, 0])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/^DAT_TRUTH.*in no rate; found 1: b\.jpg \(crack\)/),
    ])
    const named = await openDataset(at.dir, { goodLabels: ['good', 'crack'] })
    expect(named.items.map((i) => i.boxes?.length)).toEqual([1, 0, 0])
  })
})

describe('large boxes a little over the edge', () => {
  it('are cut, and not taken for corners', async () => {
    await images('a.jpg', 'b.jpg')
    await at.tree({ 'annotations.json': coco(['a.jpg', 'b.jpg'], [[1, 1, 20.8, 8], [1, 1, 20.8, 8]]) }) // prettier-ignore
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['dent', 1, 1, 20, 9]], [['dent', 1, 1, 20, 9]]])
  })
})

describe('what is said of an image without a region', () => {
  it.each([
    ['a taxonomy', { type: 'taxonomy', value: { taxonomy: [['Defect', 'dent']] } }],
    ['choices of another form', { type: 'choices', value: { choices: [['Defect', 'dent']] } }],
  ])('makes no good part by %s of Label Studio', async (_, result) => {
    await at.tree({ 'a.jpg': null, 'x.json': labelStudio('a.jpg', result) })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_ANNOTATION.*0\.annotations\.0\.result\.0/)
  })

  it('makes none by tags of Supervisely, but for those of splits', async () => {
    const note = (...tags: string[]): string =>
      JSON.stringify({ size: { width: 20, height: 10 }, tags: tags.map((name) => ({ name })), objects: [] })
    await at.tree({ 'img/a.jpg': null, 'img/b.jpg': null, 'img/c.jpg': null })
    await at.tree({
      'ann/a.jpg.json': note('scratch'),
      'ann/b.jpg.json': note('train'),
      'ann/c.jpg.json': note(),
    })
    const set = await openDataset(at.dir)
    expect(boxesOf(set)).toEqual([undefined, [], []])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/no rate; found 1: img\/a\.jpg$/),
    ])
  })
})

it('numbers that were measured are no names of images', async () => {
  await at.tree({ '1000.jpg': null, '1001.jpg': null, 't.csv': 'seconds,celsius\n1000,20\n1001,21\n' })
  expect((await openDataset(at.dir)).format).toBe('folder')
})
