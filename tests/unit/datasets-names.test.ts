import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { inWords } from '../../datasets/evaluate/primary.ts'
import { splitsText } from '../../datasets/readers/splits.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const splitsOf = async (split?: string): Promise<string[]> =>
  (await openDataset(at.dir, split === undefined ? {} : { split })).items.map((i) => `${i.split} ${i.id}`)
const messages = async (): Promise<string[]> => (await openDataset(at.dir)).leftOut.map((f) => f.message)

describe('names of classes', () => {
  // Of the Tianchi sets of aluminium profiles and of fabric.
  it.each([
    ['无瑕疵样本', '擦花'],
    ['normal_Images', 'defect_Images'],
    // As lines file them: German i. O. and n. i. O., numbers before the names, what the pictures are of behind them.
    ['iO', 'niO'],
    ['i.O.', 'n.i.O.'],
    ['gut', 'schlecht'],
    ['good_parts', 'bad_parts'],
    ['0_good', '1_bad'],
    ['OK件', 'NG件'],
    ['良品图片', '不良品图片'],
    ['양품', '불량'],
    ['Healthy samples', 'Faulty samples'],
  ])('%s is one of good parts beside %s', async (good, bad) => {
    await at.tree({ [`${good}/1.jpg`]: null, [`${bad}/2.jpg`]: null })
    const { items, leftOut } = await openDataset(at.dir)
    expect(items.map((i) => [i.label, i.defective]).sort()).toEqual(
      [
        [good, false],
        [bad, true],
      ].sort(),
    )
    expect(leftOut).toEqual([])
  })

  it('means the very labels where somebody names them', async () => {
    await at.tree({ 'good/1.jpg': null, 'good_parts/2.jpg': null })
    const { items } = await openDataset(at.dir, { goodLabels: ['Good'] })
    expect(items.map((i) => [i.label, i.defective])).toEqual([
      ['good', false],
      ['good_parts', true],
    ])
  })

  it.each([
    ['pinhole', ['open', 'pin-hole'], 'pin-hole'],
    ['b', ['B', 'b'], 'b'],
    ['-', ['+', '-'], '-'],
    ['~', ['+', '-'], undefined],
    ['crack1', ['crack-1', 'crack_1'], undefined],
  ])('%s among %j is %s', (name, classes, found) => expect(inWords(name, classes)).toBe(found))

  it('are there once, though data.yaml has one for two numbers', async () => {
    await at.tree({
      'data.yaml': 'nc: 3\nnames: [a, b, a]\n',
      'images/x.jpg': null,
      'labels/x.txt': '0 .2 .2 .1 .1\n2 .7 .7 .1 .1\n',
    })
    const { classes, items } = await openDataset(at.dir)
    expect([classes, items[0]?.boxes?.map((b) => b.class)]).toEqual([
      ['a', 'b'],
      ['a', 'a'],
    ])
  })
})

describe('names of splits', () => {
  it.each([
    ['val', 'test'],
    ['Valid', 'Test'],
  ])('%s and %s lie beside train/good', async (val, test) => {
    const files = ['train/good', `${val}/good`, `${val}/bad`, `${test}/good`, `${test}/bad`]
    await at.tree(Object.fromEntries(files.map((f) => [`${f}/0.png`, null])))
    expect(await splitsOf()).toEqual([
      'train train/good/0.png',
      `val ${val}/bad/0.png`,
      `val ${val}/good/0.png`,
      `test ${test}/bad/0.png`,
      `test ${test}/good/0.png`,
    ])
    expect(await splitsOf('val')).toHaveLength(2)
    expect(await messages()).toEqual([])
  })

  it('train of the MVTec layout is what models are taught with, and judges none unless asked for', async () => {
    const files = ['train/good', 'test/good', 'test/bad']
    await at.tree(Object.fromEntries(files.map((f) => [`${f}/0.png`, null])))
    const judged = await openDataset(at.dir, { forJudging: true })
    const { items, leftOut } = judged
    expect(items.map((i) => i.split)).toEqual(['test', 'test'])
    expect([splitsText(judged), splitsText(await openDataset(at.dir))]).toEqual(['test', 'all'])
    expect(leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/1: split train, 1 images; --split train judges these$/),
    ])
    const asked = await openDataset(at.dir, { forJudging: true, split: 'train' })
    expect([asked.items.length, asked.leftOut]).toEqual([1, []])
  })

  const coco = (...names: string[]): string =>
    JSON.stringify({
      images: names.map((file_name, id) => ({ id, file_name })),
      categories: [{ id: 1, name: 'a' }],
      annotations: names.map((_, id) => ({ image_id: id, category_id: 1, bbox: [1, 1, 5, 5] })),
    })

  it.each([
    ['strain/annotations.json', 'all'],
    ['interval-latest/annotations.json', 'all'],
    ['annotations/valves.json', 'all'],
    ['annotations/instances_train2017.json', 'train'],
    ['annotations/instances_minival2014.json', 'val'],
    ['annotations/image_info_test-dev2017.json', 'test'],
    ['annotations/trainval.json', 'train'],
    ['valid/_annotations.coco.json', 'val'],
    ['annotations/TestSet.json', 'test'],
  ])('%s: %s', async (file, split) => {
    const outside = /^(strain|interval-latest)\//.exec(file)?.[1] ?? '.'
    await at.tree({ [file]: coco('a.jpg'), [`${outside}/a.jpg`]: null })
    const { items } = await openDataset(`${at.dir}/${outside}`)
    expect(items.map((i) => i.split)).toEqual([split])
  })

  it('an image that files of several splits name is judged once', async () => {
    await at.tree({
      'annotations/all.json': coco('a.jpg', 'b.jpg'),
      'annotations/train.json': coco('a.jpg'),
      'a.jpg': null,
      'b.jpg': null,
    })
    expect(await splitsOf()).toEqual(['all all/a.jpg', 'all all/b.jpg'])
    expect(await splitsOf('train')).toEqual(['train train/a.jpg'])
    expect((await openDataset(at.dir)).allImages).toHaveLength(3)
  })

  it('two files of one split that name the same image are refused', async () => {
    await at.tree({
      'annotations/dents.json': coco('a.jpg'),
      'annotations/scratches.json': coco('a.jpg'),
      'a.jpg': null,
    })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*scratches\.json\); expected every image of a split in one file; found a\.jpg is in annotations\/dents\.json too/,
    )
  })

  it('a folder that data.yaml names and that is not there is said', async () => {
    await at.tree({
      'data.yaml': 'train: images\nval: [../elsewhere/val, images]\nnames: [a]\n',
      'images/x.jpg': null,
      'labels/x.txt': '',
    })
    expect(await messages()).toEqual([
      expect.stringMatching(/data\.yaml\); expected every folder.*found 1: val: \.\.\/elsewhere\/val$/),
    ])
  })
})

it('an empty folder hides no folders of classes', async () => {
  await at.tree({ 'a/deep/1.png': null, '划伤/1.png': null, '合格/1.png': null })
  const { format, items } = await openDataset(at.dir)
  expect([format, items.map((i) => i.defective)]).toEqual(['folder-per-class', [true, true, false]])
})
