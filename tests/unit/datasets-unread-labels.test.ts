import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const BOX = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>8</ymax></bndbox>'
const XML = `<annotation><object><name>crazing</name>${BOX}</object></annotation>`

describe('folders of a layout that nothing recognises', () => {
  it.each([
    [
      'images and labels without the names of the classes',
      { 'images/a.jpg': null, 'labels/a.txt': '0 .5 .5 1 1' },
      /expected data\.yaml or classes\.txt.*found folders images, labels; labels such as labels\/a\.txt; .*--dataset folder-per-class/,
    ],
    [
      'the same in the folders of splits',
      { 'train/images/a.jpg': null, 'train/labels/a.txt': '', 'valid/images/b.jpg': null },
      /expected data\.yaml.*found folders train\/images, train\/labels, valid\/images/,
    ],
    [
      'the same the other way round',
      { 'images/train/a.jpg': null, 'labels/train/a.txt': '' },
      /expected data\.yaml.*labels\/train\/a\.txt/,
    ],
    [
      'a COCO file of another name',
      { 'train/images/a.jpg': null, 'val/images/b.jpg': null, 'train.json': '{"images":[]}' },
      /expected annotations\/\*\.json.*found folders train\/images, val\/images; labels such as train\.json/,
    ],
    [
      'one list of boxes for all images, as of Tianchi',
      {
        'defect_Images/a.jpg': null,
        'normal_Images/b.jpg': null,
        'Annotations/anno_train.json': '[{"name":"a.jpg","defect_name":"结头","bbox":[1,2,9,8]}]',
      },
      /expected annotations\/\*\.json.*found folders Annotations; labels such as Annotations\/anno_train\.json/,
    ],
    [
      'images and masks',
      { 'images/a.png': null, 'masks/b.png': null },
      /expected train\/good, test\/<class> and ground_truth.*found folders images, masks/,
    ],
    [
      'images and masks of nnU-Net, whose names differ by the channel',
      { 'imagesTr/x_000_0000.png': null, 'labelsTr/x_000.png': null, 'dataset.json': '{"labels":{}}' },
      /found folders imagesTr, labelsTr; .*--dataset folder-per-class/,
    ],
    [
      'folders of splits with a table of other columns',
      { 'train_images/a.jpg': null, 'test_images/b.jpg': null, 'train.csv': 'a.jpg,1' },
      /expected a table \(CSV\) with the columns filename and label.*; found folders test_images, train_images; labels such as train\.csv/,
    ],
    [
      'masks in a folder that says so in its own words, none of them of an image',
      { 'Defect_images/1.png': null, 'Mask_images/2_mask.png': null, 'NODefect_images/a/2.png': null },
      /found folders Mask_images/,
    ],
    [
      'a table that names them, in each split',
      { 'train/a.jpg': null, 'test/b.jpg': null, 'train/_annotations.csv': 'a.jpg,dent' },
      /expected a table .*; found labels such as train\/_annotations\.csv/,
    ],
    [
      'labels beside their images',
      { 'left/a.jpg': null, 'left/a.txt': '', 'right/b.jpg': null },
      /expected data\.yaml.*found labels such as left\/a\.txt/,
    ],
    [
      'JSON of LabelMe beside its image',
      { 'left/a.jpg': null, 'left/a.json': '{"shapes":[]}', 'right/b.jpg': null },
      /expected annotations\/\*\.json.*found labels such as left\/a\.json/,
    ],
    [
      'images, and labels in a folder of a name of its own',
      { 'images/a.jpg': null, 'notes/a.xml': XML },
      /expected XML.*found folders images; labels such as notes\/a\.xml/,
    ],
    [
      'images and labels in folders of names of their own, as of KITTI',
      {
        'train/image_2/a.jpg': null,
        'train/label_2/a.txt': 'dent 0.00 0 0.00 1.00 2.00 9.00 8.00 0 0 0 0 0 0 0',
      },
      /expected data\.yaml.*found labels such as train\/label_2\/a\.txt/,
    ],
    [
      'masks beside classes',
      { 'bad/a.png': null, 'ground_truth/c.png': null, 'ok/b.png': null },
      /expected train\/good, test\/<class> and ground_truth.*found folders ground_truth/,
    ],
  ])('are no classes of parts: %s', async (_, files, message) => {
    await at.tree(files)
    await expect(openDataset(at.dir)).rejects.toThrow('DAT_LAYOUT')
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })

  it.each([
    [
      'a table that names them',
      { 'a.jpg': null, 'labels.csv': 'a.jpg,dent' },
      /expected a table .*; found labels such as labels\.csv; .*--dataset folder$/,
    ],
    [
      'a text that names them with the number of a class (Caffe, PaddleClas)',
      { 'a.jpg': null, 'b.jpg': null, 'train.txt': 'images/a.jpg 0\nimages/b.jpg 1\n' },
      /expected data\.yaml.* a table \(CSV\).*found labels such as train\.txt; .*--dataset folder$/,
    ],
    [
      'a text that names them with their boxes (Keras)',
      { 'a.jpg': null, 'b.jpg': null, 'train.txt': 'a.jpg 1,2,5,6,0\nb.jpg 1,2,5,6,1 3,3,7,7,0\n' },
      /found labels such as train\.txt/,
    ],
    [
      'a manifest of Amazon',
      { 'a.jpg': null, 'output.manifest': '{"source-ref":"s3://x/a.jpg","class":1}\n' },
      /found labels such as output\.manifest/,
    ],
    [
      'labels of YOLO beside them, without names',
      { 'a.jpg': null, 'a.txt': '0 .5 .5 1 1' },
      /expected data\.yaml or classes\.txt.*found labels such as a\.txt; .*--dataset folder$/,
    ],
    [
      'masks in a folder below',
      { 'a.jpg': null, 'masks/a.png': null },
      /expected train\/good.*found folders masks; .*--dataset folder$/,
    ],
  ])('are no images without labels: %s', async (_, files, message) => {
    await at.tree(files)
    await expect(openDataset(at.dir)).rejects.toThrow(message)
    const set = await openDataset(at.dir, { format: 'folder' })
    expect(set.items.every((i) => i.defective === null)).toBe(true)
  })

  it('are images without labels when a table names none of them', async () => {
    await at.tree({ 'a.jpg': null, 'log.csv': 'time,exposure\n1,2', 'notes.txt': 'x' })
    expect((await openDataset(at.dir)).format).toBe('folder')
  })

  it('are images without labels beside what a camera writes of each, in any encoding', async () => {
    await at.tree({ 'a.jpg': null, 'a.txt': 'exposure 5 ms', 'a.csv': 'x,y\n1,2', 'b.jpg': null })
    await at.tree({ 'a.xml': '<Camera><Gain>1</Gain></Camera>' })
    await writeFile(join(at.dir, 'b.txt'), Buffer.from([0xb9, 0xa4, 0xbc, 0xfe]))
    await writeFile(join(at.dir, '0.json'), Buffer.from([0x7b, 0x22, 0xb9, 0xa4, 0x22, 0x3a, 0x31, 0x7d]))
    expect((await openDataset(at.dir)).format).toBe('folder')
  })

  it('are images without labels beside a text that lists, sums or logs them', async () => {
    const sum = 'd41d8cd98f00b204e9800998ecf8427e'
    await at.tree({
      'a.jpg': null,
      'b.jpg': null,
      'list.txt': 'a.jpg\nb.jpg\n',
      'sums.txt': `${sum}  a.jpg\n${sum}  b.jpg\n`,
      'log.txt': 'a.jpg 2026-01-01 10:00:00 saved\nb.jpg 2026-01-01 10:00:01 saved\n',
      'other/sums.txt': `a.jpg: ${sum}\nb.jpg: ${sum}\n`,
    })
    expect((await openDataset(at.dir)).format).toBe('folder')
  })

  it('are refused for a table in any encoding', async () => {
    await at.tree({ 'a.jpg': null })
    await writeFile(join(at.dir, 'labels.csv'), Buffer.from('a.jpg,\xb9\xa4', 'latin1'))
    await expect(openDataset(at.dir)).rejects.toThrow(/expected a table .*; found labels such as labels\.csv/)
  })

  it('are classes when one has photographs of solder masks', async () => {
    await at.tree({ 'ok/a.jpg': null })
    await mkdir(join(at.dir, 'solder_mask'))
    const pixels = Buffer.from(Array.from({ length: 200 }, (_, n) => (n * 37) % 251))
    await sharp(pixels, { raw: { width: 20, height: 10, channels: 1 } }).toFile(
      join(at.dir, 'solder_mask/b.jpg'),
    )
    expect((await openDataset(at.dir)).classes).toEqual(['ok', 'solder_mask'])
  })

  it('are sets of several products, which are named', async () => {
    await at.tree({
      'can/train/good/0.png': null,
      'can/test_public/good/1.png': null,
      'deck/Cracked/1.jpg': null,
      'deck/Non-cracked/2.jpg': null,
      'empty/readme.txt': 'x',
    })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_LAYOUT.*name one of the sets in it: can \(mvtec\), deck \(folder-per-class\)$/,
    )
    await at.tree({ 'more/archive/set/ok/1.jpg': null, 'more/archive/set/bad/1.jpg': null })
    await expect(openDataset(join(at.dir, 'more'))).rejects.toThrow(
      /name one of the sets in it: archive\/set \(folder-per-class\)$/,
    )
    await at.tree({ 'more/other/other/ok/1.jpg': null, 'more/other/other/bad/1.jpg': null })
    await expect(openDataset(join(at.dir, 'more'))).rejects.toThrow(
      /in it: archive\/set \(folder-per-class\), other\/other \(folder-per-class\)$/,
    )
    const deck = await openDataset(join(at.dir, 'deck'))
    expect(deck.items.map((i) => [i.label, i.defective])).toEqual([
      ['Cracked', true],
      ['Non-cracked', false],
    ])
  })

  it.each([
    [
      'JSON of the camera beside them',
      { 'bad/a.jpg': null, 'bad/a.json': '{"exposure":5}', 'ok/b.jpg': null },
    ],
    [
      'what a camera writes of each image',
      { 'bad/a.jpg': null, 'bad/a.txt': 'exposure 5 ms\ngain 1.5', 'ok/b.jpg': null, 'ok/b.csv': 'x,y\n1,2' },
    ],
    ['a text about another image', { 'bad/a.jpg': null, 'bad/label.txt': 'x', 'ok/label.jpg': null }],
    ['a file about the set', { 'image/a.jpg': null, 'ok/b.jpg': null, 'readme.txt': 'x' }],
    ['parts with labels and without', { 'labels/a.jpg': null, 'no_labels/b.jpg': null }],
  ])('are classes with %s', async (_, files) => {
    await at.tree(files)
    const folders = [...new Set(Object.keys(files).map((f) => f.split('/')[0]))]
    const set = await openDataset(at.dir)
    expect(set.format).toBe('folder-per-class')
    expect(folders).toEqual(expect.arrayContaining(set.classes))
    expect(set.classes).toHaveLength(2)
  })

  it('are classes when the user says so', async () => {
    await at.tree({ 'labels/a.jpg': null, 'ok/b.jpg': null, 'ok/b.json': '{}' })
    const set = await openDataset(at.dir, { format: 'folder-per-class' })
    expect(set.classes).toEqual(['labels', 'ok'])
  })
})

