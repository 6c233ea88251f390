import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, it, vi } from 'vitest'
import { labelledRegions } from '../../bin/teach/labelled-regions.ts'
import { openDataset, readMask } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const SHAPE = { width: 4, height: 1 } as const

/** What a mask marks, as read for a bad part. */
async function marks(name: string, image: Sharp): Promise<string | undefined> {
  const file = join(at.dir, name)
  await image.toFile(file)
  return marksOf(name)
}

async function marksOf(name: string): Promise<string | undefined> {
  const file = join(at.dir, name)
  const mask = await readMask({ id: name, image: '', split: 'test', mask: file, defective: true })
  return mask ? [...mask.data].join('') : undefined
}

/** Floats of 16 bits, as numbers of the same bits. */
interface Half {
  half: true
  buffer: ArrayBuffer
  length: number
  BYTES_PER_ELEMENT: 2
}

/** Grey, one row, in one strip (TIFF 6.0, sections 2 to 4), with SampleFormat 2 (whole numbers) or 3 (floats). */
function signedTiff(values: Int8Array | Int16Array | Int32Array | Float32Array | Half): Buffer {
  const bytes = Buffer.from(values.buffer)
  const entries: [tag: number, type: 3 | 4, value: number][] = [
    [256, 3, values.length],
    [257, 3, 1],
    [258, 3, values.BYTES_PER_ELEMENT * 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 3, 1],
    [279, 4, bytes.length],
    [339, 3, values instanceof Float32Array || 'half' in values ? 3 : 2],
  ]
  const ifdAt = 8 + bytes.length
  const out = Buffer.alloc(ifdAt + 2 + entries.length * 12 + 4)
  out.write('II*\0', 'latin1')
  out.writeUInt32LE(ifdAt, 4)
  bytes.copy(out, 8)
  out.writeUInt16LE(entries.length, ifdAt)
  entries.forEach(([tag, type, value], n) => {
    const at = ifdAt + 2 + n * 12
    out.writeUInt16LE(tag, at)
    out.writeUInt16LE(type, at + 2)
    out.writeUInt32LE(1, at + 4)
    out.writeUInt32LE(value, at + 8)
  })
  return out
}

/** The PNG with "Gray Gamma 2.2", as Photoshop saves greys (ICC.1:2001-04, sections 6.1, 6.5.3; PNG, section 11.3.2.3). */
function tagged(png: Buffer): Buffer {
  const fixed = (...numbers: number[]) => numbers.map((n) => Math.round(n * 65_536))
  const profile = Buffer.alloc(128 + 4 + 2 * 12 + 20 + 16)
  const put = (at: number, ...parts: (string | number)[]) =>
    parts.forEach((part, n) =>
      typeof part === 'string'
        ? profile.write(part, at + 4 * n, 'latin1')
        : profile.writeUInt32BE(part, at + 4 * n),
    )
  put(0, profile.length, 0, 0x02_40_00_00, 'mntr', 'GRAY', 'XYZ ')
  put(36, 'acsp')
  put(68, ...fixed(0.9642, 1, 0.8249))
  put(128, 2, 'wtpt', 156, 20, 'kTRC', 176, 14)
  put(156, 'XYZ ', 0, ...fixed(0.9505, 1, 1.089))
  put(176, 'curv', 0, 1, Math.round(2.2 * 256) << 16)
  const body = Buffer.concat([Buffer.from('iCCPgrey\0\0', 'latin1'), deflateSync(profile)])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(body.length - 4)
  check.writeUInt32BE(crc32(body))
  const afterHeader = 8 + 25
  return Buffer.concat([png.subarray(0, afterHeader), length, body, check, png.subarray(afterHeader)])
}

const grey = (...values: number[]) => sharp(Uint8Array.from(values), { raw: { ...SHAPE, channels: 1 } })
const rgb = (...values: number[]) => sharp(Uint8Array.from(values), { raw: { ...SHAPE, channels: 3 } })
const DARK_BLUE = [0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 128]

/** The first page black, the second one white: grey, in one strip each (TIFF 6.0, sections 2 to 4). */
function twoPages(...sizes: (readonly [width: number, height: number])[]): Buffer {
  const parts = [Buffer.from('II*\0\b\0\0\0', 'latin1')]
  sizes.forEach(([width, height], n) => {
    const at = parts.reduce((sum, part) => sum + part.length, 0)
    const strip = Buffer.alloc(width * height, n === 0 ? 0 : 255)
    const entries = [
      [256, width],
      [257, height],
      [258, 8],
      [259, 1],
      [262, 1],
      [273, at + 2 + 8 * 12 + 4],
      [278, height],
      [279, strip.length],
    ] as const
    const ifd = Buffer.alloc(2 + entries.length * 12 + 4)
    ifd.writeUInt16LE(entries.length, 0)
    entries.forEach(([tag, value], i) => {
      ifd.writeUInt16LE(tag, 2 + i * 12)
      ifd.writeUInt16LE(4, 4 + i * 12)
      ifd.writeUInt32LE(1, 6 + i * 12)
      ifd.writeUInt32LE(value, 10 + i * 12)
    })
    if (n + 1 < sizes.length) ifd.writeUInt32LE(at + ifd.length + strip.length, ifd.length - 4)
    parts.push(ifd, strip)
  })
  return Buffer.concat(parts)
}

