import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Dataset, type DatasetItem, openDataset } from '../../datasets/index.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sightline-datasets-'))
})
afterEach(() => rm(dir, { recursive: true }))

const PICTURE = await sharp({ create: { width: 20, height: 10, channels: 3, background: '#777' } })
  .jpeg()
  .toBuffer()

/** Writes a tree: text as it is, `null` = a 20 × 10 px picture. */
async function tree(files: Record<string, string | null>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), content ?? PICTURE)
  }
}

const facts = (i: DatasetItem): unknown[] => [i.id, i.split, i.label ?? null, i.defective]
const boxes = (set: Dataset): unknown[] => set.items.map((i) => i.boxes?.map((b) => [b.class, ...b.box]))

describe('folder', () => {
  it('takes images of sub-folders, in order, and leaves other files alone', async () => {
    await tree({ 'b.png': null, 'a.jpg': null, 'deep/c.JPG': null, 'notes.txt': 'x', '.hidden.jpg': null })
    const set = await openDataset(dir, { format: 'folder' })
    expect(set.items.map((i) => i.id)).toEqual(['a.jpg', 'b.png', 'deep/c.JPG'])
    expect(set.items[0]?.defective).toBeNull()
  })

  it('says so when there is nothing', async () => {
    await expect(openDataset(dir, { format: 'folder' })).rejects.toThrow(/DAT_EMPTY.*images/)
    await expect(openDataset(join(dir, 'none'))).rejects.toThrow(/DAT_LAYOUT.*a folder/)
  })
})

describe('folder per class', () => {
  it('reads classes, with and without splits', async () => {
    await tree({ 'ok/1.jpg': null, 'scratch/2.jpg': null, 'scratch/3.jpg': null })
    const flat = await openDataset(dir)
    expect(flat.format).toBe('folder-per-class')
    expect(flat.items.map(facts)).toEqual([
      ['ok/1.jpg', 'all', 'ok', false],
      ['scratch/2.jpg', 'all', 'scratch', true],
      ['scratch/3.jpg', 'all', 'scratch', true],
    ])
  })

  it('knows splits and other names for good parts', async () => {
    await tree({ 'train/io/1.jpg': null, 'valid/nio/2.jpg': null })
    const set = await openDataset(dir, { goodLabels: ['io'] })
    expect(set.items.map(facts)).toEqual([
      ['train/io/1.jpg', 'train', 'io', false],
      ['valid/nio/2.jpg', 'val', 'nio', true],
    ])
    expect((await openDataset(dir, { split: 'val' })).items).toHaveLength(1)
    await expect(openDataset(dir, { split: 'test' })).rejects.toThrow(/DAT_EMPTY.*"test".*train, val/)
  })

  it('refuses a mix of splits and classes', async () => {
    await tree({ 'train/ok/1.jpg': null, 'bad/2.jpg': null })
    await expect(openDataset(dir, { format: 'folder-per-class' })).rejects.toThrow(/DAT_LAYOUT.*bad, train/)
  })
})

describe('MVTec', () => {
  it('pairs images with masks', async () => {
    await tree({
      'train/good/000.png': null,
      'test/good/000.png': null,
      'test/crack/001.png': null,
      'test/crack/002.png': null,
      'ground_truth/crack/001_mask.png': null,
    })
    const set = await openDataset(dir)
    expect(set.format).toBe('mvtec')
    expect(set.items.map((i) => [...facts(i), i.mask !== undefined])).toEqual([
      ['train/good/000.png', 'train', 'good', false, false],
      ['test/crack/001.png', 'test', 'crack', true, true],
      ['test/crack/002.png', 'test', 'crack', true, false],
      ['test/good/000.png', 'test', 'good', false, false],
    ])
  })

  it('refuses a mask without an image, and a set without good parts', async () => {
    await tree({ 'train/good/0.png': null, 'ground_truth/crack/9_mask.png': null })
    await expect(openDataset(dir)).rejects.toThrow(/DAT_LAYOUT.*9_mask\.png.*image of the same name/)
    await rm(join(dir, 'train'), { recursive: true })
    await expect(openDataset(dir, { format: 'mvtec' })).rejects.toThrow(/DAT_LAYOUT.*train\/good/)
  })
})

