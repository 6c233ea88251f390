import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import {
  createSampleProduct,
  DEFECT_CLASSES,
  exportSampleBoards,
  gtinOf,
  knownTraceWidth,
  NO_OPTICS,
  renderBoard,
  renderGolden,
  sampleLine,
  writeSampleRecipe,
} from '../../datasets/index.ts'
import { gs1CheckDigit } from '../../contracts/index.ts'
import { inspect, loadRecipe } from '../../inspection/index.ts'
import { context, prepare, raw } from './samples/inspection-recipes.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

beforeAll(async () => {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
  const wasmBinary = new Uint8Array(await readFile(file)).buffer
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
})

async function readCode(grey: Uint8Array): Promise<{ text: string; id: string }[]> {
  const data = new Uint8ClampedArray(640 * 640 * 4)
  grey.forEach((v, i) => data.set([v, v, v, 255], 4 * i))
  const image = { data, width: 640, height: 640, colorSpace: 'srgb' as const }
  const found = await readBarcodes(image, { formats: ['DataMatrix'] })
  return found.map((r) => ({ text: r.text, id: r.symbologyIdentifier }))
}

describe('sample product', () => {
  it('is the same for a seed, and another for another seed', () => {
    const a = renderGolden(createSampleProduct(5))
    expect(sha256(a)).toBe(sha256(renderGolden(createSampleProduct(5))))
    expect(sha256(a)).not.toBe(sha256(renderGolden(createSampleProduct(6))))
  })

  it('is bright or dark copper on request, with the same geometry', () => {
    const bright = createSampleProduct(5, { polarity: 'bright' })
    const dark = createSampleProduct(5, { polarity: 'dark' })
    expect(dark.mask).toEqual(bright.mask)
    const mean = (p: typeof bright): number => {
      const copper = p.grey.filter((_, i) => p.mask[i] === 1 && (p.depth[i] ?? 0) > 2)
      return copper.reduce((a, b) => a + b, 0) / copper.length
    }
    expect(mean(bright)).toBeGreaterThan(170)
    expect(mean(dark)).toBeLessThan(60)
  })

  // 9506000134352 is the example GTIN of the GS1 Digital Link standard.
  it('numbers products with valid GTINs', () => {
    expect(gs1CheckDigit('0950600013435')).toBe(2)
    for (const seed of [1, 2, 3]) {
      const gtin = gtinOf(seed)
      expect(gtin).toMatch(/^09506000\d{6}$/)
      expect(gs1CheckDigit(gtin.slice(0, 13))).toBe(Number(gtin[13]))
    }
  })
})

describe('sample board', () => {
  it('is the same for product, order and seed', async () => {
    const product = createSampleProduct(5)
    const order = { serial: 'SL00000001', lot: 'L0001', seed: 9, defects: DEFECT_CLASSES }
    const a = await renderBoard(product, order)
    const b = await renderBoard(createSampleProduct(5), order)
    expect(sha256(a.pixels)).toBe(sha256(b.pixels))
    expect(a.truth).toEqual(b.truth)
    expect(a.truth.defects.map((d) => d.class)).toEqual([...DEFECT_CLASSES])
  })

  it('carries a GS1 DataMatrix that an independent reader reads, through optics', async () => {
    for (const polarity of ['bright', 'dark'] as const) {
      const product = createSampleProduct(11, { polarity })
      for (let n = 0; n < 3; n++) {
        const board = await renderBoard(product, {
          serial: `SL0000123${n}`,
          lot: 'L0042',
          seed: n,
          defects: [],
        })
        expect(await readCode(board.pixels)).toEqual([
          { text: `(01)${product.gtin}(21)SL0000123${n}(10)L0042`, id: ']d2' },
        ])
      }
    }
  })

  it('differs from the golden template only on the label and inside the true boxes', async () => {
    const product = createSampleProduct(12)
    const board = await renderBoard(product, {
      serial: 'SL1',
      lot: 'L1',
      seed: 3,
      defects: DEFECT_CLASSES,
      optics: NO_OPTICS,
    })
    const allowed = [...board.truth.defects.map((d) => d.box), product.design.label ?? [0, 0, 0, 0]]
    const stray: number[] = []
    board.pixels.forEach((v, i) => {
      const x = i % 640
      const y = (i - x) / 640
      const inside = allowed.some((b) => x >= b[0] && y >= b[1] && x < b[2] && y < b[3])
      if (!inside && v !== product.grey[i]) stray.push(i)
    })
    expect(stray).toEqual([])
    for (const d of board.truth.defects) {
      let changed = 0
      for (let y = d.box[1]; y < d.box[3]; y++)
        for (let x = d.box[0]; x < d.box[2]; x++)
          if (Math.abs((board.pixels[y * 640 + x] ?? 0) - (product.grey[y * 640 + x] ?? 0)) > 32) changed++
      expect(changed, d.class).toBeGreaterThan(8)
    }
  })

  it('refuses a serial too long for the label', async () => {
    const order = { serial: 'S'.repeat(60), lot: 'L0001', seed: 1, defects: [] }
    await expect(renderBoard(createSampleProduct(5), order)).rejects.toThrow(/DAT_ANNOTATION.*fit/)
  })
})

