import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type DatasetItem, openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

const facts = (i: DatasetItem): unknown[] => [i.id, i.split, i.label ?? null, i.defective]

describe('folder', () => {
  it('takes images of sub-folders, in order, and leaves other files alone', async () => {
    await at.tree({ 'b.png': null, 'a.jpg': null, 'deep/c.JPG': null, 'notes.txt': 'x', '.hidden.jpg': null })
    const set = await openDataset(at.dir, { format: 'folder' })
    expect(set.items.map((i) => i.id)).toEqual(['a.jpg', 'b.png', 'deep/c.JPG'])
    expect(set.items[0]?.defective).toBeNull()
  })

  it('follows links, but not around in a circle, and waits for no pipe', async () => {
    await at.tree({ 'real/a.jpg': null, 'set/b.jpg': null })
    await symlink(join(at.dir, 'real'), join(at.dir, 'set/linked'))
    await symlink(join(at.dir, 'real/a.jpg'), join(at.dir, 'set/c.jpg'))
    await symlink(join(at.dir, 'set'), join(at.dir, 'set/round'))
    execFileSync('mkfifo', [join(at.dir, 'set/pipe.png')])
    const set = await openDataset(join(at.dir, 'set'), { format: 'folder' })
    expect(set.items.map((i) => i.id)).toEqual(['b.jpg', 'c.jpg', 'linked/a.jpg'])
  })

  it('says so when there is nothing', async () => {
    await expect(openDataset(at.dir, { format: 'folder' })).rejects.toThrow(/DAT_EMPTY.*images/)
    await expect(openDataset(join(at.dir, 'none'))).rejects.toThrow(/DAT_LAYOUT.*a folder/)
  })
})

describe('folder per class', () => {
  it('reads classes, with and without splits', async () => {
    await at.tree({ 'ok/1.jpg': null, 'scratch/2.jpg': null, 'scratch/3.jpg': null })
    const flat = await openDataset(at.dir)
    expect(flat.format).toBe('folder-per-class')
    expect(flat.items.map(facts)).toEqual([
      ['ok/1.jpg', 'all', 'ok', false],
      ['scratch/2.jpg', 'all', 'scratch', true],
      ['scratch/3.jpg', 'all', 'scratch', true],
    ])
  })

  it('knows splits and other names for good parts', async () => {
    await at.tree({ 'train/io/1.jpg': null, 'valid/nio/2.jpg': null })
    const set = await openDataset(at.dir, { goodLabels: ['io'] })
    expect(set.items.map(facts)).toEqual([
      ['train/io/1.jpg', 'train', 'io', false],
      ['valid/nio/2.jpg', 'val', 'nio', true],
    ])
    for (const split of ['val', 'valid', 'Validation'])
      expect((await openDataset(at.dir, { split })).items.map((i) => i.split)).toEqual(['val'])
    await expect(openDataset(at.dir, { split: 'test' })).rejects.toThrow(/DAT_EMPTY.*"test".*train, val/)
  })

  it('refuses good labels that no image has', async () => {
    await at.tree({ 'io/1.jpg': null, 'nio/2.jpg': null })
    for (const label of ['', 'oi'])
      await expect(openDataset(at.dir, { goodLabels: [label] })).rejects.toThrow(
        `CFG_USAGE: the command line is wrong (--good); expected at least one of io, nio; found "${label}"`,
      )
    await at.tree({ 'set/train/io/1.jpg': null, 'set/test/io/2.jpg': null, 'set/ground_truth/x/3.png': null })
    await expect(openDataset(join(at.dir, 'set'), { format: 'mvtec', goodLabels: ['oi'] })).rejects.toThrow(
      'expected at least one of io; found "oi"; leave --good away where no part is good',
    )
  })

  it('knows words for good in several spellings and languages', async () => {
    await at.tree({
      '良品/1.jpg': null,
      'Non-Defective/2.jpg': null,
      '划痕/3.jpg': null,
      'not good/4.jpg': null,
    })
    const set = await openDataset(at.dir)
    expect(new Map(set.items.map((i) => [i.label, i.defective]))).toEqual(
      new Map([
        ['Non-Defective', false],
        ['not good', true],
        ['划痕', true],
        ['良品', false],
      ]),
    )
  })

  it('reads classes whose images lie deeper, by day, where one means good parts', async () => {
    await at.tree({ 'OK/d1/1.jpg': null, 'OK/d2/1.jpg': null, 'NG/d1/2.jpg': null })
    const set = await openDataset(at.dir)
    expect([set.format, set.items.map(facts)]).toEqual([
      'folder-per-class',
      [
        ['NG/d1/2.jpg', 'all', 'NG', true],
        ['OK/d1/1.jpg', 'all', 'OK', false],
        ['OK/d2/1.jpg', 'all', 'OK', false],
      ],
    ])
  })

  it('refuses one class alone, naming it', async () => {
    await at.tree({ 'OK/1.jpg': null, 'OK/2.jpg': null })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*two classes.*one class alone, OK/)
  })

  it('refuses a mix of splits and classes', async () => {
    await at.tree({ 'train/ok/1.jpg': null, 'bad/2.jpg': null })
    await expect(openDataset(at.dir, { format: 'folder-per-class' })).rejects.toThrow(
      /DAT_LAYOUT.*bad, train/,
    )
  })
})

