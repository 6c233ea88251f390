import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { blackMasks } from '../../bin/teach/black-masks.ts'
import { openDataset, readMask, type Dataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

async function grey(file: string, valueOf: (pixel: number) => number): Promise<void> {
  await mkdir(dirname(join(at.dir, file)), { recursive: true })
  const data = Buffer.from(Array.from({ length: 200 }, (_, n) => valueOf(n)))
  const image = sharp(data, { raw: { width: 20, height: 10, channels: 1 } })
  // Those of KolektorSDD are BMP, which sharp does not write.
  await (file.endsWith('.tif') ? image.tiff({ compression: 'lzw' }) : image).toFile(join(at.dir, file))
}

/** White in `px` pixels. */
const mask = (file: string, px: number): Promise<void> => grey(file, (n) => (n < px ? 255 : 0))
const photograph = (file: string): Promise<void> => grey(file, (n) => (n * 37) % 251)

const shown = ({ items }: Dataset): unknown[] =>
  items.map((i) => [i.id, i.split, i.label, i.defective, i.mask?.slice(at.dir.length + 1)])

describe('masks beside their images', () => {
  it('say what is bad, in the splits of KolektorSDD2; an image without one is in no rate', async () => {
    for (const n of ['train/10000', 'train/10001', 'train/10301', 'test/20000', 'test/20001', 'test/20002'])
      await photograph(`${n}.png`)
    await mask('train/10000_GT.png', 0)
    await mask('train/10001_GT.png', 7)
    await mask('train/10301_GT.png', 0)
    // Of the set as it is downloaded.
    await mask('train/10301_GT (copy).png', 3)
    await mask('test/20000_GT.png', 0)
    await mask('test/20001_GT.png', 9)
    const set = await openDataset(at.dir)
    expect([set.format, set.classes]).toEqual(['masks-beside', ['defect', 'good']])
    expect(shown(set)).toEqual([
      ['test/20000.png', 'test', 'good', false, undefined],
      ['test/20001.png', 'test', 'defect', true, 'test/20001_GT.png'],
      ['test/20002.png', 'test', undefined, null, undefined],
      ['train/10000.png', 'train', 'good', false, undefined],
      ['train/10001.png', 'train', 'defect', true, 'train/10001_GT.png'],
      ['train/10301.png', 'train', 'good', false, undefined],
    ])
    const marked = set.items.find((i) => i.id === 'test/20001.png')
    expect(marked && (await readMask(marked))?.data.reduce((a, v) => a + v, 0)).toBe(9)
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/^DAT_TRUTH: .*images without are in no rate; found 1: test\/20002\.png$/),
      expect.stringMatching(/^DAT_LEFT_OUT: .*found 1: train\/10301_GT \(copy\)\.png$/),
    ])
    const judged = await openDataset(at.dir, { forJudging: true })
    expect([...new Set(judged.items.map((i) => i.split))]).toEqual(['test'])
  })

  it('lie in the folder of each part, of another kind of file (KolektorSDD)', async () => {
    await photograph('kos01/Part0.jpg')
    await mask('kos01/Part0_label.tif', 0)
    await photograph('kos01/Part1.jpg')
    await mask('kos01/Part1_label.tif', 5)
    const set = await openDataset(at.dir)
    expect([shown(set), set.leftOut]).toEqual([
      [
        ['kos01/Part0.jpg', 'all', 'good', false, undefined],
        ['kos01/Part1.jpg', 'all', 'defect', true, 'kos01/Part1_label.tif'],
      ],
      [],
    ])
  })

  it('lie in a folder below, of defects alone: the others are good (DAGM)', async () => {
    for (const f of ['Train/0576.png', 'Train/0577.png', 'Test/0001.png']) await photograph(f)
    await mask('Train/Label/0576_label.png', 5)
    await at.tree({ 'Train/Label/Labels.txt': '1\n' })
    const set = await openDataset(at.dir)
    expect(shown(set)).toEqual([
      ['Test/0001.png', 'test', 'good', false, undefined],
      ['Train/0576.png', 'train', 'defect', true, 'Train/Label/0576_label.png'],
      ['Train/0577.png', 'train', 'good', false, undefined],
    ])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(
        /^DAT_TRUTH: .*without a mask count as good; found 2: Test\/0001\.png, Train\/0577/,
      ),
    ])
    // Each class is a set of its own, with splits of its own.
    await photograph('more/Class2/Train/1.png')
    await mask('more/Class2/Train/1_mask.png', 5)
    await expect(openDataset(join(at.dir, 'more'))).rejects.toThrow(
      /name one of the sets in it: Class2 \(masks-beside\)$/,
    )
  })

  it('have the names of their images, in folders of classes of which one is good (magnetic tiles)', async () => {
    await photograph('MT_Crack/Imgs/exp1_num_1.jpg')
    await mask('MT_Crack/Imgs/exp1_num_1.png', 5)
    await photograph('MT_Free/Imgs/exp1_num_2.jpg')
    await mask('MT_Free/Imgs/exp1_num_2.png', 0)
    const set = await openDataset(at.dir)
    expect([set.classes, shown(set), set.leftOut]).toEqual([
      ['MT_Crack', 'MT_Free'],
      [
        ['MT_Crack/Imgs/exp1_num_1.jpg', 'all', 'MT_Crack', true, 'MT_Crack/Imgs/exp1_num_1.png'],
        ['MT_Free/Imgs/exp1_num_2.jpg', 'all', 'MT_Free', false, undefined],
      ],
      [],
    ])
    await mask('MT_Free/Imgs/exp1_num_2.png', 4)
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*exp1_num_2\.png\); expected a black mask.*found 4 px marked/,
    )
  })

  it('are held to the size of their images', async () => {
    await photograph('a.jpg')
    await mask('a_mask.png', 5)
    await sharp(join(at.dir, 'a_mask.png')).resize(10, 20, { fit: 'fill' }).toFile(join(at.dir, 'b_mask.png'))
    await photograph('b.jpg')
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_ANNOTATION.*b_mask\.png\); expected a mask of 20 × 10 px, like its image; found 10 × 20 px/,
    )
  })

  it('are drawn: photographs under such names are refused, as parts and as masks', async () => {
    await photograph('a.png')
    await photograph('a_label.png')
    await expect(openDataset(at.dir)).rejects.toThrow(
      /DAT_LAYOUT.*found masks beside their images, such as a_label\.png; pictures of parts in spite of their/,
    )
    expect((await openDataset(at.dir, { format: 'folder' })).items).toHaveLength(2)
  })

  it('say so where no part is good, and name a bad part whose mask is black', async () => {
    for (const n of ['a', 'b']) await photograph(`${n}.jpg`)
    await mask('a_mask.png', 4)
    await mask('b_mask.png', 4)
    expect((await openDataset(at.dir)).leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/^DAT_TRUTH: .*every part counts as bad; found 1: 2 images; .*--dataset folder$/),
    ])
    await photograph('split/ok/a.jpg')
    await photograph('split/ng/b.jpg')
    await mask('split/ng/b.png', 0)
    const set = await openDataset(join(at.dir, 'split'))
    expect(set.items.map((i) => [i.id, i.defective, i.mask])).toEqual([
      ['ng/b.jpg', true, undefined],
      ['ok/a.jpg', false, undefined],
    ])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/^DAT_LEFT_OUT: .*a mask that marks something.*found 1: ng\/b\.jpg/),
    ])
  })

  it('are none where a picture in black and white is saved twice', async () => {
    for (const f of ['a.jpg', 'a.png', 'b.jpg', 'b.png']) await grey(f, (n) => (n % 20 < 8 ? 0 : 255))
    const set = await openDataset(at.dir)
    expect([set.format, set.items.length]).toEqual(['folder', 4])
  })

  it('refuse a photograph among them, and a picture beside the folders of classes is in none', async () => {
    for (const f of ['ok/a.jpg', 'ng/b.jpg', 'overview.jpg']) await photograph(f)
    await mask('ng/b.png', 5)
    const set = await openDataset(at.dir)
    expect([set.format, set.items.map((i) => i.id)]).toEqual(['masks-beside', ['ng/b.jpg', 'ok/a.jpg']])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/^DAT_LEFT_OUT: .*found 1: overview\.jpg/),
    ])
    await photograph('ng/c.jpg')
    await photograph('ng/c.png')
    await expect(openDataset(at.dir, { format: 'masks-beside' })).rejects.toThrow(
      /DAT_ANNOTATION.*c\.png\); expected a mask of c\.jpg; found a photograph/,
    )
  })

  it('are no masks where a class has its photographs twice', async () => {
    for (const f of ['bad/a.jpg', 'bad/a.png', 'ok/b.jpg']) await photograph(f)
    const set = await openDataset(at.dir)
    expect([set.format, set.items.length]).toEqual(['folder-per-class', 3])
  })
})