describe('DeepPCB', () => {
  const pair = (id: string): Record<string, string | null> => ({
    [`group1/1/${id}_test.jpg`]: null,
    [`group1/1/${id}_temp.jpg`]: null,
    [`group1/1_not/${id}.txt`]: '1 2 11 8 3\n4 5 6 7 6\n',
  })

  it('reads lists, whose names stand for two files', async () => {
    await tree({
      ...pair('001'),
      ...pair('002'),
      'train.txt': 'group1/1/001.jpg group1/1_not/001.txt\n',
      'val.txt': 'group1/1/002.jpg group1/1_not/002.txt\n',
    })
    const set = await openDataset(dir)
    expect(set.format).toBe('deeppcb')
    expect(set.items.map(facts)).toEqual([
      ['group1/1/001', 'train', null, true],
      ['group1/1/002', 'val', null, true],
    ])
    expect(set.items[0]?.image).toBe(join(dir, 'group1/1/001_test.jpg'))
    expect(set.items[0]?.reference).toBe(join(dir, 'group1/1/001_temp.jpg'))
    expect(boxes(set)[0]).toEqual([
      ['mousebite', 1, 2, 11, 8],
      ['pinhole', 4, 5, 6, 7],
    ])
  })

  it('walks the groups without lists, and takes an empty annotation as a good board', async () => {
    await tree({ ...pair('001'), ...pair('002'), 'group1/1_not/002.txt': '' })
    const set = await openDataset(dir)
    expect(set.items.map(facts)).toEqual([
      ['group1/1/001', 'all', null, true],
      ['group1/1/002', 'all', null, false],
    ])
  })

  it.each([
    [
      'a type out of range',
      { 'group1/1_not/001.txt': '1 2 11 8 3\n1 2 3 4 7\n' },
      /001\.txt, line 2.*1\.\.6.*1 2 3 4 7/,
    ],
    ['a box inside out', { 'group1/1_not/001.txt': '9 2 3 4 1\n' }, /001\.txt, line 1/],
    ['a word', { 'group1/1_not/001.txt': 'a 2 3 4 1\n' }, /DAT_ANNOTATION/],
    ['a list line with one name', { 'train.txt': 'group1/1/001.jpg\n' }, /train\.txt, line 1.*annotation/],
    [
      'a pair that is not there',
      { 'train.txt': '\ngroup1/1/009.jpg group1/1_not/009.txt\n' },
      /train\.txt, line 2.*009_test\.jpg/,
    ],
    ['a path out of the set', { 'train.txt': '../x.jpg y.txt\n' }, /line 1.*inside the data set/],
    [
      'a pair listed twice',
      {
        'train.txt': 'group1/1/001.jpg group1/1_not/001.txt\n',
        'val.txt': 'group1/1/001.jpg group1/1_not/001.txt\n',
      },
      /val\.txt, line 1.*listed once/,
    ],
  ])('refuses %s, saying where', async (_, files, message) => {
    await tree({ ...pair('001'), ...files })
    await expect(openDataset(dir)).rejects.toThrow(message)
  })
})

describe('YOLO', () => {
  it('reads relative boxes and polygons as pixels', async () => {
    await tree({
      'data.yaml':
        'train: ../train/images\nval: ../valid/images\nnc: 2\nnames: [Bottle, Cap]\nextra: {a: 1}\n',
      'train/images/a.jpg': null,
      'train/labels/a.txt': '1 0.5 0.5 0.5 0.4\n0 0.1 0.1 0.3 0.1 0.3 0.9\n',
      'train/images/b.jpg': null,
      'valid/images/c.jpg': null,
    })
    const set = await openDataset(dir)
    expect(set.format).toBe('yolo')
    expect(set.items.map((i) => i.split)).toEqual(['train', 'train', 'val'])
    const [a, b] = set.items
    // 20 × 10 px: centre (10, 5), 10 × 4 px.
    expect(a?.boxes?.[0]).toEqual({ class: 'Cap', box: [5, 3, 15, 7] })
    expect(a?.boxes?.[1]?.class).toBe('Bottle')
    a?.boxes?.[1]?.box.forEach((v, n) => expect(v).toBeCloseTo([2, 1, 6, 9][n] ?? NaN, 9))
    expect(b?.boxes).toEqual([])
  })

  it('falls back to images/ when the named folders are of another machine', async () => {
    await tree({
      'data.yaml': 'train: /home/x/train\nnames: {0: a}\n',
      'images/1.jpg': null,
      'labels/1.txt': '0 .5 .5 1 1',
    })
    const set = await openDataset(dir)
    expect(set.items.map((i) => [i.split, i.boxes])).toEqual([['all', [{ class: 'a', box: [0, 0, 20, 10] }]]])
  })

  it.each([
    ['a class that does not exist', '2 0.5 0.5 0.1 0.1', /a\.txt, line 1.*class 0\.\.1/],
    ['pixels instead of shares', '0 0.5 0.5 0.1 0.1\n0 320 200 40 40', /a\.txt, line 2/],
    ['a missing number', '0 0.5 0.5 0.1', /line 1/],
  ])('refuses %s', async (_, text, message) => {
    await tree({ 'data.yaml': 'names: [a, b]\n', 'images/a.jpg': null, 'labels/a.txt': text })
    await expect(openDataset(dir)).rejects.toThrow(message)
  })

  it('refuses a number of classes that is not the number of names', async () => {
    await tree({ 'data.yaml': 'nc: 3\nnames: [a, b]\n', 'images/a.jpg': null })
    await expect(openDataset(dir)).rejects.toThrow(/data\.yaml, nc.*expected 2.*found 3/)
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
    await tree({
      'annotations/instances_val2017.json': json([
        { image_id: 7, category_id: 3, bbox: [1, 2, 4, 5], id: 1 },
      ]),
      'val2017/a.jpg': null,
    })
    const set = await openDataset(dir)
    expect([set.format, set.classes, set.items[0]?.split]).toEqual(['coco', ['dent'], 'val'])
    expect(boxes(set)).toEqual([[['dent', 1, 2, 5, 7]]])
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
  ])('refuses %s', async (_, text, message) => {
    await tree({ 'annotations.json': text, 'a.jpg': null })
    await expect(openDataset(dir, { format: 'coco' })).rejects.toThrow(message)
  })

  it('names an image that is nowhere', async () => {
    await tree({ 'annotations.json': json([]) })
    await expect(openDataset(dir)).rejects.toThrow(/DAT_LAYOUT.*a\.jpg/)
  })
})

