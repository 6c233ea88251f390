import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { darkBoxes } from '../../bin/teach/mask.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-mask-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const WIDTH = 40
const HEIGHT = 30
const size = { widthPx: WIDTH, heightPx: HEIGHT }

async function maskOf(name: string, bright: (x: number, y: number) => boolean): Promise<string> {
  const grey = Buffer.alloc(WIDTH * HEIGHT)
  for (let i = 0; i < grey.length; i++) grey[i] = bright(i % WIDTH, Math.floor(i / WIDTH)) ? 255 : 0
  const file = join(dir, name)
  await sharp(grey, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } }).toFile(file)
  return file
}

describe('a mask of what counts', () => {
  it.each([
    ['disc', (x: number, y: number) => Math.hypot(x - 20, y - 15) < 11],
    ['frame', (x: number, y: number) => x < 3 || y < 3 || x > 36 || y > 26],
    ['noise', (x: number, y: number) => ((x * 7919 + y * 104_729) >> 3) % 3 === 0],
  ])('%s: boxes cover the dark pixels, each once', async (name, bright) => {
    const covered = new Uint8Array(WIDTH * HEIGHT)
    for (const [x1, y1, x2, y2] of await darkBoxes(await maskOf(`${name}.png`, bright), size))
      for (let y = y1; y < y2; y++)
        for (let x = x1; x < x2; x++) covered[y * WIDTH + x] = (covered[y * WIDTH + x] ?? 0) + 1
    expect([...covered]).toEqual(
      Array.from({ length: WIDTH * HEIGHT }, (_, i) => (bright(i % WIDTH, Math.floor(i / WIDTH)) ? 0 : 1)),
    )
  })

  it('joins equal rows', async () => {
    const file = await maskOf('half.png', (x) => x >= 10)
    expect(await darkBoxes(file, size)).toEqual([[0, 0, 10, HEIGHT]])
    expect(await darkBoxes(await maskOf('all.png', () => true), size)).toEqual([])
  })

  it('is refused when it is of another size, dark everywhere, or no image', async () => {
    const half = await maskOf('half.png', (x) => x >= 10)
    await expect(darkBoxes(half, { widthPx: 80, heightPx: 60 })).rejects.toThrow(
      /^TCH_IMAGES: .*, mask\); .*the size of the images, 80 x 60 px; found 40 x 30 px/,
    )
    await expect(darkBoxes(await maskOf('dark.png', () => false), size)).rejects.toThrow(
      /^TCH_IMAGES: .*bright where the image counts; found all dark/,
    )
    await expect(darkBoxes(join(dir, 'none.png'), size)).rejects.toThrow(/^CFG_MISSING_FILE/)
  })
})
