import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import {
  prepareZXingModule,
  writeBarcode,
  type WriteInputBarcodeFormat,
  type WriterOptions,
} from 'zxing-wasm/writer'
import type { Recipe } from '../../contracts/index.ts'
import { codesElsewhere, identityTools } from '../../inspection/index.ts'
import { goldenFile, render } from './samples/inspection-recipes.ts'
import { judge } from './samples/judge-pixels.ts'

/** Rows of a QR symbol, dark = 1: `SN12345` as the first of three of a structured append, drawn by Zint 2.15. */
const FIRST_OF_THREE = (
  '1fc37f 104c41 17405d 17415d 17535d 104a41 1fd57f 1800 672d0 a1445 14cd69 ' +
  '1c92d2 44098 1155 1fd41a 1045f5 174a49 175042 1756d8 104c2a 1fcff2'
).split(' ')

describe('code@1', async () => {
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')
  const wasmBinary = Uint8Array.from(readFileSync(wasm)).buffer
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
  const size = [320, 240] as const

  async function scene(
    text: string,
    format: WriteInputBarcodeFormat,
    gs1: boolean,
    x: number,
    y: number,
    scale = 4,
  ) {
    const { image } = await writeBarcode(text, { format, scale, ...(gs1 ? { options: 'gs1' } : {}) })
    const code = sharp(new Uint8Array(await (image as Blob).arrayBuffer())).flatten({ background: '#fff' })
    return sharp({ create: { width: 320, height: 240, channels: 3, background: '#d0d0d0' } })
      .composite([{ input: await code.png().toBuffer(), left: x, top: y }])
      .toColourspace('b-w')
      .raw()
      .toBuffer()
  }
  const tool = { id: 'id', use: 'code@1', formats: ['DataMatrix', 'QRCode'] }

  it('reads a GS1 DataMatrix with FNC1 as <GS> and its symbology identifier', async () => {
    const v = await judge(
      size,
      await scene('(01)09506000134352(10)ABC123(21)S7', 'DataMatrix', true, 40, 60),
      [tool],
    )
    expect(v.codes).toHaveLength(1)
    expect(v.codes[0]).toMatchObject({
      tool: 'id',
      ok: true,
      symbology: 'DataMatrix',
      symbologyId: ']d2',
      text: '010950600013435210ABC123\u001d21S7',
    })
    const [[x, y] = []] = v.codes[0]?.corners ?? []
    expect(x).toBeGreaterThan(40)
    expect(x).toBeLessThan(60)
    expect(y).toBeGreaterThan(60)
    expect(y).toBeLessThan(80)
  })

  it('looks in the region first, then everywhere, unless told not to', async () => {
    const pixels = await scene('SN-0042', 'QRCode', false, 150, 80)
    const rois = { rois: { label: { shape: 'rect', box: [0, 0, 60, 60] } } }
    const found = await judge(size, pixels, [{ ...tool, roi: 'label' }], rois)
    expect(found.codes).toMatchObject([{ ok: true, text: 'SN-0042', symbologyId: ']Q1' }])
    const missed = await judge(size, pixels, [{ ...tool, roi: 'label', wholeFrameFallback: false }], rois)
    expect(missed.codes).toEqual([
      {
        tool: 'id',
        ok: false,
        symbology: 'DataMatrix|QRCode',
        text: '',
        symbologyId: '',
        corners: [],
        error: 'no symbol found',
      },
    ])
    expect(missed.result).toBe('pass')
  })

  it.each([
    // In extended Code 39 `/N` is a full stop, `+C` a small c and `+A` a small a.
    ['S/N1234', 'S.1234'],
    ['AB+C12', 'ABc12'],
    // Six characters that pass for a number of Code 32, the pharmacode of Italy.
    ['5J2451', '5J2451'],
  ])('reads %s of Code 39 as it is printed, and as extended only when asked', async (text, extended) => {
    const pixels = await scene(text, 'Code39', false, 10, 60, 1)
    const read = async (formats: string[]) => (await judge(size, pixels, [{ ...tool, formats }])).codes
    expect(await read(['Code39'])).toMatchObject([
      { ok: true, symbology: 'Code39', symbologyId: ']A0', text },
    ])
    if (extended !== text)
      expect(await read(['Code39Ext'])).toMatchObject([
        { ok: true, symbology: 'Code39Ext', symbologyId: ']A4', text: extended },
      ])
  })

  it('takes one symbol of a text that goes over several for no name', async () => {
    const side = 21 * 6
    const pixels = new Uint8Array(size[0] * size[1]).fill(255)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const row = Number.parseInt(FIRST_OF_THREE[Math.floor(y / 6)] ?? '', 16)
        if ((row >> (20 - Math.floor(x / 6))) & 1) pixels[(y + 50) * size[0] + x + 60] = 0
      }
    expect((await judge(size, pixels, [tool])).codes).toMatchObject([
      {
        ok: false,
        symbology: 'QRCode',
        text: '',
        error: 'symbol 1 of 3 that hold one text (structured append)',
      },
    ])
  })

  // Code 128 with FNC3, and what the other two have for it.
  it.each(['Code128', 'DataMatrix', 'Aztec'] as const)(
    'takes no name from a %s that programs a reader',
    async (format) => {
      const read = async (options: WriterOptions['options']) => {
        const { image } = await writeBarcode('SN-0042', { format, scale: 2, options: options ?? '' })
        const code = sharp(new Uint8Array(await (image as Blob).arrayBuffer())).flatten({
          background: '#fff',
        })
        const pixels = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#fff' } })
          .composite([{ input: await code.png().toBuffer(), left: 30, top: 40 }])
          .toColourspace('b-w')
          .raw()
          .toBuffer()
        return (await judge(size, pixels, [{ ...tool, formats: [format] }])).codes
      }
      expect(await read('')).toMatchObject([{ ok: true, text: 'SN-0042' }])
      expect(await read('readerInit')).toMatchObject([
        { ok: false, symbology: format, text: '', error: 'the symbol programs a reader, and is no data' },
      ])
    },
  )

  it('gives a name to a part that cannot be judged', async () => {
    const pixels = await scene('SN-0043', 'QRCode', false, 100, 40)
    const v = await judge(size, pixels, [
      {
        id: 'gap',
        use: 'measure@1',
        characteristic: 'gap',
        line: [0, 5, 30, 5],
        edges: ['rising', 'falling'],
        unit: 'px',
      },
      tool,
    ])
    expect(v.noVerdict).toMatchObject({ reason: 'tool', code: 'INS_TOOL' })
    expect(v.codes).toMatchObject([{ ok: true, text: 'SN-0043' }])
  })

  it('names a part by what it reads in the region, not by the code of the part beside it', async () => {
    const rois = { label: { shape: 'rect', box: [20, 20, 140, 140] } }
    const one = { ...tool, identity: true, roi: 'label' }
    const naming = async (x: number) => {
      const { codes } = await judge(size, await scene('SN-0042', 'QRCode', false, x, 40), [one], { rois })
      expect(codes).toMatchObject([{ ok: true, text: 'SN-0042' }])
      const recipe = { view: { widthPx: 320, heightPx: 240 }, rois, tools: [one] } as unknown as Recipe
      return [identityTools(recipe, codes), codesElsewhere(recipe, codes).map((c) => c.text)]
    }
    // That of the part itself, where the region ends just behind it, and that of its neighbour.
    expect(await naming(40)).toEqual([['id'], []])
    expect(await naming(200)).toEqual([[], ['SN-0042']])
  })

  it('reads the name of a part that is not in its place, without corners', async () => {
    const { dir, golden } = await goldenFile(
      size,
      render(size, (x, y) => 128 + 60 * Math.sin(x * y * 0.01)),
    )
    const pose = { id: 'pose', use: 'register@1', anchors: [[100, 100, 140, 140]], maxShiftPx: 10 }
    const v = await judge(
      size,
      await scene('SN-0044', 'QRCode', false, 100, 40),
      [tool, pose],
      { golden },
      dir,
    )
    expect(v.noVerdict).toMatchObject({ reason: 'registration', code: 'INS_REGISTER' })
    expect(v.codes).toMatchObject([{ ok: true, text: 'SN-0044', corners: [] }])
  })
})
