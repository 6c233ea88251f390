import { deflateSync } from 'node:zlib'
import sharp, { type Sharp, type SharpOptions } from 'sharp'
import { describe, expect, it } from 'vitest'
import type { ErrorCode, FrameFormat } from '../../contracts/index.ts'
import { decodeFrame } from '../../inspection/index.ts'
import { tiffOf as tiffOfSize } from './samples/tiff.ts'

const W = 64
const H = 48
const view = { widthPx: W, heightPx: H, color: 'mono' as const }
const encoded: FrameFormat = { kind: 'encoded', mime: 'image/jpeg' }
const raw = (pixel: 'mono8' | 'rgb8'): FrameFormat => ({ kind: 'raw', pixel, widthPx: W, heightPx: H })

/** A grey ramp with texture; deterministic. */
const pixels = Uint8Array.from({ length: W * H }, (_, i) => (i * 7 + (i >> 6) * 13) & 255)
const monoPng = await sharp(pixels, { raw: { width: W, height: H, channels: 1 } })
  .toColourspace('b-w')
  .png()
  .toBuffer()
const jpeg = await sharp(pixels, { raw: { width: W, height: H, channels: 1 } })
  .toColourspace('b-w')
  .jpeg()
  .toBuffer()

async function code(
  bytes: Uint8Array,
  format = encoded,
  want: Parameters<typeof decodeFrame>[2] = view,
): Promise<ErrorCode | 'ok'> {
  return decodeFrame(bytes, format, want).then(
    () => 'ok' as const,
    (e: { code: ErrorCode }) => e.code,
  )
}

/** A PNG header that claims a size, with hardly any data behind it. */
function pngOf(width: number, height: number, bitDepth: number, colour: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc(body), body.length + 4)
    return out
  }
  const ihdr = Buffer.alloc(13)
  ihdr.writeUInt32BE(width, 0)
  ihdr.writeUInt32BE(height, 4)
  ihdr.writeUInt8(bitDepth, 8)
  ihdr.writeUInt8(colour, 9)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', ihdr),
    chunk('IDAT', deflateSync(Buffer.alloc(1024))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const tiffOf = (samples: Uint8Array, perPixel: number, fields: Record<number, number[]>): Buffer =>
  tiffOfSize({ widthPx: W, heightPx: H }, samples, perPixel, fields)

/** CRC-32 of ISO 3309, bit by bit: zlib's own came with Node 20.15. */
function crc(data: Buffer): number {
  let c = 0xffffffff
  for (const byte of data) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}

describe('good images', () => {
  it('passes raw bytes through without a copy', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(W * H))
    shared.set(pixels)
    const out = await decodeFrame(shared, raw('mono8'), view)
    expect(out.data).toBe(shared)
    expect(out).toMatchObject({ widthPx: W, heightPx: H, channels: 1 })
  })
  it('decodes a lossless PNG from shared memory to the very same pixels', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(monoPng.length))
    shared.set(monoPng)
    const out = await decodeFrame(shared, encoded, view)
    expect(Buffer.compare(Buffer.from(out.data), pixels)).toBe(0)
  })
  it('gives three equal channels for a grey image and a colour recipe', async () => {
    const out = await decodeFrame(monoPng, encoded, { ...view, color: 'rgb' })
    expect(out.channels).toBe(3)
    expect([...out.data.subarray(0, 6)]).toEqual([
      pixels[0],
      pixels[0],
      pixels[0],
      pixels[1],
      pixels[1],
      pixels[1],
    ])
  })
  it('turns colour into BT.601 luma for a grey recipe, raw and encoded alike', async () => {
    const rgb = new Uint8Array(W * H * 3).map((_, i) => [255, 0, 0][i % 3] ?? 0)
    const png = await sharp(rgb, { raw: { width: W, height: H, channels: 3 } })
      .png()
      .toBuffer()
    for (const [bytes, format] of [
      [rgb, raw('rgb8')],
      [png, encoded],
    ] as const)
      expect((await decodeFrame(bytes, format, view)).data[0]).toBe(76)
  })
  it('ignores the EXIF orientation: recipes speak of camera pixels', async () => {
    const turned = await sharp(monoPng).withMetadata({ orientation: 6 }).png().toBuffer()
    const out = await decodeFrame(turned, encoded, view)
    expect(Buffer.compare(Buffer.from(out.data), pixels)).toBe(0)
  })
  it('drops an opaque alpha channel', async () => {
    const rgba = await sharp(monoPng).ensureAlpha(1).png().toBuffer()
    expect((await sharp(rgba).metadata()).hasAlpha).toBe(true)
    expect([...(await decodeFrame(rgba, encoded, view)).data.subarray(0, 64)]).toEqual([
      ...pixels.subarray(0, 64),
    ])
  })
  it('decodes JPEG to the pixels of libvips, bit for bit: grey and colour, subsampled, progressive', async () => {
    const colour = Uint8Array.from({ length: W * H * 3 }, (_, i) => 128 + 100 * Math.sin(i / 37 + (i % 3)))
    const image = sharp(colour, { raw: { width: W, height: H, channels: 3 } })
    const files = [
      jpeg,
      await image.clone().jpeg({ quality: 90 }).toBuffer(),
      await image.clone().jpeg({ chromaSubsampling: '4:4:4', quality: 100 }).toBuffer(),
      await image.clone().jpeg({ progressive: true, quality: 30 }).toBuffer(),
    ]
    for (const [n, file] of files.entries()) {
      const own = await decodeFrame(file, encoded, n === 0 ? view : { ...view, color: 'rgb' })
      const vips = sharp(file, { ignoreIcc: true })
      const expected = await (n === 0 ? vips.toColourspace('b-w') : vips).raw().toBuffer()
      expect(Buffer.compare(own.data, expected), `file ${n}`).toBe(0)
    }
  })

  it('takes a PNG with anything behind its end', async () => {
    const longer = Buffer.concat([monoPng, Buffer.alloc(10_000, 'IEN')])
    expect((await decodeFrame(longer, encoded, view)).data).toEqual(Buffer.from(pixels))
  })

  it('takes TIFF and WebP', async () => {
    const image = (): Sharp => sharp(monoPng)
    expect(await code(await image().tiff({ compression: 'lzw' }).toBuffer())).toBe('ok')
    expect(await code(await image().webp({ lossless: true }).toBuffer())).toBe('ok')
  })
})

