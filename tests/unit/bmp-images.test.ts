import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeBmp, isBmp } from '../../contracts/index.ts'
import { renderImage } from '../../dashboard/index.ts'
import { imageSize, openDataset } from '../../datasets/index.ts'
import { decodeFrame } from '../../inspection/index.ts'
import { replayed } from './samples/replayed.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-bmp-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** 3 × 2 px each. Written by Pillow 11: `Image.new(mode, (3, 2)).putdata(…)`, `save(…, 'BMP')`. */
const FILES = {
  rgb: '424d4e0000000000000036000000280000000300000002000000010018000000000018000000c40e0000c40e000000000000000000000302010780fa0909090000000000ff00ff00ff0000000000',
  rgbx: '424d4e0000000000000036000000280000000300000002000000010020000000000018000000c40e0000c40e00000000000000000000030201ff0780faff090909ff0000ffff00ff00ffff0000ff',
  palette:
    '424d46000000000000003e000000280000000300000002000000010008000000000008000000c40e0000c40e000002000000020000001e140a003264c8000101000000010000',
  bilevel:
    '424d46000000000000003e000000280000000300000002000000010001000000000008000000c40e0000c40e0000020000000200000000000000ffffff008000000060000000',
}
const bytes = (name: keyof typeof FILES): Buffer => Buffer.from(FILES[name], 'hex')
const RGB = [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 250, 128, 7, 9, 9, 9]
const [A, B] = [
  [10, 20, 30],
  [200, 100, 50],
]
const PIXELS: Record<keyof typeof FILES, readonly number[]> = {
  rgb: RGB,
  rgbx: RGB,
  palette: [A, B, A, B, B, A].flatMap((c) => c ?? []),
  bilevel: [0, 255, 255, 255, 0, 0],
}

describe('a BMP', () => {
  it.each(Object.keys(FILES) as (keyof typeof FILES)[])('%s has its pixels', (name) => {
    const { data, widthPx, heightPx, channels } = decodeBmp(bytes(name))
    expect([isBmp(bytes(name)), widthPx, heightPx, channels]).toEqual([
      true,
      3,
      2,
      name === 'bilevel' ? 1 : 3,
    ])
    expect([...data]).toEqual(PIXELS[name])
  })

  it('may stand with its top row first', () => {
    const turned = bytes('rgb')
    turned.writeInt32LE(-2, 22)
    expect([...decodeBmp(turned).data]).toEqual([...RGB.slice(9), ...RGB.slice(0, 9)])
  })

  it('of 16 bits has the masks of its header', () => {
    // One row of 2 px, BI_BITFIELDS 5-6-5: pure red, and half of green's range.
    const b = Buffer.alloc(66 + 4)
    b.write('BM')
    b.writeUInt32LE(66, 10)
    for (const [value, at] of [
      [40, 14],
      [2, 18],
      [1, 22],
      [3, 30],
      [0xf800, 54],
      [0x07e0, 58],
      [0x001f, 62],
    ] as const)
      b.writeUInt32LE(value, at)
    b.writeUInt16LE(16, 28)
    b.writeUInt16LE(0xf800, 66)
    b.writeUInt16LE(32 << 5, 68)
    expect([...decodeBmp(b).data]).toEqual([255, 0, 0, 0, Math.round((32 * 255) / 63), 0])
  })

  it.each([
    ['cut off in its pixels', (b: Buffer) => b.subarray(0, b.length - 1), 'INS_DECODE'],
    ['cut off in its header', (b: Buffer) => b.subarray(0, 40), 'INS_DECODE'],
    ['whose pixels would be its header', (b: Buffer) => (b.writeUInt32LE(0, 10), b), 'INS_DECODE'],
    ['of no width', (b: Buffer) => (b.writeInt32LE(0, 18), b), 'INS_DECODE'],
    ['of a negative width', (b: Buffer) => (b.writeInt32LE(-3, 18), b), 'INS_DECODE'],
    ['run-length encoded', (b: Buffer) => (b.writeUInt32LE(1, 30), b), 'INS_IMAGE_FORMAT'],
    ['of 48 bits', (b: Buffer) => (b.writeUInt16LE(48, 28), b), 'INS_IMAGE_FORMAT'],
    ['of too many pixels', (b: Buffer) => (b.writeInt32LE(2_000_000_000, 18), b), 'INS_IMAGE_LIMIT'],
  ])('%s is refused', async (_name, change, code) => {
    const broken = change(bytes('rgb'))
    expect(() => decodeBmp(broken)).toThrow(code)
    const { widthPx, heightPx } = { widthPx: 3, heightPx: 2 }
    const frame = decodeFrame(
      broken,
      { kind: 'encoded', mime: 'image/bmp' },
      { widthPx, heightPx, color: 'rgb' },
    )
    await expect(frame).rejects.toThrow(code)
  })

  it('is judged, measured, listed and shown like any other image', async () => {
    const file = join(dir, 'board.bmp')
    writeFileSync(file, bytes('rgb'))
    const want = { widthPx: 3, heightPx: 2, color: 'rgb' as const }
    const { data } = await decodeFrame(bytes('rgb'), { kind: 'encoded', mime: 'image/bmp' }, want)
    expect([...data]).toEqual(RGB)
    expect(await imageSize(file)).toMatchObject({ widthPx: 3, heightPx: 2 })
    expect((await openDataset(dir, { format: 'folder' })).items.map((i) => i.id)).toEqual(['board.bmp'])
    const png = await renderImage(bytes('rgb'), { widthPx: null, format: 'png' })
    expect([...(await sharp(png).removeAlpha().raw().toBuffer())]).toEqual(RGB)
  })

  it('is replayed as raw pixels', async () => {
    const file = join(dir, 'one.bmp')
    writeFileSync(file, bytes('palette'))
    expect(await replayed(file, true, 18)).toEqual([
      { format: { kind: 'raw', pixel: 'rgb8', widthPx: 3, heightPx: 2 }, bytes: PIXELS.palette },
    ])
  })
})
