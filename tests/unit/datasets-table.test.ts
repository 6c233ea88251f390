import { mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Dataset, maskOfRuns, openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const messages = ({ leftOut }: Dataset): string[] => leftOut.map((f) => f.message)

describe('a table of classes', () => {
  it('says the class of each image, with quotes, a byte order mark and lines of Windows', async () => {
    await at.tree({
      'images/a.jpg': null,
      'images/b, c.jpg': null,
      'images/d.jpg': null,
      'labels.csv': '\ufefffilename;Label\r\na.jpg;良品\r\n"b, c.jpg";"a ""dent"""\r\n\r\n',
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes]).toEqual(['table', ['a "dent"', '良品']])
    expect(set.items.map((i) => [i.id, i.split, i.label, i.defective])).toEqual([
      ['images/a.jpg', 'all', '良品', false],
      ['images/b, c.jpg', 'all', 'a "dent"', true],
    ])
    expect(messages(set)).toEqual([expect.stringMatching(/DAT_LEFT_OUT.*found 1: images\/d\.jpg$/)])
  })

  it('is one for each split, with IDs without extension, and no truth where it is to be filled in', async () => {
    await at.tree({
      'train_images/x1.jpg': null,
      'test_images/x1.jpg': null,
      'train.csv': 'ID,Label\nx1,0\n',
      'test.csv': 'ID,Label\nx1,\n',
      'sample_submission.csv': 'ID,Label\nx1,5\n',
    })
    const set = await openDataset(at.dir)
    expect(set.items.map((i) => [i.id, i.split, i.label, i.defective])).toEqual([
      ['test_images/x1.jpg', 'test', undefined, null],
      ['train_images/x1.jpg', 'train', '0', true],
    ])
    expect(messages(set)).toEqual([
      expect.stringMatching(/^DAT_TRUTH.*every part counts as bad; found 1: 0; .*--good$/),
      expect.stringMatching(/^DAT_TRUTH.*in no rate; found 1: test_images\/x1\.jpg$/),
      expect.stringMatching(/^DAT_LEFT_OUT.*found 1: sample_submission\.csv$/),
    ])
    const named = await openDataset(at.dir, { goodLabels: ['0'] })
    expect(named.items.map((i) => i.defective)).toEqual([null, false])
  })

  it.each([
    [
      'an image that is not there',
      'a.jpg,ok\nb.jpg,ok',
      /labels\.csv, line 3\); expected one image b\.jpg; found none/,
    ],
    [
      'two classes of one image',
      'a.jpg,ok\na.jpg,dent',
      /line 3\); expected one class for each image, ok .*found dent/,
    ],
    ['a row of another length', 'a.jpg,ok,1', /line 2\); expected 2 cells.*found 3/],
    ['a quote without end', 'a.jpg,"ok', /line 2\); expected every quote closed/],
    [
      'an image of another split',
      'train/a.jpg,ok',
      /line 2\); expected one image train\/a\.jpg of the split train; found none/,
    ],
  ])('refuses %s', async (_, rows, message) => {
    await at.tree({ 'test/a.jpg': null, 'labels.csv': `file,label\n${rows}\n` })
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })

  it('has paths of any machine and capitals of any kind, a column of splits, and numbers beside the paths', async () => {
    await at.tree({ 'x/1.JPG': null, 'x/2.jpg': null, 'y/1.JPG': null, 'y/3.jpg': null })
    await at.tree({
      'labels.csv':
        'ID,PATH,LABEL,SPLIT\n1,C:\\set\\y\\1.jpg,good,Train\n2,/home/me/set/x/1.JPG,dent,test\n3,../x/2.jpg,good,valid\n',
    })
    const { items } = await openDataset(at.dir, { format: 'table' })
    expect(items.map((i) => [i.id, i.split, i.label])).toEqual([
      ['y/1.JPG', 'train', 'good'],
      ['x/1.JPG', 'test', 'dent'],
      ['x/2.jpg', 'val', 'good'],
    ])
  })

  it.each([
    ['of another program', 'results.csv', 'file,label\n1.jpg,dent\n3.jpg,good\n', 1],
    ['of places', '_annotations.csv', 'file,class,xmin,ymin,xmax,ymax\n3.jpg,dent,1,1,5,5\n', 1],
    ['with a fault', 'log.csv', 'file,label\n3.jpg,dent,1\n', 0],
    ['of other things', 'log.csv', 'name,class\nshift 1,2,3\n', 0],
  ])('%s does not count beside folders that say which parts are good', async (_, file, text, said) => {
    for (const [good, bad] of [
      ['good', 'dent'],
      ['train/ok', 'test/dent'],
    ] as const) {
      await at.tree({ [`${good}/1.jpg`]: null, [`${bad}/3.jpg`]: null, [file]: text })
      const set = await openDataset(at.dir)
      expect(set.items.map((i) => [i.label, i.defective]).sort()).toEqual([
        ['dent', true],
        [basename(good), false],
      ])
      expect(messages(set)).toEqual(
        said === 0
          ? []
          : [expect.stringMatching(new RegExp(`DAT_TRUTH.*found 1: ${file}; .*--dataset table`))],
      )
      await rm(at.dir, { recursive: true })
    }
    await mkdir(at.dir)
  })

  it('is asked about beside folders that may be classes, too', async () => {
    await at.tree({ 'a/1.jpg': null, 'b/2.jpg': null, 'labels.csv': 'file,label\n1.jpg,good\n2.jpg,dent\n' })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_LAYOUT.*found folders a, b; labels\.csv; .*--dataset table, or --dataset folder-per-class/,
    )
    const read = await Promise.all(
      ['table', 'folder-per-class'].map((format) => openDataset(at.dir, { format })),
    )
    expect(read.map((s) => s.classes)).toEqual([
      ['dent', 'good'],
      ['a', 'b'],
    ])
  })

  it('has no column twice', async () => {
    await at.tree({ '1.jpg': null, 'labels.csv': 'file,label,label\n1.jpg,dent,good\n' })
    await expect(openDataset(at.dir)).rejects.toThrow(/line 1\); expected one column label; found several/)
  })

  it('of what a model has said is none', async () => {
    await at.tree({ 'images/1.jpg': null, 'labels.csv': 'file,label\n1.jpg,good\n' })
    await at.tree({ 'predictions.csv': 'file,label\n1.jpg,dent\n' })
    const set = await openDataset(at.dir)
    expect([set.items[0]?.label, messages(set)]).toEqual([
      'good',
      [expect.stringMatching(/found 1: predictions\.csv$/)],
    ])
  })

  it('is refused in another encoding, and is none when it names no image', async () => {
    await at.tree({ 'a.jpg': null, 'log.csv': 'name,class\nrun 5,1\n' })
    expect((await openDataset(at.dir)).format).toBe('folder')
    await writeFile(join(at.dir, 'labels.csv'), Buffer.from('file,label\na.jpg,\xba\xcf\n', 'latin1'))
    await expect(openDataset(at.dir)).rejects.toThrow(/labels\.csv\); expected text in UTF-8/)
  })

  it('is refused, not passed over, where names and columns are in GBK, as Excel saves them', async () => {
    await at.tree({ '图1.jpg': null, '图2.jpg': null })
    // 图像,标签 / 图1.jpg,良品 / 图2.jpg,划痕, by Python's codec `gbk`.
    const rows = 'cdbccff12cb1eac7a90acdbc312e6a70672cc1bcc6b70acdbc322e6a70672cbbaebadb0a'
    await writeFile(join(at.dir, '标签.csv'), Buffer.from(rows, 'hex'))
    await expect(openDataset(at.dir)).rejects.toThrow(/标签\.csv\); expected text in UTF-8/)
  })
})

