import { describe, expect, it } from 'vitest'
import { errorText } from '../../contracts/index.ts'
import { badPart, openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const facts = async (): Promise<string[]> => (await openDataset(at.dir)).leftOut.map((f) => f.message)

describe('what labels leave open is said', () => {
  it('where no folder of a class means a good part', async () => {
    await at.tree({ 'blank/1.jpg': null, 'scratched/2.jpg': null })
    expect(await facts()).toEqual([
      expect.stringMatching(
        /^DAT_TRUTH: .*every part counts as bad; found 2: blank, scratched; .*name their folder with --good$/,
      ),
    ])
    expect((await openDataset(at.dir, { goodLabels: ['blank'] })).leftOut).toEqual([])
    const [fact] = (await openDataset(at.dir)).leftOut
    expect(errorText(fact ?? { code: '', message: '' }).zh).toMatch(/^DAT_TRUTH:数据集未说明.*应为/)
  })

  it('where a split of YOLO has no labels: its parts are not good ones', async () => {
    await at.tree({
      'data.yaml': 'names: [a]\ntrain: train/images\ntest: test/images\n',
      'train/images/a.jpg': null,
      'train/labels/a.txt': '0 .5 .5 1 1',
      'train/images/b.jpg': null,
      'test/images/c.jpg': null,
      'test/images/d.jpg': null,
    })
    const one = [['a', 0, 0, 20, 10]]
    const without = /^DAT_TRUTH: .*a label file for every image.*count as good; found /
    expect(boxesOf(await openDataset(at.dir))).toEqual([one, [], undefined, undefined])
    expect(await facts()).toEqual([
      expect.stringMatching(/^DAT_TRUTH: .*in no rate; found 1: split test, 2 images$/),
      expect.stringMatching(new RegExp(`${without.source}1: train/images/b\\.jpg$`)),
    ])
    await at.tree({ 'test/labels/c.txt': '' })
    expect(boxesOf(await openDataset(at.dir))).toEqual([one, [], [], []])
    expect(await facts()).toEqual([
      expect.stringMatching(new RegExp(`${without.source}2: train/images/b\\.jpg, test/images/d\\.jpg$`)),
    ])
    await at.tree({ 'train/labels/b.txt': '', 'test/labels/d.txt': '' })
    expect(await facts()).toEqual([])
  })

  it('where images of YOLO whose endings alone differ have one label file', async () => {
    await at.tree({
      'data.yaml': 'names: [a]\ntrain: images\nval: images\n',
      'images/a.jpg': null,
      'images/a.png': null,
      'images/b.png': null,
      'labels/a.txt': '0 .5 .5 1 1',
      'labels/b.txt': '',
    })
    expect(await facts()).toEqual([
      expect.stringMatching(/^DAT_TRUTH: .*ending alone.*found 2: images\/a\.jpg, images\/a\.png$/),
    ])
  })

  it('where Pascal VOC marks objects difficult, which count neither way', async () => {
    const box = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>8</ymax></bndbox>'
    const object = (more: string) => `<object><name><![CDATA[R&D <1>]]></name>${more}${box}</object>`
    await at.tree({
      'a.jpg': null,
      'a.xml': `<annotation>${object('')}${object('<difficult>True</difficult>')}</annotation>`,
      'b.jpg': null,
      'b.xml': `<annotation>${object('<difficult>0</difficult>')}</annotation>`,
    })
    const { items, classes } = await openDataset(at.dir)
    expect(classes).toEqual(['R&D <1>'])
    expect(items.map((i) => i.boxes?.map((b) => b.crowd ?? false))).toEqual([[false, true], [false]])
    expect(await facts()).toEqual([expect.stringMatching(/^DAT_TRUTH: .*difficult.*ignored.*found 1: a$/)])
    // With nothing but such an object a part is a bad one: passed, it is an escape.
    await at.tree({ 'a.xml': `<annotation>${object('<difficult>1</difficult>')}</annotation>` })
    expect((await openDataset(at.dir)).items.map(badPart)).toEqual([true, true])
  })

  it('but not that a part is bad in which only what means good was found', async () => {
    await at.tree({
      'data.yaml': 'names: [Good, scratch]\ntrain: images\n',
      'images/a.jpg': null,
      'labels/a.txt': '0 .5 .5 1 1',
      'images/b.jpg': null,
      'labels/b.txt': '0 .25 .5 .5 1\n1 .75 .5 .5 1',
      'images/c.jpg': null,
      'labels/c.txt': '',
    })
    const bad = async (goodLabels?: string[]) =>
      (await openDataset(at.dir, goodLabels && { goodLabels })).items.map(badPart)
    expect(await bad()).toEqual([false, true, false])
    expect(await bad(['scratch'])).toEqual([true, true, false])
    await expect(bad(['gut'])).rejects.toThrow(/CFG_USAGE.*--good.*one of Good, scratch; found "gut"/)
  })

  it('where a file of COCO has no annotations, or none is in it', async () => {
    const json = (id: number, annotations?: object[]): string =>
      JSON.stringify({
        images: [{ id, file_name: `${id}.jpg` }],
        categories: [{ id: 1, name: 'dent' }],
        annotations,
      })
    await at.tree({
      'annotations/instances_train.json': json(1, [{ image_id: 1, category_id: 1, bbox: [1, 1, 4, 4] }]),
      'annotations/instances_test.json': json(2),
      '1.jpg': null,
      '2.jpg': null,
    })
    expect(boxesOf(await openDataset(at.dir))).toEqual([undefined, [['dent', 1, 1, 5, 5]]])
    expect(await facts()).toEqual([
      expect.stringMatching(
        /^DAT_TRUTH: .*in no rate; found 1: annotations\/instances_test\.json, 1 images$/,
      ),
    ])
    // An export of good parts alone.
    await at.tree({ 'annotations/instances_test.json': json(2, []) })
    expect(boxesOf(await openDataset(at.dir))).toEqual([[], [['dent', 1, 1, 5, 5]]])
    expect(await facts()).toEqual([
      expect.stringMatching(
        /^DAT_NO_DEFECT: no annotation .* count as good \(.*found 1: .*_test\.json, 1 images$/,
      ),
    ])
    const [fact] = (await openDataset(at.dir)).leftOut
    expect(errorText(fact ?? { code: '', message: '' }).zh).toMatch(/^DAT_NO_DEFECT:标注文件中没有任何标注/)
  })
})
