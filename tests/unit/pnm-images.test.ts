import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { decodePnm, isPnm } from '../../contracts/index.ts'
import { renderImage } from '../../dashboard/index.ts'
import { imageSize, openDataset } from '../../datasets/index.ts'
import { decodeFrame } from '../../inspection/index.ts'
import { replayed } from './samples/replayed.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-pnm-'))
afterAll(() => rmSync(dir, { recursive: true }))

const pnm = (header: string, ...values: number[]): Buffer =>
  Buffer.concat([Buffer.from(header, 'latin1'), Buffer.from(values)])

/** 3 × 2 px each. Written by Pillow 13: `Image.new(mode, (3, 2)).putdata(…)`, `save(…, 'PPM')`. */
const FILES = {
  grey: Buffer.from('50350a3320320a3235350a000a2023c8ff', 'hex'),
  rgb: Buffer.from('50360a3320320a3235350aff000000ff000000ff010203fa8007090909', 'hex'),
  deep: Buffer.from('50350a3320320a36353533350a0000000100ff0100ffff8000', 'hex'),
}
const GREY = [0, 10, 32, 35, 200, 255]
const RGB = [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 250, 128, 7, 9, 9, 9]
const want = { widthPx: 3, heightPx: 2, color: 'rgb' as const }
const encoded = { kind: 'encoded', mime: 'image/x-portable-anymap' } as const

describe('PGM and PPM', () => {
  it('may have comments right behind a number', () => {
    expect([...decodePnm(pnm('P5 2#wide\n1#high\n255\n', 7, 8)).data]).toEqual([7, 8])
  })

  it('have their pixels, whatever these look like', () => {
    expect(decodePnm(FILES.grey)).toMatchObject({ widthPx: 3, heightPx: 2, channels: 1 })
    expect([...decodePnm(FILES.grey).data]).toEqual(GREY)
    expect(decodePnm(FILES.rgb)).toMatchObject({ widthPx: 3, heightPx: 2, channels: 3 })
    expect([...decodePnm(FILES.rgb).data]).toEqual(RGB)
    // white space and a comment are pixels behind the header, and no pixels in it
    expect([...decodePnm(pnm('P5\n# a comment 9 9\n2 1 # more\n255\n', 0x0a, 0x23)).data]).toEqual([
      0x0a, 0x23,
    ])
  })

  it('of decimal numbers have their pixels', async () => {
    // netpbm.sourceforge.net/doc/pgm.html, plain PGM: white at 15, a comment; no white space is demanded at the end
    const plain = pnm('P2\n# feep.pgm\n3 2\n15\n 0  3 15\n# row\n7\t0\r\n11')
    expect(decodePnm(plain)).toMatchObject({ widthPx: 3, heightPx: 2, channels: 1 })
    expect([...decodePnm(plain).data]).toEqual([0, 51, 255, 119, 0, 187])
    const colour = pnm(`P3 3 2 255 ${RGB.join(' ')}\n`)
    expect([...(await decodeFrame(colour, encoded, want)).data]).toEqual(RGB)
  })

  it('begin where the header ends, also behind a comment or when a program wrote CR LF for LF', () => {
    expect([...decodePnm(pnm('P5 2 1 255# white\n', 7, 8)).data]).toEqual([7, 8])
    expect([...decodePnm(pnm('P5\r\n2 1\r\n255\r\n', 7, 8)).data]).toEqual([7, 8])
    expect([...decodePnm(pnm('P5\r\n2 1\r\n255\r', 10, 8)).data]).toEqual([10, 8])
  })

  it('are scaled from 4 and 16 bits to 8 for a screen', () => {
    expect([...decodePnm(pnm('P5 2 1 15\n', 0, 15)).data]).toEqual([0, 255])
    // 1 / 257 rounds to 0, 255 / 257 to 1, 32768 / 257 to 128
    expect([...decodePnm(FILES.deep).data]).toEqual([0, 0, 1, 1, 255, 128])
  })

  it.each([
    ['short', pnm('P5 3 2 255\n', 1, 2, 3), 'INS_DECODE'],
    ['without a size', pnm('P5 x 2 255\n', 1, 2), 'INS_DECODE'],
    ['without pixels', pnm('P5\n3 2\n255'), 'INS_DECODE'],
    ['of no width', pnm('P5 0 2 255\n', 1, 2), 'INS_DECODE'],
    ['of a negative width', pnm('P5 -3 2 255\n', 1, 2), 'INS_DECODE'],
    ['of a width in another notation', pnm('P5 0x3 2 255\n', ...GREY), 'INS_DECODE'],
    ['of decimal numbers, cut off', pnm('P2 3 2 255 100 20 3 40 5 '), 'INS_DECODE'],
    ['of a number above white', pnm('P2 3 2 15 1 2 3 16 5 6'), 'INS_DECODE'],
    ['of no numbers', pnm('P2 3 2 255 1 2 x 4 5 6'), 'INS_DECODE'],
    ['of too deep a white', pnm('P5 1 1 70000\n', 1, 2), 'INS_DECODE'],
    ['of too many pixels', pnm('P5 100000 100000 255\n', 1), 'INS_IMAGE_LIMIT'],
  ])('%s are refused', async (_name, bytes, code) => {
    expect(isPnm(bytes)).toBe(true)
    expect(() => decodePnm(bytes)).toThrow(code)
    await expect(decodeFrame(bytes, encoded, want)).rejects.toThrow(code)
  })

  it('of 16 bits are not judged', async () => {
    await expect(decodeFrame(FILES.deep, encoded, want)).rejects.toThrow(/INS_IMAGE_FORMAT.*8 bits.*16 bits/)
  })

  it('are judged, measured, listed and shown like any other image', async () => {
    for (const [name, bytes] of Object.entries({
      'a.pgm': FILES.grey,
      'b.ppm': FILES.rgb,
      'c.pnm': FILES.rgb,
    })) {
      writeFileSync(join(dir, name), bytes)
      expect(await imageSize(join(dir, name))).toEqual({ widthPx: 3, heightPx: 2 })
    }
    expect([...(await decodeFrame(FILES.rgb, encoded, want)).data]).toEqual(RGB)
    expect([...(await decodeFrame(FILES.grey, encoded, { ...want, color: 'mono' })).data]).toEqual(GREY)
    expect([...(await decodeFrame(FILES.grey, encoded, want)).data]).toEqual(GREY.flatMap((g) => [g, g, g]))
    const found = await openDataset(dir, { format: 'folder' })
    expect(found.items.map((i) => i.id)).toEqual(['a.pgm', 'b.ppm', 'c.pnm'])
    expect(found.leftOut).toEqual([])
    const png = await renderImage(FILES.rgb, { widthPx: null, format: 'png' })
    expect([...(await sharp(png).removeAlpha().raw().toBuffer())]).toEqual(RGB)
  })

  it.each([
    [true, { kind: 'raw', pixel: 'mono8', widthPx: 3, heightPx: 2 }, GREY],
    [false, { kind: 'encoded', mime: 'image/x-portable-graymap' }, [...FILES.grey]],
  ])('are replayed, as raw pixels: %s', async (raw, format, bytes) => {
    const file = join(dir, 'one.pgm')
    writeFileSync(file, FILES.grey)
    expect(await replayed(file, raw, 64)).toEqual([{ format, bytes }])
  })
})
