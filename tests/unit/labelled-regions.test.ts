import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { labelledRegions } from '../../bin/teach/labelled-regions.ts'
import { pixelsOf } from '../../bin/images/pixels-of.ts'
import { openDataset } from '../../datasets/index.ts'

let dir = ''
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'sightline-regions-'))))
afterEach(() => rm(dir, { recursive: true }))

/** 4 x 2 px; `lit` pixels are white, the others black, or transparent when the picture has an alpha channel. */
async function picture(file: string, lit: readonly number[], alpha = false): Promise<void> {
  const channels = alpha ? 4 : 3
  const data = new Uint8Array(8 * channels)
  for (const i of lit) data.fill(255, i * channels, (i + 1) * channels)
  await mkdir(dirname(join(dir, file)), { recursive: true })
  await sharp(data, { raw: { width: 4, height: 2, channels } })
    .png()
    .toFile(join(dir, file))
}

it('reads masks with transparency, and leaves out a defect that nobody has marked', async () => {
  await picture('train/good/0.png', [0])
  await picture('test/crack/1.png', [1])
  await picture('test/crack/2.png', [2])
  await picture('ground_truth/crack/1_mask.png', [1, 5], true)
  await picture('test/crack/3.png', [3])
  await picture('ground_truth/crack/3_mask.png', [0, 3])
  const { images, count, golden, apart } = labelledRegions(await openDataset(dir, { format: 'mvtec' }))
  expect(count).toBe(3)
  const seen: unknown[] = []
  for await (const { id, regions } of images)
    seen.push([id, regions.map((r) => [r.class, 'mask' in r.shape && [...r.shape.mask.data]])])
  expect(seen).toEqual([
    ['train/good/0.png', []],
    ['test/crack/1.png', [['crack', [0, 1, 0, 0, 0, 1, 0, 0]]]],
    ['test/crack/3.png', [['crack', [1, 0, 0, 1, 0, 0, 0, 0]]]],
  ])
  expect(apart()).toBe(1)
  expect(golden()?.data.indexOf(255)).toBe(3)
})

it('refuses a data set in which nothing is marked', async () => {
  await picture('train/good/0.png', [0])
  await picture('test/crack/1.png', [1])
  const dataset = await openDataset(dir, { format: 'mvtec' })
  expect(() => labelledRegions(dataset)).toThrow(/TCH_LABELS.*masks, outlines or boxes.*none with any/)
})

it('names all pictures that cannot be read in one error', async () => {
  for (const n of [0, 1, 2, 3]) await picture(`train/good/${n}.png`, [n])
  await picture('test/crack/4.png', [1])
  await picture('ground_truth/crack/4_mask.png', [1])
  const dataset = await openDataset(dir, { format: 'mvtec' })
  for (const n of [1, 3]) await writeFile(join(dir, `train/good/${n}.png`), '')
  const { images } = labelledRegions(dataset)
  const seen: string[] = []
  const all = (async () => {
    for await (const { id } of images) seen.push(id)
  })()
  await expect(all).rejects.toThrow(/TCH_IMAGES.*found 2 that cannot: .*good.1\.png \(.*good.3\.png \(/)
  // Nothing more is worked on that would be thrown away.
  expect(seen).toEqual(['train/good/0.png'])
})

it('names the file of a picture that nothing can be taught from', async () => {
  const clear = { create: { width: 9, height: 9, channels: 4, background: '#8888' } } as const
  const grey16 = sharp(Buffer.alloc(162), { raw: { width: 9, height: 9, channels: 1 } }).toColourspace(
    'grey16',
  )
  const odd = {
    'clear.png': await sharp(clear).png().toBuffer(),
    'deep 16 位.png': await grey16.png().toBuffer(),
    'inks.jpg': await sharp(clear).toColourspace('cmyk').jpeg().toBuffer(),
    'cut.png': (await sharp(clear).png().toBuffer()).subarray(0, 60),
  }
  for (const [name, bytes] of Object.entries(odd)) {
    await writeFile(join(dir, name), bytes)
    await expect(pixelsOf(join(dir, name)), name).rejects.toThrow(new RegExp(`INS_\\w+: .*${name}`))
  }
})
