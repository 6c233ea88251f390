import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

describe('tables of boxes', () => {
  it.each([
    ['corners', 'filename,class,x1,y1,x2,y2\na.jpg,dent,1,2,4,6\n'],
    [
      'corners beside the size of the image',
      'image_path,width,height,label,x_min,y_min,x_max,y_max\na.jpg,20,10,dent,1,2,4,6\n',
    ],
    ['corner and size', 'filename,class,x,y,width,height\na.jpg,dent,1,2,3,4\n'],
    [
      'corner and size as Kaggle exports them',
      'label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height\ndent,1,2,3,4,a.jpg,20,10\n',
    ],
    ['middle and size', 'filename;class;x_center;y_center;width;height\na.jpg;dent;2.5;4;3;4\n'],
    ['one cell', 'image_id,width,height,bbox,label\na,20,10,"[1.0, 2, 3, 4]",dent\n'],
    ['no line of names, as RetinaNet has them', 'x/a.jpg,1,2,4,6,dent\nx/b.jpg,,,,,\n'],
    ['tabs, in UTF-16', '\ufefffilename\tclass\tx1\ty1\tx2\ty2\r\na.jpg\tdent\t1\t2\t4\t6\r\n'],
  ])('are read with %s', async (name, text) => {
    await at.tree({ 'a.jpg': null, 'b.jpg': null })
    const bytes = Buffer.from(text, name.endsWith('UTF-16') ? 'utf16le' : 'utf8')
    await writeFile(join(at.dir, name.startsWith('tabs') ? 't.tsv' : 't.csv'), bytes)
    const set = await openDataset(at.dir)
    expect([set.format, boxesOf(set)]).toEqual(['table', [[['dent', 1, 2, 4, 6]], []]])
  })

  it('without a class have one name for all', async () => {
    await at.tree({ 'wheat.jpg': null, 't.csv': 'image_id,bbox\nwheat,"[1, 2, 3, 4]"\n' })
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['defect', 1, 2, 4, 6]]])
  })

  it('refuse a side that is negative, with the columns', async () => {
    await at.tree({ 'a.jpg': null, 't.csv': 'filename,class,x,y,w,h\na.jpg,dent,4,6,-3,-4\n' })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /line 2\); expected .* in x, y, w, h; found dent,4,6,-3,-4/,
    )
  })

  it('have Chinese names, too', async () => {
    await at.tree({ 'a.jpg': null, '标签.csv': '\ufeff文件名,标签\na.jpg,划痕\n' })
    const set = await openDataset(at.dir)
    expect(set.items.map((i) => [i.id, i.label])).toEqual([['a.jpg', '划痕']])
  })
})

describe('COCO of other programs', () => {
  const json = (...names: string[]): string =>
    JSON.stringify({
      images: names.map((file_name, id) => ({ id, file_name })),
      categories: [{ id: 0, name: 'dent' }],
      annotations: [{ image_id: 0, category_id: 0, bbox: [1, 2, 3, 4] }],
    })

  it.each([
    ['Label Studio', 'result.json', 'images/a.jpg', 'images\\a.jpg', 'result/images\\a.jpg'],
    [
      'Label Studio with its own paths',
      'result.json',
      'images/a.jpg',
      '../../media/1/a.jpg',
      'result/images/a.jpg',
    ],
    ['FiftyOne', 'labels.json', 'data/a.jpg', 'a.jpg', 'labels/a.jpg'],
    [
      'CVAT',
      'annotations/instances_default.json',
      'images/default/a.jpg',
      'a.jpg',
      'instances_default/a.jpg',
    ],
    ['another machine', 'annotations/x.json', 'images/a.jpg', '/home/b/images/a.jpg', 'x/images/a.jpg'],
    [
      'a Mac, accents apart',
      'annotations/x.json',
      'images/Gru\u0308n.JPG',
      'gr\u00fcn.jpg',
      'x/gr\u00fcn.jpg',
    ],
    ['another machine with Windows', 'annotations/x.json', 'images/a.jpg', 'C:\\b\\a.jpg', 'x/images/a.jpg'],
  ])('is read as %s has it', async (_, file, image, named, id) => {
    await at.tree({ [file]: json(named), [image]: null })
    const set = await openDataset(at.dir)
    expect([set.format, set.items[0]?.id, set.items[0]?.image]).toEqual(['coco', id, join(at.dir, image)])
    expect(boxesOf(set)).toEqual([[['dent', 1, 2, 4, 6]]])
  })

  it('does not guess between two images of one name', async () => {
    await at.tree({ 'annotations/x.json': json('a.jpg'), 'p/a.jpg': null, 'q/a.jpg': null })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /x\.json\); expected one image a\.jpg; found p\/a\.jpg, q\/a\.jpg/,
    )
  })
})

describe('lists of classes for YOLO', () => {
  it.each([
    ['labels', 'labels/classes.txt', 'images/a', 'labels/a'],
    ['Darknet, as CVAT exports it', 'obj.names', 'obj_train_data/a', 'obj_train_data/a'],
    ['Darknet, as Roboflow exports it', 'train/_darknet.labels', 'train/a', 'train/a'],
    ['the set, images in splits', 'classes.txt', 'train/images/a', 'train/labels/a'],
  ])('are found in %s', async (_, list, image, label) => {
    await at.tree({ [list]: 'scratch\ndent\n', [`${image}.jpg`]: null, [`${label}.txt`]: '1 .5 .5 .5 .4\n' })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes, boxesOf(set)]).toEqual([
      'yolo',
      ['scratch', 'dent'],
      [[['dent', 5, 3, 15, 7]]],
    ])
    expect(set.items[0]?.split).toBe(image.includes('train') ? 'train' : 'all')
  })

  it('must not contradict each other', async () => {
    const files = ['train', 'valid'].map((s): [string, string | null][] => [
      [`${s}/${s}.jpg`, null],
      [`${s}/${s}.txt`, '0 .5 .5 .5 .4'],
      [`${s}/_darknet.labels`, s],
    ])
    await at.tree(Object.fromEntries(files.flat()))
    await expect(openDataset(at.dir)).rejects.toThrow(/one list of classes.*train\/_darknet\.labels, .*valid/)
  })
})

describe('files about all images that nothing reads', () => {
  it.each([
    ['VIA', 'via.json', '{"a.jpg1":{"filename":"a.jpg","regions":[]},"b.jpg2":{"filename":"b.jpg"}}'],
    ['JSON Lines', 'x.jsonl', '{"image":"a.jpg","label":1}\n{"image":"b.jpg","label":0}\n'],
    ['a table by other names', 't.tsv', 'picture\tverdict\na.jpg\t1\n'],
  ])('are no images without labels: %s', async (_, name, text) => {
    await at.tree({ 'a.jpg': null, 'b.jpg': null, [name]: text })
    await expect(openDataset(at.dir)).rejects.toThrow(new RegExp(`DAT_LAYOUT.*labels such as ${name}`))
  })

  it('are none where they are of false calls that were exported here', async () => {
    await at.tree({ 'a.jpg': null, 'b.jpg': null, 'provenance.json': '{"images":[{"file":"a.jpg"}]}' })
    expect((await openDataset(at.dir)).format).toBe('folder')
  })

  it('are none where a camera writes one for each image', async () => {
    await at.tree({
      'a.jpg': null,
      'b.jpg': null,
      'a.json': '{"file":"a.jpg"}',
      'b.json': '{"file":"b.jpg"}',
    })
    expect((await openDataset(at.dir)).format).toBe('folder')
  })
})