describe('bad images, each with its code', () => {
  it('zero bytes', async () => expect(await code(new Uint8Array(0))).toBe('INS_DECODE'))
  it('not an image', async () => expect(await code(Buffer.from('this is not an image'))).toBe('INS_DECODE'))
  it('a vector image', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>'
    expect(await code(Buffer.from(svg))).toBe('INS_IMAGE_FORMAT')
  })
  it('a JPEG cut anywhere, even by its last byte alone', async () => {
    expect(await code(jpeg)).toBe('ok')
    const cuts = Array.from({ length: 40 }, (_, i) => Math.floor((i * jpeg.length) / 40))
    for (const cut of [...cuts, jpeg.length - 2, jpeg.length - 1])
      expect([cut, await code(jpeg.subarray(0, cut))]).toEqual([cut, 'INS_DECODE'])
  })
  it('a PNG cut anywhere', async () => {
    expect(await code(monoPng)).toBe('ok')
    for (let cut = 0; cut < monoPng.length - 8; cut += 97)
      expect([cut, await code(monoPng.subarray(0, cut))]).toEqual([cut, 'INS_DECODE'])
  })
  it('a JPEG damaged in its middle', async () => {
    const bad = Buffer.from(jpeg)
    bad.fill(0xff, Math.floor(bad.length / 2), Math.floor(bad.length / 2) + 40)
    expect(await code(bad)).toBe('INS_DECODE')
  })
  it('a JPEG whose scan stops early, which libvips takes; the next one is decoded as ever', async () => {
    // An end marker in the middle of the scan: the rest of the picture would be grey.
    const early = Buffer.from(jpeg)
    early.writeUInt16BE(0xffd9, Math.floor(early.length * 0.8))
    expect(await code(early)).toBe('INS_DECODE')
    const good = await decodeFrame(jpeg, encoded, view)
    for (let n = 0; n < 200; n++) expect(await code(early)).toBe('INS_DECODE')
    expect((await decodeFrame(jpeg, encoded, view)).data).toEqual(good.data)
  })

  it('a progressive JPEG cut off between two scans, and given an end', async () => {
    const colour = sharp(monoPng).tint('#48c').jpeg({ progressive: true, optimiseScans: false })
    const file = await colour.toBuffer()
    expect(await code(file)).toBe('ok')
    // DHT or SOS behind coded data begins a scan (T.81, figure B.2).
    const scans = [...file.keys()].filter((at) => file[at] === 0xff && file[at + 1] === 0xda)
    expect(scans.length).toBeGreaterThan(3)
    for (const scan of scans.slice(1)) {
      const cut = Buffer.concat([file.subarray(0, scan), Buffer.from([0xff, 0xd9])])
      await expect(decodeFrame(cut, encoded, view)).rejects.toThrow(/INS_DECODE.*all scans of a JPEG/)
    }
  })

  it('16 bits per channel, PNG and TIFF', async () => {
    const deep = new Uint16Array(W * H).fill(40_000)
    const image = (): Sharp =>
      sharp(deep, { raw: { width: W, height: H, channels: 1 } }).toColourspace('grey16')
    expect(await code(await image().png().toBuffer())).toBe('INS_IMAGE_FORMAT')
    expect(await code(await image().tiff({ compression: 'lzw' }).toBuffer())).toBe('INS_IMAGE_FORMAT')
  })
  it('CMYK', async () => {
    expect(await code(await sharp(jpeg).toColourspace('cmyk').jpeg().toBuffer())).toBe('INS_IMAGE_FORMAT')
    expect(await code(await sharp(jpeg).toColourspace('cmyk').tiff().toBuffer())).toBe('INS_IMAGE_FORMAT')
  })
  it('samples with sign, and more than four in a pixel', async () => {
    expect([...(await decodeFrame(tiffOf(pixels, 1, { 262: [1] }), encoded, view)).data]).toEqual([...pixels])
    // TIFF 6.0, SampleFormat 2: two's complement
    expect(await code(tiffOf(pixels, 1, { 262: [1], 339: [2] }))).toBe('INS_IMAGE_FORMAT')
    const five = new Uint8Array(5 * W * H).map((_, i) => (i % 5 === 4 ? 255 : i))
    expect(await code(tiffOf(five, 5, { 262: [2], 338: [0, 0] }))).toBe('INS_IMAGE_FORMAT')
  })
  it('a 20,000 × 20,000 px bomb, from its header', async () => {
    const started = performance.now()
    expect(await code(pngOf(20_000, 20_000, 8, 0))).toBe('INS_IMAGE_LIMIT')
    const bomb = Buffer.from(jpeg)
    const sof = bomb.indexOf(Buffer.from([0xff, 0xc0]))
    bomb.writeUInt16BE(20_000, sof + 5)
    bomb.writeUInt16BE(20_000, sof + 7)
    expect(await code(bomb)).toBe('INS_IMAGE_LIMIT')
    expect(performance.now() - started).toBeLessThan(2_000)
  })
  it('another size than the recipe, raw and encoded', async () => {
    const want = { ...view, widthPx: 65 }
    expect(await code(jpeg, encoded, want)).toBe('INS_WRONG_SIZE')
    expect(await code(pixels, raw('mono8'), want)).toBe('INS_WRONG_SIZE')
  })
  it('raw bytes of the wrong length', async () => {
    expect(await code(pixels.subarray(1), raw('mono8'))).toBe('INS_IMAGE_FORMAT')
  })
  it('transparency', async () => {
    const clear = await sharp(monoPng).ensureAlpha(0.5).png().toBuffer()
    expect(await code(clear)).toBe('INS_IMAGE_FORMAT')
  })
  it('a grey level that means transparent (PNG, 11.3.2.1)', async () => {
    const body = Buffer.from([...Buffer.from('tRNS'), 0, pixels[70] ?? 0])
    const chunk = Buffer.alloc(14)
    chunk.writeUInt32BE(2, 0)
    body.copy(chunk, 4)
    chunk.writeUInt32BE(crc(body), 10)
    expect(await code(Buffer.concat([monoPng.subarray(0, 33), chunk, monoPng.subarray(33)]))).toBe(
      'INS_IMAGE_FORMAT',
    )
  })
  it('a format that is not read, with those that are', async () => {
    const jls = Buffer.from('fffffff7000b08003000400101110000ffd9', 'hex')
    await expect(decodeFrame(jls, encoded, view)).rejects.toThrow(/INS_DECODE.*expected JPEG, PNG/)
  })
  it('an animation', async () => {
    const frame = (background: string): SharpOptions => ({
      create: { width: W, height: H, channels: 3, background },
    })
    const gif = await sharp([frame('#f00'), frame('#0f0')] as never, { join: { animated: true } })
      .gif()
      .toBuffer()
    expect(await code(gif)).toBe('INS_IMAGE_FORMAT')
  })
  it('two pictures of a size in one, whole or cut: the second would not be judged', async () => {
    const pgm = Buffer.concat([Buffer.from(`P5\n${W} ${H}\n255\n`), pixels])
    const progressive = await sharp(monoPng).jpeg({ progressive: true }).toBuffer()
    const bmp = Buffer.alloc(54 + W * H * 3)
    bmp.write('BM')
    const fields = { 2: bmp.length, 10: 54, 14: 40, 18: W, 22: H, 26: 1 + (24 << 16) }
    for (const [at, value] of Object.entries(fields)) bmp.writeUInt32LE(value, Number(at))
    for (const one of [jpeg, progressive, monoPng, pgm, bmp]) {
      expect(await code(one)).toBe('ok')
      expect(await code(Buffer.concat([one, one]))).toBe('INS_IMAGE_FORMAT')
      expect(await code(Buffer.concat([one, Buffer.from('\r\n\0\0'), one.subarray(0, -9)]))).toBe(
        'INS_IMAGE_FORMAT',
      )
    }
  })

  it('takes what else lies behind a picture: padding, a preview, pictures that the file itself names', async () => {
    const preview = await sharp(monoPng)
      .resize(W / 2)
      .jpeg()
      .toBuffer()
    for (const more of [Buffer.alloc(100), Buffer.alloc(100, 0xff), preview, monoPng.subarray(0, 20)])
      expect(await code(Buffer.concat([jpeg, more]))).toBe('ok')
    const named = Buffer.from('\xff\xe2\0\x08MPF\0\0\0', 'latin1')
    expect(await code(Buffer.concat([jpeg.subarray(0, 2), named, jpeg.subarray(2), jpeg]))).toBe('ok')
  })

  it('says what was expected, what was found and what to do', async () => {
    await expect(decodeFrame(jpeg, encoded, { ...view, heightPx: 480 })).rejects.toThrow(
      'INS_WRONG_SIZE: the image size differs from the recipe; expected 64 × 480 px; found 64 × 48 px; set the camera',
    )
  })
})