describe('masks', () => {
  it('are numbers of classes, whatever their depth', async () => {
    expect(await marks('8.png', grey(0, 1, 2, 255))).toBe('0111')
    const wide = sharp(Uint16Array.of(0, 1, 255, 65_535), { raw: { ...SHAPE, channels: 1 } })
    expect(await marks('16.png', wide.toColourspace('grey16'))).toBe('0111')
  })

  it('are numbers whatever the profile of the screen they were drawn on', async () => {
    await writeFile(
      join(at.dir, 'tagged.png'),
      tagged(await grey(0, 1, 2, 255).toColourspace('b-w').png().toBuffer()),
    )
    expect(await marksOf('tagged.png')).toBe('0111')
  })

  it('are colours, however dark', async () => {
    expect(await marks('rgb.png', rgb(...DARK_BLUE))).toBe('0111')
    expect(
      await marks('palette.png', rgb(...DARK_BLUE).png({ palette: true, colours: 4, effort: 1 })),
    ).toMatch(/^0..1$/)
  })

  it('have no noise of compression in them', async () => {
    expect(await marks('noisy.jpg', grey(3, 5, 250, 255).jpeg({ quality: 100 }))).toBe('0011')
    expect(await marks('noisy.webp', grey(3, 5, 250, 255).webp({ quality: 100 }))).toBe('0011')
    expect(await marks('exact.webp', grey(0, 1, 2, 255).webp({ lossless: true }))).toBe('0111')
  })

  it('of 16 bits are refused as PGM: class 1 would be black in 8', async () => {
    await writeFile(join(at.dir, '16.pgm'), Buffer.from('P5 2 1 65535\n\x00\x01\x00\x02', 'latin1'))
    await expect(marksOf('16.pgm')).rejects.toThrow(/DAT_ANNOTATION.*16\.pgm\); expected a mask of 8 bits/)
    await writeFile(join(at.dir, '8.pgm'), Buffer.from('P5 2 1 1\n\x00\x01', 'latin1'))
    expect(await marksOf('8.pgm')).toBe('01')
  })

  it('of JPEG may be numbers or dark colours: what counts is half of the brightest', async () => {
    expect(await marks('dark.jpg', grey(2, 0, 120, 118).jpeg({ quality: 100 }))).toBe('0011')
    const blue = rgb(0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, 127)
    expect(await marks('blue.jpg', blue.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }))).toBe('0011')
    expect(await marks('noise.jpg', grey(0, 3, 9, 5).jpeg({ quality: 100 }))).toBeUndefined()
  })

  it('of JPEG are refused where a darker class lies beside a brighter one, and would be lost', async () => {
    const size = { width: 96, height: 64 }
    const classes = (...of: [value: number, left: number][]): Sharp => {
      const pixels = new Uint8Array(size.width * size.height)
      for (const [value, left] of of)
        for (let y = 20; y < 40; y++) pixels.fill(value, y * size.width + left, y * size.width + left + 20)
      return sharp(pixels, { raw: { ...size, channels: 1 } }).jpeg({ quality: 80 })
    }
    await expect(marks('two.jpg', classes([60, 8], [200, 56]))).rejects.toThrow(
      /two\.jpg\); expected defects of one brightness in a JPEG or lossy WebP, or a PNG; found 1 darker region/,
    )
    const [two, halo] = await Promise.all([
      marks('same.jpg', classes([255, 8], [255, 56])),
      // What is darker touches what is brighter: an edge, drawn soft.
      marks('soft.jpg', classes([60, 30], [255, 50])),
    ])
    expect(two?.match(/1/g)).toHaveLength(800)
    expect(halo?.match(/1/g)).toHaveLength(400)
  })

  it('may be signed numbers of 16 bits', async () => {
    await writeFile(join(at.dir, 'signed.tif'), signedTiff(Int16Array.of(0, 1, 255, 32_767)))
    expect(await marksOf('signed.tif')).toBe('0111')
  })

  it('may be floats or long numbers: all above 0 count, also those that 8 bits would cut to 0', async () => {
    await writeFile(join(at.dir, 'float.tif'), signedTiff(Float32Array.of(0, 0.004, 0.4, 255)))
    expect(await marksOf('float.tif')).toBe('0111')
    await writeFile(join(at.dir, 'long.tif'), signedTiff(Int32Array.of(0, 1, 255, 70_000)))
    expect(await marksOf('long.tif')).toBe('0111')
    // As numbers of classes have it where -1 belongs to none.
    await writeFile(join(at.dir, 'void.tif'), signedTiff(Int32Array.of(-1, 0, 1, 2)))
    expect(await marksOf('void.tif')).toBe('0011')
  })

  it('may be a TIFF that has the same once more, smaller', async () => {
    const white = { width: 64, height: 64, channels: 3, background: '#fff' } as const
    const tile = { tile: true, tileWidth: 16, tileHeight: 16 }
    const pyramid = await sharp({ create: white })
      .tiff({ pyramid: true, ...tile })
      .toBuffer()
    expect((await sharp(pyramid).metadata()).pages).toBeGreaterThan(1)
    await writeFile(join(at.dir, 'pyramid.tif'), pyramid)
    expect(await marksOf('pyramid.tif')).toBe('1'.repeat(64 * 64))
  })

  it('are refused where what they mark would be lost', async () => {
    const lost: [name: string, tiff: Buffer, actual: RegExp][] = [
      ['below.tif', signedTiff(Float32Array.of(0, -1, 0, 0)), /found values below 0/],
      ['below32.tif', signedTiff(Int32Array.of(0, -1, 0, 0)), /found values below 0/],
      ['below8.tif', signedTiff(Int8Array.of(0, -1, 0, 0)), /found values below 0/],
      [
        'half.tif',
        signedTiff({ half: true, buffer: Uint16Array.of(0, 0x3c00).buffer, length: 2, BYTES_PER_ELEMENT: 2 }),
        /found floats of 16 bits/,
      ],
    ]
    for (const [name, tiff, actual] of lost) {
      await writeFile(join(at.dir, name), tiff)
      await expect(marksOf(name), name).rejects.toThrow(actual)
    }
    const page = { width: 4, height: 4, channels: 3, background: '#000' } as const
    const pages = [page, { ...page, background: '#fff' }].map((create) => sharp({ create }).png().toBuffer())
    await sharp(await Promise.all(pages), { join: { animated: true } }).toFile(join(at.dir, 'pages.gif'))
    await expect(marksOf('pages.gif')).rejects.toThrow(/expected a mask of one page; found 2 pages/)
    // A larger page, a preview of it before it, one of another shape.
    for (const [first, second] of [
      [
        [8, 8],
        [16, 16],
      ],
      [
        [16, 16],
        [16, 12],
      ],
      [
        [16, 16],
        [8, 6],
      ],
    ] as const) {
      await writeFile(join(at.dir, 'pages.tif'), twoPages(first, second))
      await expect(marksOf('pages.tif'), `${first} ${second}`).rejects.toThrow(/found 2 pages/)
    }
    const black = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 0])
    await expect(marks('strokes.png', sharp(black, { raw: { ...SHAPE, channels: 4 } }))).rejects.toThrow(
      /found black on transparent ground/,
    )
  })

  it('that mark nothing do not say where the defect is, and are not taught from', async () => {
    expect(await marks('none.png', grey(0, 0, 0, 0))).toBeUndefined()
    const black = { width: 20, height: 10, channels: 3, background: '#000' } as const
    const lit = { ...black, width: 2, height: 2, background: '#fff' } as const
    await at.tree({
      'train/good/a.jpg': null,
      'test/dent/1.jpg': null,
      'test/dent/2.jpg': null,
      'ground_truth/dent/.keep': '',
    })
    const mask = (n: number): string => join(at.dir, `ground_truth/dent/${n}_mask.png`)
    await sharp({ create: black }).png().toFile(mask(1))
    const read = async (): Promise<unknown> => {
      const seen: unknown[] = []
      for await (const image of labelledRegions(await openDataset(at.dir)).images)
        seen.push([image.id, image.regions.length])
      return seen
    }
    await expect(read()).rejects.toThrow(/TCH_LABELS.*1 masks of 0 everywhere/)
    await sharp({ create: black })
      .composite([{ input: { create: lit } }])
      .png()
      .toFile(mask(2))
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      expect(await read()).toEqual([
        ['train/good/a.jpg', 0],
        ['test/dent/2.jpg', 1],
      ])
      expect(said.mock.calls.join('')).toBe('1 of 3 images have a mask of 0 everywhere; they are not used\n')
    } finally {
      said.mockRestore()
    }
  })
})