describe('MVTec', () => {
  it('pairs images with masks', async () => {
    await at.tree({
      'train/good/000.png': null,
      'test/good/000.png': null,
      'test/crack/001.png': null,
      'test/crack/002.png': null,
      'ground_truth/crack/001_mask.png': null,
    })
    const set = await openDataset(at.dir)
    expect(set.format).toBe('mvtec')
    expect(set.items.map((i) => [...facts(i), i.mask !== undefined])).toEqual([
      ['train/good/000.png', 'train', 'good', false, false],
      ['test/crack/001.png', 'test', 'crack', true, true],
      ['test/crack/002.png', 'test', 'crack', true, false],
      ['test/good/000.png', 'test', 'good', false, false],
    ])
  })

  it('pairs masks in capitals, as Windows programs write them', async () => {
    await at.tree({
      'train/good/000.PNG': null,
      'test/crack/001.PNG': null,
      'ground_truth/crack/001_MASK.PNG': null,
    })
    const set = await openDataset(at.dir)
    expect(set.items.filter((i) => i.mask).map((i) => i.id)).toEqual(['test/crack/001.PNG'])
  })

  it('takes another word for good where there are masks', async () => {
    await at.tree({
      'train/ok/000.png': null,
      'test/ok/001.png': null,
      'test/ko/002.png': null,
      'ground_truth/ko/002.png': null,
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.items.map((i) => [i.defective, i.mask !== undefined])]).toEqual([
      'mvtec',
      [
        [false, false],
        [true, true],
        [false, false],
      ],
    ])
  })

  it('refuses a mask without an image, and a set without good parts', async () => {
    await at.tree({ 'train/good/0.png': null, 'ground_truth/crack/9_mask.png': null })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*9_mask\.png.*image of the same name/)
    await rm(join(at.dir, 'train'), { recursive: true })
    await expect(openDataset(at.dir, { format: 'mvtec' })).rejects.toThrow(/DAT_LAYOUT.*train\/good/)
  })
})

describe('DeepPCB', () => {
  const pair = (id: string): Record<string, string | null> => ({
    [`group1/1/${id}_test.jpg`]: null,
    [`group1/1/${id}_temp.jpg`]: null,
    [`group1/1_not/${id}.txt`]: '1 2 11 8 3\n4 5 6 7 6\n',
  })

  it('reads lists, whose names stand for two files', async () => {
    await at.tree({
      ...pair('001'),
      ...pair('002'),
      'train.txt': 'group1/1/001.jpg group1/1_not/001.txt\n',
      'val.txt': 'group1/1/002.jpg group1/1_not/002.txt\n',
    })
    const set = await openDataset(at.dir)
    expect(set.format).toBe('deeppcb')
    expect(set.items.map(facts)).toEqual([
      ['group1/1/001', 'train', null, true],
      ['group1/1/002', 'val', null, true],
    ])
    expect(set.items[0]?.image).toBe(join(at.dir, 'group1/1/001_test.jpg'))
    expect(set.items[0]?.reference).toBe(join(at.dir, 'group1/1/001_temp.jpg'))
    expect(boxesOf(set)[0]).toEqual([
      ['mousebite', 1, 2, 11, 8],
      ['pinhole', 4, 5, 6, 7],
    ])
  })

  it('walks the groups without lists, and takes an empty annotation as a good board', async () => {
    await at.tree({ ...pair('001'), ...pair('002'), 'group1/1_not/002.txt': '' })
    const set = await openDataset(at.dir)
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
    await at.tree({ ...pair('001'), ...files })
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })
})

it('refuses an unknown layout by name', async () => {
  await expect(openDataset(at.dir, { format: 'kitti' })).rejects.toThrow(/CFG_USAGE.*deeppcb.*found kitti/)
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