describe('a table of places', () => {
  it('has boxes; an empty one, and an image in no row, are without a defect', async () => {
    await at.tree({
      'train/a.jpg': null,
      'train/b.jpg': null,
      'train/c.jpg': null,
      'train/_annotations.csv':
        'filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,20,10,dent,1,2,5,6\na.jpg,20,10,dent,7,2,9,6\nb.jpg,20,10,,,,,\n',
    })
    const set = await openDataset(at.dir)
    expect([set.items.map((i) => [i.id, i.split]), boxesOf(set)]).toEqual([
      [
        ['train/a.jpg', 'train'],
        ['train/b.jpg', 'train'],
        ['train/c.jpg', 'train'],
      ],
      [
        [
          ['dent', 1, 2, 5, 6],
          ['dent', 7, 2, 9, 6],
        ],
        [],
        [],
      ],
    ])
    expect(messages(set)).toEqual([
      expect.stringMatching(/^DAT_TRUTH.*count as good; found 1: train\/c\.jpg$/),
    ])
    await at.tree({ 'train/_annotations.csv': 'filename,class,xmin,ymin,xmax,ymax\na.jpg,dent,5,2,1,6\n' })
    await expect(openDataset(at.dir)).rejects.toThrow(/line 2\); expected a class, and numbers xmin ≤ xmax/)
  })

  it.each([
    ['cls', 'dent', []],
    ['category_id', '3', []],
    ['kind', 'defect', [/^DAT_TRUTH.*all their boxes are of one class; found 1: boxes\.csv \(kind\)$/]],
  ])(
    'takes the class of boxes from the column %s, or says that none is known',
    async (column, name, said) => {
      const value = name === 'defect' ? 'dent' : name
      await at.tree({ 'a.jpg': null, 'boxes.csv': `img,x1,y1,x2,y2,${column}\na.jpg,1,2,5,6,${value}\n` })
      const set = await openDataset(at.dir)
      expect(boxesOf(set)).toEqual([[[name, 1, 2, 5, 6]]])
      expect(messages(set)).toEqual(said.map((text) => expect.stringMatching(text)))
    },
  )

  it.each([
    ['ImageId,ClassId,EncodedPixels\na.jpg,1,12 3 22 2\na.jpg,3,200 1\n'],
    ['ImageId_ClassId,EncodedPixels\na.jpg_1,12 3 22 2\na.jpg_2,\na.jpg_3,200 1\na.jpg_4,-1\n'],
  ])('has the runs of Severstal: %j', async (text) => {
    await at.tree({
      'train_images/a.jpg': null,
      'train_images/b.jpg': null,
      'test_images/t.jpg': null,
      'train.csv': text,
    })
    const set = await openDataset(at.dir)
    expect([set.format, boxesOf(set)]).toEqual([
      'table',
      [
        [
          ['1', 1, 1, 3, 4],
          ['3', 19, 9, 20, 10],
        ],
        [],
      ],
    ])
    const runs = set.items[0]?.boxes?.[0]?.runs
    const marked = [...(runs ? maskOfRuns(runs) : [])].flatMap((v, i) =>
      v === 1 ? [[i % 20, Math.floor(i / 20)]] : [],
    )
    expect(marked).toEqual([
      [1, 1],
      [2, 1],
      [1, 2],
      [2, 2],
      [1, 3],
    ])
    expect(messages(set)).toEqual([
      expect.stringMatching(/^DAT_TRUTH.*count as good; found 1: train_images\/b\.jpg$/),
      expect.stringMatching(/^DAT_LEFT_OUT.*found 1: test_images\/t\.jpg$/),
    ])
  })

  it.each(['5', '0 3', '5 3 6 1', '199 3', 'a 1'])('refuses the runs %s', async (runs) => {
    await at.tree({ 'a.jpg': null, 'train.csv': `ImageId,ClassId,EncodedPixels\na.jpg,1,${runs}\n` })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*line 2\); expected pairs of first pixel and length.* inside 20 × 10 px/,
    )
  })
})