describe('Pascal VOC', () => {
  const xml = (object: string): string =>
    `<annotation>\n<filename>a.jpg</filename>\n<object>\n${object}\n</object>\n</annotation>\n`
  const box = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>8</ymax></bndbox>'

  it('turns 1-based inclusive corners into half-open boxes, and reads splits', async () => {
    await tree({
      'Annotations/a.xml': xml(`<name>crack</name>${box}`),
      'JPEGImages/a.jpg': null,
      'ImageSets/Main/val.txt': 'a\n',
    })
    const set = await openDataset(dir)
    expect([set.format, set.classes, set.items[0]?.split]).toEqual(['voc', ['crack'], 'val'])
    expect(boxes(set)).toEqual([[['crack', 0, 1, 10, 8]]])
  })

  it.each([
    ['an object without name', xml(box), /a\.xml, line 3.*name/],
    ['a box without numbers', xml('<name>x</name><bndbox></bndbox>'), /line 3.*bndbox/],
    ['a document cut off', `<annotation>\n<object>\n<name>x</name>`, /a\.xml, line 1.*complete/],
  ])('refuses %s', async (_, text, message) => {
    await tree({ 'annotations/a.xml': text, 'images/a.jpg': null })
    await expect(openDataset(dir, { format: 'voc' })).rejects.toThrow(message)
  })

  it('names the image an annotation has lost', async () => {
    await tree({ 'annotations/a.xml': xml(`<name>x</name>${box}`), 'images/b.jpg': null })
    await expect(openDataset(dir)).rejects.toThrow(/DAT_LAYOUT.*a\.xml.*image a/)
  })
})

it('refuses an unknown layout by name', async () => {
  await expect(openDataset(dir, { format: 'kitti' })).rejects.toThrow(/CFG_USAGE.*deeppcb.*found kitti/)
})

const samples = process.env['SIGHTLINE_SAMPLES'] ?? resolve(import.meta.dirname, '../../../shared/data')

// Counts as the README of the sample folder states them.
describe('real data sets', () => {
  const real: [string, string, number, number | null][] = [
    ['deeppcb', 'deeppcb', 600, null],
    ['neu-det', 'voc', 600, null],
    ['casting', 'folder-per-class', 700, null],
    ['cookies', 'mvtec', 85, 32],
    ['bottle-caps', 'yolo', 150, null],
    ['natural', 'folder', 1000, null],
  ]
  for (const [name, format, count, masks] of real) {
    const path = join(samples, name)
    it.skipIf(!existsSync(path))(`${name} (needs ${path})`, async () => {
      const set = await openDataset(path)
      expect([set.format, set.items.length]).toEqual([format, count])
      if (masks !== null) expect(set.items.filter((i) => i.mask)).toHaveLength(masks)
      if (name === 'deeppcb') {
        expect(set.items.filter((i) => i.split === 'train')).toHaveLength(500)
        expect(set.items.filter((i) => i.split === 'val')).toHaveLength(100)
        expect(new Set(set.items.flatMap((i) => i.boxes ?? []).map((b) => b.class)).size).toBe(6)
      }
      if (name === 'neu-det') expect(set.classes).toHaveLength(6)
    })
  }
})
