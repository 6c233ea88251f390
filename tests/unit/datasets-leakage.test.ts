import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { findLeakage, openDataset, workpieceOf } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

/** Pictures whose bytes differ. */
async function pictures(...files: string[]): Promise<void> {
  for (const [n, f] of files.entries()) {
    await mkdir(dirname(join(at.dir, f)), { recursive: true })
    const png = sharp({ create: { width: 20, height: 10, channels: 3, background: { r: n, g: 9, b: 9 } } })
    await writeFile(join(at.dir, f), await png.png().toBuffer())
  }
}

/** Images that are not there: looked for by name alone. */
const named = (...ids: string[]) =>
  ids.map((id) => ({ id, split: id.split('/')[0] ?? '', image: `/nowhere/${id}` }))

describe('an image that two splits name', () => {
  it('is in both, and a leak, in lists of YOLO', async () => {
    await pictures('images/a.png', 'images/b.png', 'images/c.png')
    await at.tree({
      'data.yaml': 'names: [x]\ntrain: train.txt\nval: val.txt\n',
      'train.txt': 'images/a.png\nimages/b.png\n',
      'val.txt': 'images\\b.png\nimages\\c.png\n',
      ...Object.fromEntries(['a', 'b', 'c'].map((n) => [`labels/${n}.txt`, ''])),
    })
    const whole = await openDataset(at.dir)
    expect(whole.items.map((i) => i.id)).toEqual(['images/a.png', 'images/b.png', 'images/c.png'])
    const val = await openDataset(at.dir, { split: 'val' })
    expect(val.items.map((i) => i.id)).toEqual(['images/b.png', 'images/c.png'])
    const found = await findLeakage(val.allImages, { split: 'val' })
    expect(found).toMatchObject({ affected: 1, counts: { workpiece: 0, copy: 1 } })
    expect(found?.pairs[0]).toMatchObject({ a: 'images/b.png', b: 'images/b.png', splits: ['train', 'val'] })
    // Of all splits it is still one image.
    expect(await findLeakage(whole.allImages)).toMatchObject({ images: 3, affected: 1 })
  })

  it('is in both, and a leak, in ImageSets of Pascal VOC', async () => {
    await pictures('JPEGImages/a.png', 'JPEGImages/b.png')
    await at.tree({
      'Annotations/a.xml': '<annotation></annotation>',
      'Annotations/b.xml': '<annotation></annotation>',
      'ImageSets/Main/train.txt': 'a\nb\n',
      'ImageSets/Main/test.txt': 'b\n',
    })
    const { items, allImages } = await openDataset(at.dir)
    expect(items.map((i) => [i.id, i.split])).toEqual([
      ['a', 'train'],
      ['b', 'train'],
    ])
    expect((await openDataset(at.dir, { split: 'test' })).items.map((i) => i.id)).toEqual(['b'])
    const found = await findLeakage(allImages, { groupBy: 'b' })
    // One of two images is not more than half of them.
    expect(found).toMatchObject({ images: 2, affected: 1, coarse: null, counts: { copy: 1 } })
  })
})

describe('workpieces', () => {
  it('are counted, not listed, where one pattern fits the whole set, which is said', async () => {
    const ids = Array.from({ length: 6_000 }, (_, n) => `${n % 2 ? 'train' : 'test'}/SN_${n}.png`)
    const found = await findLeakage(named(...ids), { groupBy: '(SN)_', split: 'test' })
    expect(found).toMatchObject({ affected: 3_000, coarse: { group: 'SN', images: 6_000 } })
    expect([found?.counts.workpiece, found?.pairs.length]).toEqual([9_000_000, 50])
  })

  it('are no numbers that count the images of a folder', async () => {
    expect(workpieceOf()('test/good/000123.png')).toBeNull()
    expect(workpieceOf()('test/good/104512.png')).toBe('104512')
    const both = (...names: string[]) => named(...names.flatMap((n) => [`train/${n}.png`, `test/${n}.png`]))
    const workpieces = async (...names: string[]) => (await findLeakage(both(...names)))?.counts.workpiece
    expect(await workpieces('img_100000', 'img_100001', 'img_100002')).toBe(0)
    expect(await workpieces('SN100000', 'SN100001', 'SN100005')).toBe(3)
    // Of MVTec AD 2: each picture of a part in several lights.
    const lights = ['regular', 'shift_1'].flatMap((light) =>
      ['000', '001', '002'].map((n) => `${n}_${light}`),
    )
    expect(await workpieces(...lights)).toBe(0)
    expect(await workpieces('100000_top', '100001_top', '100005_top')).toBe(3)
  })
})
