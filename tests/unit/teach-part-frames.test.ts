import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { openPartFrames, type PartFrames } from '../../bin/images/part-frames.ts'

const recipes = fileURLToPath(new URL('../../lines/recipes', import.meta.url))
let frames: PartFrames
let golden: Buffer

beforeAll(async () => {
  frames = await openPartFrames({ dir: recipes, id: 'sample-board@1' }, readEnvironment({}))
  golden = await readFile(`${recipes}/sample-board@1.golden.png`)
})
afterAll(() => frames.close())

/** The golden board, moved right by so many px; its edge goes on. */
const moved = (byPx: number): Promise<Buffer> =>
  sharp(golden)
    .extend({ left: byPx, extendWith: 'copy' })
    .toBuffer()
    .then((wide) => sharp(wide).extract({ left: 0, top: 0, width: 640, height: 640 }).png().toBuffer())

/** Mean grey difference to the golden board over its middle. */
async function difference(data: Uint8Array): Promise<number> {
  const own = await sharp(golden).greyscale().raw().toBuffer()
  let sum = 0
  for (let y = 100; y < 540; y++)
    for (let x = 100; x < 540; x++) sum += Math.abs((own[y * 640 + x] ?? 0) - (data[y * 640 + x] ?? 0))
  return sum / 440 ** 2
}

describe('what the models of a recipe see', () => {
  it('lies on the golden template', async () => {
    const frame = await moved(7)
    const before = await difference(await sharp(frame).greyscale().raw().toBuffer())
    const seen = await frames.see('moved.png', frame)
    expect(seen).toMatchObject({ ...frames.size, channels: 1 })
    expect(await difference(seen.data)).toBeLessThan(before / 5)
  })

  it('is refused where the gate refuses the image', async () => {
    const black = await sharp({ create: { width: 640, height: 640, channels: 3, background: '#000' } })
      .png()
      .toBuffer()
    await expect(frames.see('black.png', black)).rejects.toThrow(/TCH_IMAGES.*black.png.*quality/)
  })

  it('is refused where the frame does not show all that the recipe judges', async () => {
    await expect(frames.see('far.png', await moved(14))).rejects.toThrow(
      /TCH_IMAGES.*far.png.*registration: .*region board inside the frame/,
    )
  })

  it('needs a golden template of the recipe', async () => {
    await expect(openPartFrames({ dir: recipes, id: 'deeppcb-pair@1' }, readEnvironment({}))).rejects.toThrow(
      /CFG_UNKNOWN_REFERENCE.*golden/,
    )
  })
})
