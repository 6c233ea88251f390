import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { labelledRegions } from '../../bin/labelled-regions.ts'
import { openDataset, readMask } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const SHAPE = { width: 4, height: 1 } as const

/** What a mask marks, as read for a bad part. */
async function marks(name: string, image: Sharp): Promise<string | undefined> {
  const file = join(at.dir, name)
  await image.toFile(file)
  const mask = await readMask({ id: name, image: '', split: 'test', mask: file, defective: true })
  return mask ? [...mask.data].join('') : undefined
}

const grey = (...values: number[]) => sharp(Uint8Array.from(values), { raw: { ...SHAPE, channels: 1 } })
const rgb = (...values: number[]) => sharp(Uint8Array.from(values), { raw: { ...SHAPE, channels: 3 } })
const DARK_BLUE = [0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 128]

describe('masks', () => {
  it('are numbers of classes, whatever their depth', async () => {
    expect(await marks('8.png', grey(0, 1, 2, 255))).toBe('0111')
    const wide = sharp(Uint16Array.of(0, 1, 255, 65_535), { raw: { ...SHAPE, channels: 1 } })
    expect(await marks('16.png', wide.toColourspace('grey16'))).toBe('0111')
  })

  it('are colours, however dark', async () => {
    expect(await marks('rgb.png', rgb(...DARK_BLUE))).toBe('0111')
    expect(
      await marks('palette.png', rgb(...DARK_BLUE).png({ palette: true, colours: 4, effort: 1 })),
    ).toMatch(/^0..1$/)
  })

  it('have no noise of compression in them', async () => {
    expect(await marks('noisy.jpg', grey(3, 5, 250, 255).jpeg({ quality: 100 }))).toBe('0011')
  })

  it('that mark nothing do not say where the defect is, and are not taught from', async () => {
    expect(await marks('none.png', grey(0, 0, 0, 0))).toBeUndefined()
    await at.tree({
      'train/good/a.jpg': null,
      'test/dent/1.jpg': null,
      'ground_truth/dent/.keep': '',
    })
    await sharp({ create: { width: 20, height: 10, channels: 3, background: '#000' } })
      .png()
      .toFile(join(at.dir, 'ground_truth/dent/1_mask.png'))
    const { images } = labelledRegions(await openDataset(at.dir))
    const all = async () => {
      for await (const image of images) void image
    }
    await expect(all()).rejects.toThrow(/DAT_ANNOTATION.*1_mask\.png.*test\/dent\/1\.jpg; found a mask of 0/)
  })
})
