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
import { judge } from './samples/judge-pixels.ts'

/** Pixels of a module, and how often each symbol is damaged. */
const MODULE = 6
const TIMES = 300

/** Whether a module holds data: the reader must find the symbol before it can correct it. */
const DATA: Record<string, (x: number, y: number, modules: number) => boolean> = {
  Aztec: (x, y, n) => Math.max(Math.abs(x - (n - 1) / 2), Math.abs(y - (n - 1) / 2)) > 5,
  MicroQRCode: (x, y) => x > 0 && y > 0 && (x > 8 || y > 8),
  DataMatrix: (x, y, n) => x > 0 && y > 0 && x < n - 1 && y < n - 1,
}

/** Grey pixels of a symbol with so many white ones about it. */
async function printed(text: string, options: WriterOptions, margin = 20) {
  const { image } = await writeBarcode(text, options)
  return sharp(new Uint8Array(await (image as Blob).arrayBuffer()))
    .flatten({ background: '#fff' })
    .extend({ top: margin, bottom: margin, left: margin, right: margin, background: '#fff' })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true })
}

describe('code@1 on damaged symbols', async () => {
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')
  const wasmBinary = Uint8Array.from(readFileSync(wasm)).buffer
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })

  it.each<[WriteInputBarcodeFormat, string, string]>([
    ['Aztec', 'ecLevel=10%', 'Z4F88A1TSLJU'],
    ['MicroQRCode', '', 'SN0042'],
    ['DataMatrix', '', 'SN1'],
  ])('reads %s (%s) right or not at all, whatever is damaged', async (format, options, text) => {
    const { data, info } = await printed(text, { format, options, scale: MODULE }, 0)
    const dark = [...data.keys()].filter((i) => (data[i] ?? 255) < 128)
    const columns = dark.map((i) => i % info.width)
    const left = Math.min(...columns)
    const top = Math.floor((dark[0] ?? 0) / info.width)
    const modules = (Math.max(...columns) + 1 - left) / MODULE
    let state = 1
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return Math.floor((state / 0x80000000) * below)
    }
    const read = { right: 0, none: 0 }
    for (let n = 0; n < TIMES; n++) {
      const pixels = Uint8Array.from(data)
      for (let flips = 1 + random(20); flips > 0;) {
        const [x, y] = [random(modules), random(modules)]
        if (DATA[format]?.(x, y, modules) !== true) continue
        flips -= 1
        for (let row = 0; row < MODULE; row++) {
          const at = (top + y * MODULE + row) * info.width + left + x * MODULE
          for (let i = at; i < at + MODULE; i++) pixels[i] = 255 - (pixels[i] ?? 0)
        }
      }
      const tool = { id: 'id', use: 'code@1', formats: [format] }
      const [code] = (await judge([info.width, info.height], pixels, [tool])).codes
      if (code?.ok) expect(code.text).toBe(text)
      read[code?.ok ? 'right' : 'none'] += 1
    }
    expect(read.right).toBeGreaterThan(0)
    expect(read.none).toBeGreaterThan(TIMES / 3)
  })

  it.each<[text: string, options: string, px: number, period: number, phase: number]>([
    // The reader misses how many words of correction there are, and `S.=` and more stand behind the text.
    ['F1CW7K465GLY', '', 2, 18, 0],
    // Turned by 1.5 degrees either way it is not found.
    ['7PE4HSBQTH', 'ecLevel=2', 1.625, 18.77, 4.323],
    ['6CBBN7UW2MTKDCVDXV2J', 'ecLevel=4', 2.476, 17.145, 3.566],
    ['HASJTLR5KKHLJREFN9GFHEX', 'ecLevel=2', 1.583, 22.888, 4.736],
  ])(
    'reads the crumpled PDF417 %s, and no error correction as a part of it',
    async (text, options, px, period, phase) => {
      const { data, info } = await printed(text, { format: 'PDF417', scale: 2, options })
      const pixels = Uint8Array.from(data, (_, i) => {
        const x = Math.round((i % info.width) + px * Math.sin((i % info.width) / period + phase))
        return x >= 0 && x < info.width ? (data[i - (i % info.width) + x] ?? 255) : 255
      })
      const tool = { id: 'id', use: 'code@1', formats: ['PDF417'] }
      const { codes } = await judge([info.width, info.height], pixels, [tool])
      expect(codes).toMatchObject([{ ok: true, text }])
    },
  )

  it('reads a MicroPDF417 in the noise of a camera, whose sizes say how many words correct', async () => {
    const text = 'SN393320X289'
    const { data, info } = await printed(text, { format: 'MicroPDF417', scale: 2 })
    let state = 290
    const pixels = Uint8Array.from(data, (v) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return Math.max(0, Math.min(255, v * 0.6 + 50 + (state / 0x7fffffff - 0.5) * 120))
    })
    const tool = { id: 'id', use: 'code@1', formats: ['PDF417'] }
    const { codes } = await judge([info.width, info.height], pixels, [tool])
    expect(codes).toMatchObject([{ ok: true, symbology: 'MicroPDF417', text }])
  })

  it.each(['125579055245', '853230835825'])('takes no half of the EAN-13 %s for a UPC-E', async (digits) => {
    // Three bars and spaces of guard, six digits, and the middle with the bar behind it: 51 of 95 modules.
    const { data, info } = await printed(digits, { format: 'EAN13', scale: 4 })
    const dark = [...data.keys()].filter((i) => (data[i] ?? 255) < 128).map((i) => i % info.width)
    const left = dark.reduce((a, b) => Math.min(a, b))
    const px = (dark.reduce((a, b) => Math.max(a, b)) + 1 - left) / 95
    const torn = data.map((v, i) => ((i % info.width) - left < 51 * px ? v : 255))
    const tool = { id: 'id', use: 'code@1', formats: ['EAN-13', 'UPC-E'] }
    const read = async (pixels: Uint8Array) => (await judge([info.width, info.height], pixels, [tool])).codes
    expect(await read(data)).toMatchObject([{ ok: true, symbology: 'EAN-13' }])
    expect(await read(torn)).toMatchObject([{ ok: false, symbology: 'UPC-E', text: '' }])
  })
})
