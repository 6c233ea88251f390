import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { prepareZXingModule, writeBarcode, type WriteInputBarcodeFormat } from 'zxing-wasm/writer'
import type { CodeRead } from '../../contracts/index.ts'
import { judge } from './samples/judge-pixels.ts'

const SIZE = [720, 720] as const
/** Degrees clockwise: around the quarter turns and between them. */
const ANGLES = [0, 8, 30, 45, 77, 137, 270, 301]

/** Symbols drawn by Zint (in `zxing-wasm/writer`), which shares no code with the reader. */
const SYMBOLS: [format: string, drawn: WriteInputBarcodeFormat, asked: string, text: string][] = [
  ['Code128', 'Code128', 'SN-00420042', 'SN-00420042'],
  ['EAN-13', 'EAN13', '4006381333931', '4006381333931'],
  ['EAN-8', 'EAN8', '96385074', '96385074'],
  ['UPC-A', 'UPCA', '036000291452', '0036000291452'],
  ['UPC-E', 'UPCE', '01234565', '0012345000065'],
  ['Code39', 'Code39', 'PART-7788', 'PART-7788'],
  ['Code93', 'Code93', 'LOT93X', 'LOT93X'],
  ['Codabar', 'Codabar', 'A123456B', 'A123456B'],
  ['ITF', 'ITF', '15400141288763', '15400141288763'],
  ['PDF417', 'PDF417', 'PDF 417 serial 99871', 'PDF 417 serial 99871'],
  ['DataBar', 'DataBarOmni', '0950600013435', '0109506000134352'],
  ['DataBar', 'DataBarStkOmni', '0950600013435', '0109506000134352'],
  ['DataBarLimited', 'DataBarLtd', '0950600013435', '0109506000134352'],
  ['DataBarExpanded', 'DataBarExp', '[01]09506000134352[10]AB', '010950600013435210AB'],
  ['DataBarExpanded', 'DataBarExpStk', '[01]09506000134352[10]AB', '010950600013435210AB'],
  ['DataMatrix', 'DataMatrix', 'DM-1', 'DM-1'],
  ['QRCode', 'QRCode', 'QR-1', 'QR-1'],
  ['MicroQRCode', 'MicroQRCode', '12345', '12345'],
  ['Aztec', 'Aztec', 'AZ-1', 'AZ-1'],
]