describe('masks among images to teach from', () => {
  const files = ['a.jpg', 'a.png', 'b.png', 'b_GT.png', 'c.png', 'c_label.png']
  const paths = (): string[] => files.map((f) => join(at.dir, f))

  it('are no parts when they are black, and refused when they mark something or are named themselves', async () => {
    for (const f of ['a.jpg', 'b.png', 'c.png', 'c_label.png']) await photograph(f)
    await mask('a.png', 0)
    await mask('b_GT.png', 0)
    const { masks, said } = await blackMasks([at.dir], paths())
    expect([...masks]).toEqual(['a.png', 'b_GT.png'].map((f) => join(at.dir, f)))
    expect(said.map((f) => f.message)).toEqual([
      expect.stringMatching(
        /^DAT_LEFT_OUT: .*black masks beside their images are not taught; found 2: .*a\.png/,
      ),
    ])
    await expect(blackMasks(paths(), paths())).rejects.toThrow(
      /TCH_IMAGES.*a\.png\); expected images of parts alone; found a mask beside its image, and 1 more/,
    )
    await mask('b_GT.png', 3)
    await expect(blackMasks([at.dir], paths())).rejects.toThrow(
      /TCH_IMAGES.*b_GT\.png\); .*found a mask beside its image; put good and bad parts into folders/,
    )
  })

  it('are no pictures in black and white that are saved twice', async () => {
    const board = (file: string): Promise<void> => grey(file, (n) => (n % 20 < 8 ? 0 : 255))
    for (const f of ['a.jpg', 'a.png']) await board(f)
    const { masks } = await blackMasks([at.dir], [join(at.dir, 'a.jpg'), join(at.dir, 'a.png')])
    expect(masks.size).toBe(0)
  })
})
