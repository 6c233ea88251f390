import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { BOARD_PX, createSampleProduct, renderBoard, renderGolden } from '../../datasets/index.ts'
import { NO_OPTICS } from '../../datasets/sample-line/optics.kernel.ts'

export interface FramePair {
  bytes: Uint8Array
  reference: Uint8Array
}

export interface FrameSet {
  raw: FramePair[]
  jpeg: FramePair[]
}

/** Aligned generated boards, 640² mono, with the one template of their product: as raw pixels and as JPEG of quality 95. */
export async function makeFrames(count: number): Promise<FrameSet> {
  const product = createSampleProduct(1, { polarity: 'dark' })
  const reference = renderGolden(product)
  const raw: FramePair[] = []
  const jpeg: FramePair[] = []
  const encode = (pixels: Uint8Array): Promise<Buffer> =>
    sharp(pixels, { raw: { width: BOARD_PX, height: BOARD_PX, channels: 1 } })
      .toColourspace('b-w')
      .jpeg({ quality: 95 })
      .toBuffer()
  const encoded = await encode(reference)
  for (let n = 0; n < count; n++) {
    const { pixels } = await renderBoard(product, {
      serial: `B${n}`,
      lot: 'L1',
      seed: n,
      defects: n % 2 === 0 ? ['open', 'spur'] : [],
      optics: { ...NO_OPTICS, noise: 2, seed: n + 1 },
    })
    raw.push({ bytes: pixels, reference })
    jpeg.push({ bytes: await encode(pixels), reference: encoded })
  }
  return { raw, jpeg }
}

/** The files the Python program reads. */
export function writeFrames(dir: string, frames: readonly FramePair[]): void {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'size.json'), JSON.stringify({ width: BOARD_PX, height: BOARD_PX }))
  frames.forEach(({ bytes, reference }, n) => {
    writeFileSync(join(dir, `${String(n).padStart(4, '0')}.test`), bytes)
    writeFileSync(join(dir, `${String(n).padStart(4, '0')}.template`), reference)
  })
}