describe('code@1 on turned symbols', async () => {
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')
  const wasmBinary = Uint8Array.from(readFileSync(wasm)).buffer
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })

  /** The symbol in the middle of a white frame, turned about its middle. */
  async function turned(
    drawn: WriteInputBarcodeFormat,
    text: string,
    angle: number,
    scale = 3,
  ): Promise<Uint8Array> {
    const gs1 = text.startsWith('[') ? { options: 'gs1' } : {}
    const { image } = await writeBarcode(text, { format: drawn, scale, ...gs1 })
    const symbol = await sharp(new Uint8Array(await (image as Blob).arrayBuffer()))
      .flatten({ background: '#fff' })
      .rotate(angle, { background: '#fff' })
      .png()
      .toBuffer()
    return sharp({ create: { width: SIZE[0], height: SIZE[1], channels: 3, background: '#fff' } })
      .composite([{ input: symbol }])
      .toColourspace('b-w')
      .raw()
      .toBuffer()
  }

  const codes = async (pixels: Uint8Array, tool: object, more = {}): Promise<readonly CodeRead[]> =>
    (await judge(SIZE, pixels, [{ id: 'id', use: 'code@1', ...tool }], more)).codes

  it.each([
    ['89RP4CP5RJSS', 4, 8.5],
    ['ZFTZ8ST6XEPD', 5, 10],
    ['PART 7788-01', 3, 8.75],
  ])('takes no text that error correction made up for PDF417 %s', async (text, scale, angle) => {
    // Tilted so far, so many words are missed that whatever is left of them is corrected to some text.
    const pixels = await turned('PDF417', text, angle, scale)
    expect(await codes(pixels, { formats: ['PDF417'] })).toMatchObject([{ ok: true, text }])
  })

  it.each(SYMBOLS)('reads %s (%s) at any angle', async (format, drawn, asked, text) => {
    for (const angle of ANGLES) {
      const found = await codes(await turned(drawn, asked, angle), { formats: [format] })
      expect(found, `${angle} degrees`).toMatchObject([{ ok: true, symbology: format, text }])
      for (const [x, y] of found[0]?.corners ?? []) {
        expect(Math.hypot(x - SIZE[0] / 2, y - SIZE[1] / 2), `corner at ${angle} degrees`).toBeLessThan(330)
      }
    }
  })

  it.each(['15400141288763', '12345670', '30712345000010'])(
    'takes no part of the ITF symbol %s for the whole',
    async (digits) => {
      const allowed = digits.length === 14 ? {} : { itfDigits: [8] }
      for (let angle = 0; angle < 180; angle += 12) {
        const pixels = await turned('ITF', digits, angle)
        const found = await codes(pixels, { formats: ['ITF'], ...allowed })
        expect(found, `${angle} degrees`).toMatchObject([{ ok: true, text: digits }])
      }
    },
    60_000,
  )

  it.each([
    ['Code128', 'Code128', 20],
    ['QRCode', 'QRCode', 24],
  ] as const)('reads two %s side by side at any angle', async (format, drawn, gapPx) => {
    const symbols = await Promise.all(
      ['PART-77', 'SN-00042'].map(async (text) => {
        const { image } = await writeBarcode(text, { format: drawn, scale: 3 })
        return sharp(new Uint8Array(await (image as Blob).arrayBuffer()))
          .flatten({ background: '#fff' })
          .png()
          .toBuffer({ resolveWithObject: true })
      }),
    )
    const [first, second] = symbols.map((s) => s.info)
    if (!first || !second) throw new Error('no symbols')
    const label = await sharp({
      create: {
        width: Math.max(first.width, second.width) + 40,
        height: first.height + second.height + gapPx + 40,
        channels: 3,
        background: '#fff',
      },
    })
      .composite([
        { input: symbols[0]?.data ?? '', left: 20, top: 20 },
        { input: symbols[1]?.data ?? '', left: 20, top: 20 + first.height + gapPx },
      ])
      .png()
      .toBuffer()
    for (const angle of [0, 12, 30, 45, 67, 135, 225]) {
      const input = await sharp(label).rotate(angle, { background: '#fff' }).png().toBuffer()
      const pixels = await sharp({ create: { width: 720, height: 720, channels: 3, background: '#fff' } })
        .composite([{ input }])
        .toColourspace('b-w')
        .raw()
        .toBuffer()
      const texts = (await codes(pixels, { formats: [format] })).map((c) => c.text).toSorted()
      expect(texts, `${angle} degrees`).toEqual(['PART-77', 'SN-00042'])
    }
  })

  it('reads a turned symbol in the corner of a large frame, and finds none where there is none', async () => {
    const symbol = await turned('Code128', 'SN-7', 33)
    const grey = Buffer.alloc(2400 * 1800, 200)
    for (let y = 0; y < 720; y++) grey.set(symbol.subarray(y * 720, (y + 1) * 720), (1050 + y) * 2400 + 1600)
    const judged = await judge([2400, 1800], grey, [{ id: 'id', use: 'code@1', formats: ['Code128'] }])
    expect(judged.codes).toMatchObject([{ ok: true, text: 'SN-7' }])
    const [x, y] = judged.codes[0]?.corners[0] ?? []
    expect(Math.hypot((x ?? 0) - 1960, (y ?? 0) - 1410)).toBeLessThan(300)
    const empty = Buffer.alloc(2400 * 1800)
    for (let i = 0; i < empty.length; i++) empty[i] = 100 + ((i * 7919) % 9)
    const none = await judge([2400, 1800], empty, [
      { id: 'id', use: 'code@1', formats: ['Code128', 'PDF417'] },
    ])
    expect(none.codes).toMatchObject([{ ok: false, error: 'no symbol found' }])
  })

  it('says which number of digits an ITF symbol may have', async () => {
    const pixels = await turned('ITF', '12345670', 0)
    const error = '8 digits of ITF may be a part of it: expected 14 (itfDigits of the tool)'
    expect(await codes(pixels, { formats: ['ITF'] })).toMatchObject([{ ok: false, text: '', error }])
    const other = '8 digits of ITF may be a part of it: expected 14 or 6 (itfDigits of the tool)'
    expect(await codes(pixels, { formats: ['ITF'], itfDigits: [6] })).toMatchObject([{ error: other }])
  })

  it('refuses 14 digits of ITF with a wrong check digit', async () => {
    const pixels = await turned('ITF', '15400141288764', 0)
    const error = 'wrong check digit of ITF-14: expected 3'
    expect(await codes(pixels, { formats: ['ITF'] })).toMatchObject([{ ok: false, error }])
  })

  it('reads no turned symbol that lies beside the region', async () => {
    const pixels = await turned('Code128', 'SN-1', 30)
    const tool = { formats: ['Code128'], roi: 'corner', wholeFrameFallback: false }
    const rois = { rois: { corner: { shape: 'rect', box: [0, 0, 330, 330] } } }
    expect(await codes(pixels, tool, rois)).toMatchObject([{ ok: false }])
    const around = { rois: { corner: { shape: 'rect', box: [200, 200, 520, 520] } } }
    expect(await codes(pixels, tool, around)).toMatchObject([{ ok: true, text: 'SN-1' }])
  })
})
