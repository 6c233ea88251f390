import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const read = async (goodLabels?: string[]) => {
  const set = await openDataset(at.dir, goodLabels ? { goodLabels } : {})
  return {
    format: set.format,
    classes: set.classes,
    items: set.items.map((i) => [i.id, i.split, i.label, i.defective]),
    said: set.leftOut.map((f) => f.message),
  }
}

describe('a column of 0 and 1 for each class', () => {
  it('is the class of each image, in the folder of each split, as it is written', async () => {
    await at.tree({
      'README.roboflow.txt': 'x',
      'train/a_jpg.rf.1.jpg': null,
      'train/b c#.JPG': null,
      'train/_classes.csv': 'filename, Good, defect, 划痕\na_jpg.rf.1.jpg, 1, 0, 0\nb c#.JPG, 0, 1, 0\n',
      'valid/a_jpg.rf.1.jpg': null,
      'valid/_classes.csv': 'filename, Good, defect, 划痕\na_jpg.rf.1.jpg, 0, 0, 1\n',
    })
    expect(await read()).toEqual({
      format: 'one-hot',
      classes: ['Good', 'defect', '划痕'],
      items: [
        ['train/a_jpg.rf.1.jpg', 'train', 'Good', false],
        ['train/b c#.JPG', 'train', 'defect', true],
        ['valid/a_jpg.rf.1.jpg', 'val', '划痕', true],
      ],
      said: [],
    })
  })

  it('says nothing of an image whose cells are all 0, and of good parts what --good does', async () => {
    await at.tree({
      'a.jpg': null,
      'b.jpg': null,
      'c.jpg': null,
      '_classes.csv': 'filename, fine, crack\na.jpg, 1, 0\nb.jpg, 0, 0\nc.jpg, 0, 1\n',
    })
    const { items, said } = await read()
    expect(items.map(([, , label, bad]) => [label, bad])).toEqual([
      ['fine', true],
      [undefined, null],
      ['crack', true],
    ])
    expect(said).toEqual([
      expect.stringMatching(/^DAT_TRUTH: .*every part counts as bad; found 2: crack, fine; .*--good$/),
      expect.stringMatching(/^DAT_TRUTH: .*in no rate; found 1: b\.jpg$/),
    ])
    expect((await read(['fine'])).items.map((i) => i[3])).toEqual([false, null, true])
  })

  it.each([
    [
      'several classes of one image',
      'a.jpg, 1, 1',
      /line 2\); expected one 1 in each row.*found good and crack/,
    ],
    ['other numbers', 'a.jpg, 1, 0.4', /line 2\); expected one 1 in each row.*found 1, 0\.4/],
    ['an image twice', 'a.jpg, 1, 0\na.jpg, 1, 0', /line 3\); expected every image once; found a\.jpg again/],
    ['an image that is not there', 'b.jpg, 1, 0', /line 2\); expected one image b\.jpg; found none/],
  ])('is refused with %s', async (_, rows, message) => {
    await at.tree({ 'a.jpg': null, '_classes.csv': `filename, good, crack\n${rows}\n` })
    await expect(openDataset(at.dir)).rejects.toThrow(message)
  })

  it('is refused where one split has its images and another has not', async () => {
    const table = 'filename, good, crack\na.jpg, 1, 0\n'
    await at.tree({ 'train/a.jpg': null, 'train/_classes.csv': table, 'test/_classes.csv': table })
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_LAYOUT.*test.*expected one image a\.jpg; found none/,
    )
  })

  it('is none where folders are classes, nor where it says the numbers of masks', async () => {
    await at.tree({
      'train/ok/1.jpg': null,
      'valid/ok/3.jpg': null,
      'train/dent/2.jpg': null,
      'train/_classes.csv': 'filename, ok, dent\n1.jpg, 1, 0\n2.jpg, 0, 1\n',
    })
    expect((await openDataset(at.dir)).format).toBe('folder-per-class')
    await at.tree({ 'x/a.jpg': null, 'x/_classes.csv': 'Pixel Value, Class\n0, background\n' })
    expect((await openDataset(`${at.dir}/x`)).format).toBe('folder')
  })
})