describe('sample line', () => {
  it('delivers numbered boards, the n-th being the same however many are made', async () => {
    const product = createSampleProduct(21)
    const take = async (count: number): Promise<string[]> => {
      const seen: string[] = []
      for await (const b of sampleLine(21, {
        count,
        defectRate: 0.5,
        firstSerial: 99,
        lotSize: 100,
        product,
      }))
        seen.push(`${b.truth.serial} ${b.truth.lot} ${sha256(b.pixels)}`)
      return seen
    }
    const three = await take(3)
    expect(three.map((s) => s.slice(0, 16))).toEqual([
      'SL00000099 L0001',
      'SL00000100 L0002',
      'SL00000101 L0002',
    ])
    expect((await take(2)).join()).toBe(three.slice(0, 2).join())
  })
})

describe('export of pairs', () => {
  it('writes the DeepPCB layout with no design in both lists', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sightline-boards-'))
    try {
      const made = await exportSampleBoards(dir, { count: 8, seed: 4, products: 4, valShare: 0.25 })
      expect(made).toEqual({ train: 6, val: 2 })
      const lines = async (f: string): Promise<string[][]> =>
        (await readFile(join(dir, f), 'utf8'))
          .trim()
          .split('\n')
          .map((l) => l.split(' '))
      const train = await lines('train.txt')
      const val = await lines('val.txt')
      const groups = (l: string[][]): string[] => l.map(([a]) => a?.split('/')[0] ?? '')
      expect(groups(val).filter((g) => groups(train).includes(g))).toEqual([])
      for (const [image, notes] of [...train, ...val]) {
        for (const suffix of ['_test.jpg', '_temp.jpg']) {
          const meta = await sharp(join(dir, image?.replace('.jpg', suffix) ?? '')).metadata()
          expect([meta.format, meta.width, meta.height, meta.channels]).toEqual(['jpeg', 640, 640, 1])
        }
        const boxes = (await readFile(join(dir, notes ?? ''), 'utf8')).split('\n').filter(Boolean)
        for (const b of boxes) expect(b).toMatch(/^\d+ \d+ \d+ \d+ [1-6]$/)
      }
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})

describe('sample recipe', () => {
  it('loads, and names a trace whose width is known', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sightline-recipe-'))
    try {
      const product = createSampleProduct(7)
      const made = await writeSampleRecipe(dir, product)
      const loaded = await loadRecipe(dir, made.id)
      expect(loaded.recipe).toEqual(made.recipe)
      const golden = loaded.recipe.golden
      expect(golden?.from === 'file' && golden.sha256).toBe(sha256(await readFile(made.goldenFile)))
      // The width counted in copper pixels along the line must agree with the drawing.
      const { line, trueMm } = knownTraceWidth(product)
      let count = 0
      const [x1, y1, x2, y2] = line.map((v) => v - 0.5) as [number, number, number, number]
      const steps = Math.max(x2 - x1, y2 - y1)
      for (let s = 0; s <= steps; s++) {
        const x = x1 + ((x2 - x1) * s) / steps
        const y = y1 + ((y2 - y1) * s) / steps
        count += (product.layers.copper.data[Math.round(y) * 640 + Math.round(x)] ?? 0) / 255
      }
      expect(count / 48).toBeCloseTo(trueMm, 3)
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  it('takes no board for judged over which a reflection lies: nothing shows there, and no deviation', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sightline-recipe-'))
    try {
      const product = createSampleProduct(7)
      const made = await writeSampleRecipe(dir, product)
      const prepared = await prepare(made.recipe, dir)
      const judged = async (radiusPx: number): Promise<string | undefined> => {
        const pixels = Uint8Array.from(renderGolden(product))
        for (let y = 0; y < 640; y++)
          for (let x = 0; x < 640; x++) if (Math.hypot(x - 320, y - 320) < radiusPx) pixels[y * 640 + x] = 255
        const { verdict } = await inspect({ bytes: pixels, format: raw([640, 640]) }, prepared, context)
        return verdict.noVerdict?.message
      }
      expect(await judged(0)).toBeUndefined()
      for (const radiusPx of [15, 110])
        expect(await judged(radiusPx)).toMatch(/INS_QUALITY.*glareMax 0\.001.*check reflections/)
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