describe('layouts that say what they are under other names', () => {
  it('are YOLO with the YAML under a name of its own', async () => {
    await at.tree({
      'my-parts.yaml': 'names: [a]\ntrain: train/images\nval: valid/images\n',
      'other.yaml': 'title: notes\n',
      'train/images/a.jpg': null,
      'train/labels/a.txt': '0 .5 .5 1 1',
      'valid/images/b.jpg': null,
      'valid/labels/b.txt': '',
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.items.map((i) => i.split), boxesOf(set)]).toEqual([
      'yolo',
      ['train', 'val'],
      [[['a', 0, 0, 20, 10]], []],
    ])
    await at.tree({ 'other.yaml': 'names: [b]\nval: valid/images\n' })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*found my-parts\.yaml, other\.yaml/)
  })

  it('are YOLO with labels beside their images, as LabelImg saves them', async () => {
    await at.tree({ 'classes.txt': 'dent\nscratch\n', 'a.jpg': null, 'a.txt': '1 .5 .5 1 1', 'b.jpg': null })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes, boxesOf(set)]).toEqual([
      'yolo',
      ['dent', 'scratch'],
      [[['scratch', 0, 0, 20, 10]], []],
    ])
    expect(set.leftOut.map((f) => f.message)).toEqual([expect.stringMatching(/^DAT_TRUTH.*found 1: b\.jpg$/)])
  })

  it('are Pascal VOC in capitals (NEU-DET)', async () => {
    await at.tree({ 'ANNOTATIONS/crazing_1.xml': XML, 'IMAGES/crazing_1.jpg': null })
    const set = await openDataset(at.dir)
    expect([set.format, set.items.length, set.leftOut]).toEqual(['voc', 1, []])
  })

  it('are Pascal VOC with a folder for each split, images in folders of their class or not', async () => {
    await at.tree({
      'train/images/crazing/crazing_1.jpg': null,
      'train/annotations/crazing_1.xml': XML,
      'validation/images/crazing/crazing_1.jpg': null,
      'validation/annotations/crazing_1.xml': XML,
      'test/t.jpg': null,
      'test/t.xml': XML,
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes, set.leftOut]).toEqual(['voc', ['crazing'], []])
    expect(set.items.map((i) => [i.id, i.split, i.boxes?.length])).toEqual([
      ['test/t', 'test', 1],
      ['train/crazing_1', 'train', 1],
      ['validation/crazing_1', 'val', 1],
    ])
  })

  it('are Pascal VOC with XML in folders of their class, as of the boards of Peking University, or in one that is misspelt', async () => {
    await at.tree({
      'Annotations/Missing_hole/01.xml': XML,
      'Annotations/Short/01.xml': XML,
      'images/Missing_hole/01.jpg': null,
      'images/Short/01.jpg': null,
    })
    const boards = await openDataset(at.dir)
    expect([boards.format, boards.leftOut]).toEqual(['voc', []])
    expect(boards.items.map((i) => [i.id, i.image.slice(at.dir.length + 1), i.boxes?.length])).toEqual([
      ['Missing_hole/01', 'images/Missing_hole/01.jpg', 1],
      ['Short/01', 'images/Short/01.jpg', 1],
    ])
    await at.tree({ 'gc/lable/img_01.xml': XML, 'gc/1/img_01.jpg': null, 'gc/2/img_02.jpg': null })
    const steel = await openDataset(join(at.dir, 'gc'))
    expect(steel.items.map((i) => [i.id, i.image.slice(at.dir.length + 1), i.boxes?.length])).toEqual([
      ['img_01', 'gc/1/img_01.jpg', 1],
    ])
    expect(steel.leftOut.map((f) => f.message)).toEqual([expect.stringContaining('img_02')])
  })
})

it('images whose folders are in their names are not taken for images without labels', async () => {
  await at.tree({ 'set\\good\\0.png': null, 'set\\scratch\\1.png': null })
  await expect(openDataset(at.dir)).rejects.toThrow(
    /DAT_LAYOUT.*found names with folders in them, such as set\\good\\0\.png; unpack .*--dataset folder/,
  )
  expect((await openDataset(at.dir, { format: 'folder' })).items).toHaveLength(2)
})
