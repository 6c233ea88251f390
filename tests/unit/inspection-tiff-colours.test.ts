import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { readMask } from '../../datasets/index.ts'
import { decodeFrame } from '../../inspection/index.ts'
import { tiffOf } from './samples/tiff.ts'

const size = { widthPx: 64, heightPx: 48 }
const PIXELS = size.widthPx * size.heightPx
const fill = (...pixel: number[]): Uint8Array =>
  Uint8Array.from({ length: PIXELS * pixel.length }, (_, i) => pixel[i % pixel.length] ?? 0)
const PHOTOMETRIC = 262
const red = sharp({ create: { width: 64, height: 48, channels: 3, background: { r: 200, g: 40, b: 30 } } })

const first = async (bytes: Uint8Array, color: 'rgb' | 'mono' = 'rgb'): Promise<number[]> => {
  const { data } = await decodeFrame(bytes, { kind: 'encoded', mime: '' }, { ...size, color })
  return [...data.subarray(0, color === 'rgb' ? 3 : 1)]
}

// Red (200, 40, 30) as Pillow 13 converts it to YCbCr, and saves it: (86, 96, 208), subsampling 1 and 1.
const YCBCR = tiffOf(size, fill(86, 96, 208), 3, { [PHOTOMETRIC]: [6], 530: [1, 1] })

/** The same file, as a writer of the other byte order has it. */
function bigEndian(pixels: Uint8Array, photometric: number): Buffer {
  const fields = [
    [256, 64],
    [257, 48],
    [259, 1],
    [262, photometric],
    [277, 3],
    [278, 48],
    [273, 8],
    [279, pixels.length],
  ]
  const b = Buffer.alloc(8 + pixels.length + 6 + 12 * fields.length)
  b.write('MM\0*', 'latin1')
  b.writeUInt32BE(8 + pixels.length, 4)
  b.set(pixels, 8)
  b.writeUInt16BE(fields.length, 8 + pixels.length)
  fields.forEach(([tag = 0, value = 0], i) => {
    const at = 10 + pixels.length + 12 * i
    b.writeUInt16BE(tag, at)
    b.writeUInt16BE(3, at + 2)
    b.writeUInt32BE(1, at + 4)
    b.writeUInt16BE(value, at + 8)
  })
  return b
}

describe('colours of a TIFF', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['YCbCr with all of its colour', YCBCR, /YCbCr without JPEG/],
    [
      'YCbCr that does not say how much',
      tiffOf(size, fill(86, 96, 208), 3, { [PHOTOMETRIC]: [6] }),
      /YCbCr without JPEG/,
    ],
    ['YCbCr, the high byte first', bigEndian(fill(86, 96, 208), 6), /YCbCr without JPEG/],
    ['CIELab', tiffOf(size, fill(110, 60, 40), 3, { [PHOTOMETRIC]: [8] }), /CIELab/],
    ['ICCLab', tiffOf(size, fill(110, 60, 40), 3, { [PHOTOMETRIC]: [9] }), /ICCLab/],
    ['ITULab', tiffOf(size, fill(110, 60, 40), 3, { [PHOTOMETRIC]: [10] }), /ITULab/],
    ['separated', tiffOf(size, fill(0, 200, 200, 20), 4, { [PHOTOMETRIC]: [5] }), /CMYK/],
    ['LogL', tiffOf(size, fill(90), 1, { [PHOTOMETRIC]: [32844] }), /LogL/],
    ['LogLuv', tiffOf(size, fill(1, 2, 3), 3, { [PHOTOMETRIC]: [32845] }), /LogLuv/],
    ['a colour filter array', tiffOf(size, fill(90), 1, { [PHOTOMETRIC]: [32803] }), /colour filter/],
    ['a transparency mask', tiffOf(size, fill(1), 1, { [PHOTOMETRIC]: [4] }), /transparency mask/],
  ])('%s are refused', async (_, bytes, found) => {
    await expect(first(bytes)).rejects.toThrow(
      expect.objectContaining({ code: 'INS_IMAGE_FORMAT', message: expect.stringMatching(found) }),
    )
  })

  it.each(['lzw', 'deflate', 'jpeg'] as const)('CMYK and CIELab with %s are refused', async (compression) => {
    // A writer converts CIELab for a JPEG.
    for (const space of compression === 'jpeg' ? ['cmyk'] : ['cmyk', 'lab']) {
      const bytes = await red.clone().toColourspace(space).tiff({ compression }).toBuffer()
      await expect(first(bytes)).rejects.toThrow(expect.objectContaining({ code: 'INS_IMAGE_FORMAT' }))
    }
  })

  it('YCbCr is converted of a JPEG in it, and where colour is stored at fewer places', async () => {
    const jpeg = await red.clone().jpeg().toBuffer()
    const near = [200, 40, 30]
    const fields = { 259: [7], [PHOTOMETRIC]: [6], 530: [2, 2] }
    // Four of brightness, then one each of Cb and Cr (TIFF 6.0, section 21).
    const groups = fill(86, 86, 86, 86, 96, 208).subarray(0, PIXELS * 1.5)
    for (const bytes of [
      tiffOf(size, jpeg, 3, fields),
      await red.clone().tiff({ compression: 'jpeg' }).toBuffer(),
      tiffOf(size, groups, 3, { [PHOTOMETRIC]: [6], 530: [2, 2] }),
    ])
      (await first(bytes)).forEach((v, i) => expect(Math.abs(v - (near[i] ?? 0))).toBeLessThan(3))
  })

  it('grey comes out the right way round, whichever end is white; RGB as it is', async () => {
    const dark = sharp({ create: { width: 64, height: 48, channels: 3, background: '#282828' } })
    for (const compression of ['none', 'lzw', 'deflate', 'jpeg'] as const) {
      const grey = await dark.clone().toColourspace('b-w').tiff({ compression }).toBuffer()
      expect(await first(grey, 'mono')).toEqual([40])
    }
    // Written with white as zero, one bit for each pixel.
    const fax = dark.clone().toColourspace('b-w').tiff({ compression: 'ccittfax4', bitdepth: 1 })
    expect(await first(await fax.toBuffer(), 'mono')).toEqual([0])
    expect(await first(tiffOf(size, fill(200), 1, { [PHOTOMETRIC]: [0] }), 'mono')).toEqual([55])
    expect(await first(tiffOf(size, fill(200), 1, { [PHOTOMETRIC]: [1] }), 'mono')).toEqual([200])
    expect(await first(tiffOf(size, fill(200, 255), 2, { [PHOTOMETRIC]: [0], 338: [2] }), 'mono')).toEqual([
      55,
    ])
    expect(await first(tiffOf(size, fill(200, 40, 30), 3, { [PHOTOMETRIC]: [2] }))).toEqual([200, 40, 30])
  })

  it('a mask is refused as a picture is: black of YCbCr would be a defect all over', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sightline-tiff-'))
    try {
      const file = join(dir, 'a_mask.tif')
      await sharp(fill(90), { raw: { width: 64, height: 48, channels: 1 } })
        .png()
        .toFile(join(dir, 'a.png'))
      await writeFile(file, tiffOf(size, fill(0, 128, 128), 3, { [PHOTOMETRIC]: [6], 530: [1, 1] }))
      await expect(
        readMask({ id: 'a', image: join(dir, 'a.png'), split: 'all', defective: true, mask: file }),
      ).rejects.toThrow(/DAT_ANNOTATION.*a_mask\.tif.*YCbCr without JPEG/)
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
