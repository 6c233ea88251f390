import { describe, expect, it } from 'vitest'
import { type Dataset, openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const messages = ({ leftOut }: Dataset): string[] => leftOut.map((f) => f.message)

// The layout of TIG Aluminium 5083 (D. Bacioiu et al., NDT and E International 107, 2019) as it is published on Kaggle:
// folders of recordings, and one JSON for each split; 0 is a good weld.
const RUNS = ['170904-112925-Al 2mm-part3', '170904-113012-Al 2mm-part1']
const welds = (split: string): Record<string, string | null> => {
  const names = RUNS.flatMap((run) => ['00016', '00017'].map((n) => `${run}/frame_${n}.png`))
  return {
    ...Object.fromEntries(names.map((f) => [`${split}/${f}`, null])),
    [`${split}/${split}.json`]: JSON.stringify(Object.fromEntries(names.map((f, n) => [f, n % 2]))),
  }
}

describe('a JSON of the class of each image', () => {
  it('is a table, as that of the weld images, and recordings are no classes beside it', async () => {
    await at.tree({ ...welds('train'), ...welds('test') })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_LAYOUT.*found folders 170904-112925-Al 2mm-part3, .*; test\/test\.json, train\/train\.json; .*--dataset table/,
    )
    const set = await openDataset(at.dir, { format: 'table', goodLabels: ['0'] })
    expect(set.classes).toEqual(['0', '1'])
    expect(set.items.map((i) => [i.id, i.split, i.label, i.defective]).sort()).toEqual(
      ['test', 'train'].flatMap((split) =>
        RUNS.flatMap((run) => [
          [`${split}/${run}/frame_00016.png`, split, '0', false],
          [`${split}/${run}/frame_00017.png`, split, '1', true],
        ]),
      ),
    )
    expect(messages(set)).toEqual([])
    const open = await openDataset(at.dir, { format: 'table' })
    expect(messages(open)).toEqual([expect.stringMatching(/^DAT_TRUTH.*every part counts as bad; .*--good$/)])
  })

  it('is found by itself where no folders may be classes, and says the line of an image that is not there', async () => {
    const json = (more: string) => `{\n "a.jpg": "良品",\n "b.jpg": "dent",${more}\n "c.jpg": "dent"\n}`
    await at.tree({
      'images/a.jpg': null,
      'images/b.jpg': null,
      'images/c.jpg': null,
      'labels.json': json(''),
    })
    const set = await openDataset(at.dir)
    expect(set.format).toBe('table')
    expect(set.items.map((i) => [i.id, i.label, i.defective])).toEqual([
      ['images/a.jpg', '良品', false],
      ['images/b.jpg', 'dent', true],
      ['images/c.jpg', 'dent', true],
    ])
    await at.tree({ 'labels.json': json('\n "\\u00e9.jpg": "dent",') })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /labels\.json, line 4\).*expected one image é\.jpg; found none/,
    )
  })

  it.each([
    ['of sums', { 'a.jpg': 'd41d8cd98f00b204e9800998ecf8427e', 'b.jpg': '900150983cd24fb0d6963f7d28e17f72' }],
    ['of one value for each', { 'a.jpg': 101, 'b.jpg': 102 }],
    ['of times', { 'a.jpg': 1504521565.25, 'b.jpg': 1504521565.25 }],
    ['of more than classes', { 'a.jpg': { exposure: 5 }, 'b.jpg': { exposure: 5 } }],
    ['of the camera', { exposure: 5, gain: 5 }],
  ])('%s is no table', async (_, json) => {
    await at.tree({ 'good/a.jpg': null, 'dent/b.jpg': null, 'about.json': JSON.stringify(json) })
    const set = await openDataset(at.dir)
    expect([set.format, messages(set)]).toEqual(['folder-per-class', []])
  })

  it('counts less than folders that say which parts are good, as any table, and is named', async () => {
    await at.tree({
      'good/a.jpg': null,
      'dent/b.jpg': null,
      'dent/c.jpg': null,
      'labels.json': '{"a.jpg": 0, "b.jpg": 1, "c.jpg": 1}',
    })
    const set = await openDataset(at.dir)
    expect(set.format).toBe('folder-per-class')
    expect(messages(set)).toEqual([
      expect.stringMatching(/^DAT_TRUTH.*found 1: labels\.json; .*--dataset table/),
    ])
  })
})

describe('a JSON beside what says the classes', () => {
  const images = Object.fromEntries(['a', 'b', 'c', 'd'].map((n) => [`images/${n}.png`, null]))
  const SPLITS = '{"a.png": "train", "b.png": "train", "c.png": "test", "d.png": "test"}'

  it.each([
    ['splits', SPLITS],
    ['cameras', '{"a.png": 1, "b.png": 1, "c.png": 2, "d.png": 2}'],
  ])('of %s takes nothing from a CSV', async (_, json) => {
    const csv = 'filename,label\na.png,good\nb.png,good\nc.png,dent\nd.png,dent\n'
    await at.tree({ ...images, 'about.json': json, 'labels.csv': csv })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes, messages(set)]).toEqual(['table', ['dent', 'good'], []])
    expect(set.items.map((i) => i.defective)).toEqual([false, false, true, true])
  })

  it.each([
    ['exposures', '{"a.png": 800, "b.png": 800, "c.png": 500, "d.png": 500}'],
    ['gains', '{"a.png": 6, "b.png": 6, "c.png": 12, "d.png": 12}'],
    ['angles', '{"a.png": -90, "b.png": 0, "c.png": 0, "d.png": 90}'],
    ['one exposure', '{"a.png": 20, "b.png": 20, "c.png": 20, "d.png": 20}'],
  ])('of %s says no classes', async (_, json) => {
    await at.tree({ ...images, 'about.json': json })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*about\.json; .*--dataset folder/)
    const labels = '{"a.png": 1, "b.png": 4, "c.png": 2, "d.png": 2}'
    await at.tree({ 'labels.json': labels })
    expect((await openDataset(at.dir)).classes).toEqual(['1', '2', '4'])
  })

  it('of splits takes nothing from another one, and is no class itself', async () => {
    await at.tree({ ...images, 'splits.json': SPLITS })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*splits\.json/)
    const labels = '{"a.png": "good", "b.png": "good", "c.png": "dent", "d.png": "dent"}'
    await at.tree({ 'labels.json': labels })
    expect((await openDataset(at.dir)).classes).toEqual(['dent', 'good'])
  })
})

describe('annotations of Datumaro', () => {
  it('are refused by their name, with what to export instead', async () => {
    // Of `datum project export -f datumaro` (Datumaro 1.10).
    await at.tree({
      'images/train/a.jpg': null,
      'annotations/train.json': JSON.stringify({
        dm_format_version: '1.0',
        media_type: 2,
        infos: {},
        categories: { label: { labels: [{ name: 'dent', parent: '', attributes: [] }], attributes: [] } },
        items: [{ id: 'a', annotations: [], image: { path: 'a.jpg', size: [80, 96] } }],
      }),
    })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*train\.json, images\); expected the COCO form.*found annotations of Datumaro; export them as COCO/,
    )
  })
})
