import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, expect, it } from 'vitest'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'
import { gs1CheckDigit } from '../../contracts/index.ts'
import { readCodes } from '../../inspection/pipeline/zxing.ts'
import { judge } from './samples/judge-pixels.ts'

const SEED = 20261130

/** Bars of something else beside a symbol, and what is quiet behind them. */
const OTHER = [...'1011001100100100110000000'].map((c) => c === '1')

/** Modules of a symbol, true where dark, with a quiet zone of eleven. */
async function modulesOf(text: string): Promise<boolean[]> {
  const { image } = await writeBarcode(text, { format: 'EAN13', scale: 1, options: 'addHRT=false' })
  const { data, info } = await sharp(new Uint8Array(await (image as Blob).arrayBuffer()))
    .flatten({ background: '#fff' })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const row = [...data.subarray(5 * info.width, 6 * info.width)].map((v) => v < 128)
  const quiet = Array.from({ length: 11 }, () => false)
  return [...quiet, ...row.slice(row.indexOf(true), row.lastIndexOf(true) + 1), ...quiet]
}

/** How dark a point is, 0 to 1, under a Gaussian blur; both in modules. */
function darkness(modules: readonly boolean[], at: number, blur: number): number {
  let dark = 0
  let sum = 0
  for (let d = -3; d <= 3; d += 0.125) {
    const weight = Math.exp((-d * d) / (2 * blur * blur))
    dark += modules[Math.floor(at + d)] === true ? weight : 0
    sum += weight
  }
  return dark / sum
}

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')
  await prepareZXingModule({
    overrides: { wasmBinary: Uint8Array.from(readFileSync(wasm)).buffer },
    fireImmediately: true,
  })
})

it.each([
  ['little', 2, 0.3, 145, 150, false],
  ['much', 2, 0.4, 70, 150, false],
  // Some of these are also read as something else when they are enlarged.
  ['little', 2.5, 0.3, 199, 200, true],
])(
  `reads EAN-13 with %s blur and %s px per module right or not at all, seed ${SEED}`,
  async (_name, modulePx, blur, least, symbols, beside) => {
    let state = SEED
    const random = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state / 0x80000000
    }
    const read = { right: 0, none: 0, wrong: [] as string[] }
    for (let n = 0; n < symbols; n++) {
      const digits = Array.from({ length: 12 }, () => Math.floor(random() * 10)).join('')
      const text = `${digits}${gs1CheckDigit(digits)}`
      const modules = await modulesOf(text)
      if (beside) modules.push(...OTHER)
      const [width, height] = [Math.ceil(modules.length * modulePx), 80]
      const shift = random()
      const row = Array.from({ length: width }, (_, x) => darkness(modules, (x + shift) / modulePx, blur))
      const pixels = new Uint8Array(width * height)
      for (let i = 0; i < pixels.length; i++)
        pixels[i] = 210 - 160 * (row[i % width] ?? 0) + 8 * (random() - 0.5)
      const { codes } = await judge([width, height], pixels, [
        { id: 'id', use: 'code@1', formats: ['EAN-13'] },
      ])
      const [code] = codes
      if (code?.ok !== true) read.none += 1
      else if (code.text === text) read.right += 1
      else read.wrong.push(`${code.text} for ${text}`)
    }
    expect(read.wrong).toEqual([])
    expect(read.right).toBeGreaterThan(least)
  },
  60_000,
)

it.each([0, 90])(
  'takes little longer for a large EAN-13, turned by %s degrees, than for a frame without any',
  async (turn) => {
    const modules = await modulesOf('4006381333931')
    const [width, height] = [30 * modules.length, 2_400]
    const pixels = new Uint8Array(width * width).fill(210)
    for (let y = (width - height) / 2; y < (width + height) / 2; y++)
      for (let x = 0; x < width; x++) {
        pixels[turn === 0 ? y * width + x : x * width + y] = modules[Math.floor(x / 30)] ? 40 : 210
      }
    const cost = async (frame: Uint8Array): Promise<[number, readonly string[]]> => {
      const before = process.cpuUsage()
      const codes = await readCodes(frame, width, [0, 0, width, width], ['EAN-13'])
      const { user, system } = process.cpuUsage(before)
      return [user + system, codes.map((c) => c.text)]
    }
    await cost(pixels)
    const [empty] = await cost(new Uint8Array(pixels.length).fill(210))
    const [large, texts] = await cost(pixels)
    expect(texts).toEqual(['4006381333931'])
    expect(large / empty).toBeLessThan(5)
  },
)
