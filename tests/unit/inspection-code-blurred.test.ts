import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'
import { gs1CheckDigit } from '../../contracts/index.ts'
import { judge } from './samples/judge-pixels.ts'

const SEED = 20261130
/** Pixels of a module. */
const MODULE = 2

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

it.each([
  ['little', 0.3, 145],
  ['much', 0.4, 70],
])(
  `reads EAN-13 with %s blur right or not at all, seed ${SEED}`,
  async (_name, blur, least) => {
    const wasm = createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')
    await prepareZXingModule({
      overrides: { wasmBinary: Uint8Array.from(readFileSync(wasm)).buffer },
      fireImmediately: true,
    })
    let state = SEED
    const random = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state / 0x80000000
    }
    const read = { right: 0, none: 0, wrong: [] as string[] }
    for (let n = 0; n < 150; n++) {
      const digits = Array.from({ length: 12 }, () => Math.floor(random() * 10)).join('')
      const text = `${digits}${gs1CheckDigit(digits)}`
      const modules = await modulesOf(text)
      const [width, height] = [Math.ceil(modules.length * MODULE), 80]
      const shift = random()
      const row = Array.from({ length: width }, (_, x) => darkness(modules, (x + shift) / MODULE, blur))
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
