import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32Of } from './crc32.ts'
import { deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import { openTraceQuery, type PartRow } from '../../traceability/query/index.ts'

export const WIDTH = 64
export const HEIGHT = 48

/** A smooth mid-grey ramp: nothing on it is as bright as the blob tool of `goodRecipe` looks for. */
export const ramp = (width = WIDTH, height = HEIGHT): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, i) => 80 + (i % width) + Math.floor(i / width / 4))

const grey = (data = ramp(), width = WIDTH, height = HEIGHT): Sharp =>
  sharp(data, { raw: { width, height, channels: 1 } }).toColourspace('b-w')

export const goodPng = (): Promise<Buffer> => grey().png().toBuffer()
export const goodJpeg = (): Promise<Buffer> => grey().jpeg({ quality: 95 }).toBuffer()
export const blackPng = (): Promise<Buffer> =>
  grey(new Uint8Array(WIDTH * HEIGHT))
    .png()
    .toBuffer()

/** What is wrong with a frame, and how the record must name it. */
export interface BadFrame {
  file: string
  mime: string
  bytes: Buffer
  reason: string
  code: string
  says: RegExp
}

export async function badFrames(): Promise<BadFrame[]> {
  const jpeg = await goodJpeg()
  const rgb = sharp(await goodPng()).toColourspace('srgb')
  const pages = await Promise.all(
    ['#f00', '#0f0'].map((background) =>
      sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  )
  const frame = (file: string, bytes: Buffer, reason: string, code: string, says: RegExp): BadFrame => ({
    file,
    mime: file.endsWith('.jpg') ? 'image/jpeg' : 'image/png',
    bytes,
    reason,
    code,
    says,
  })
  return [
    frame(
      'truncated.jpg',
      jpeg.subarray(0, jpeg.length >> 1),
      'decode',
      'INS_DECODE',
      /cut off after \d+ bytes/,
    ),
    frame('empty.jpg', Buffer.alloc(0), 'decode', 'INS_DECODE', /found 0 bytes; check the camera/),
    frame(
      'text.jpg',
      Buffer.from('this is a text file\n'.repeat(9)),
      'decode',
      'INS_DECODE',
      /expected .*found/,
    ),
    frame(
      'sixteen.png',
      await grey().toColourspace('grey16').png().toBuffer(),
      'decode',
      'INS_IMAGE_FORMAT',
      /expected 8 bits per channel; found 16 bits/,
    ),
    frame(
      'cmyk.jpg',
      await rgb.clone().toColourspace('cmyk').jpeg().toBuffer(),
      'decode',
      'INS_IMAGE_FORMAT',
      /expected grey or RGB; found .*CMYK/,
    ),
    frame(
      'bomb.png',
      png(20_000, 20_000, zeroes(20_000, 20_000)),
      'decode',
      'INS_IMAGE_LIMIT',
      /at most 100 megapixels; found 20000 × 20000 px/,
    ),
    frame(
      'claims-bomb.png',
      png(20_000, 20_000, zeroes(64, 48)),
      'decode',
      'INS_IMAGE_LIMIT',
      /20000 × 20000 px/,
    ),
    frame(
      'hides-less.png',
      png(WIDTH, HEIGHT, zeroes(WIDTH, 4)),
      'decode',
      'INS_DECODE',
      /expected a complete image/,
    ),
    frame(
      'wrong-size.png',
      await grey(ramp(32, 32), 32, 32).png().toBuffer(),
      'wrong-size',
      'INS_WRONG_SIZE',
      /expected 64 × 48 px; found 32 × 32 px; set the camera/,
    ),
    frame(
      'alpha.png',
      await rgb.clone().ensureAlpha(0.5).png().toBuffer(),
      'decode',
      'INS_IMAGE_FORMAT',
      /transparency at \(0, 0\); remove the alpha channel/,
    ),
    {
      ...frame(
        'animated.png',
        await sharp(pages, { join: { animated: true } })
          .gif()
          .toBuffer(),
        'decode',
        'INS_IMAGE_FORMAT',
        /expected one image; found an animation/,
      ),
      mime: 'image/gif',
    },
  ]
}

/** Deflated rows of black 8-bit grey pixels: 400 MB become 400 KB. */
const zeroes = (width: number, height: number): Buffer => deflateSync(Buffer.alloc((width + 1) * height))

/** A PNG whose header and data need not agree. */
function png(width: number, height: number, data: Buffer): Buffer {
  const chunk = (type: string, content: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(content.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc32Of(body), body.length + 4)
    return out
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.writeUInt8(8, 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const text = (en: string): { en: string; zh: string } => ({ en, zh: en })

/** A recipe that passes the ramp; `over` replaces top-level keys. */
export const goodRecipe = (over: object = {}): Record<string, unknown> => ({
  recipe: 'ramp',
  version: 1,
  title: text('Ramp'),
  product: { id: 'ramp' },
  view: { widthPx: WIDTH, heightPx: HEIGHT },
  rois: { all: { shape: 'rect', box: [0, 0, WIDTH, HEIGHT] } },
  tools: [{ id: 'spot', use: 'blob@1', polarity: 'bright', threshold: 250, roi: 'all' }],
  rules: [
    {
      id: 'bad',
      when: 'findings.size() > 0',
      condemns: 'true',
      verdict: 'fail',
      disposition: 'scrap',
      reason: text('Spot'),
    },
    {
      id: 'good',
      when: 'findings.size() == 0',
      verdict: 'pass',
      disposition: 'release',
      reason: text('Clean'),
    },
  ],
  ...over,
})

export interface Workshop {
  dir: string
  data: string
  remove(): void
  /** Writes `<name>.line.yaml` and returns its path. */
  line(name: string, over: object | string): string
  recipe(content: object | string, file?: string): void
}

/** A folder with the recipe `ramp@1` in it, for line files. */
export function workshop(name: string): Workshop {
  const dir = mkdtempSync(join(tmpdir(), `sightline-${name}-`))
  mkdirSync(join(dir, 'recipes'))
  const shop: Workshop = {
    dir,
    data: join(dir, 'data'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
    line(file, over) {
      const path = join(dir, `${file}.line.yaml`)
      const spec = {
        line: 'bad',
        title: text('Bad input'),
        workers: 1,
        frames: { slots: 4, slotBytes: 1_048_576 },
        dashboard: { port: 0 },
      }
      writeFileSync(path, typeof over === 'string' ? over : stringify({ ...spec, ...over }))
      return path
    },
    recipe(content, file = 'ramp@1') {
      const yaml = typeof content === 'string' ? content : stringify(content)
      writeFileSync(join(dir, 'recipes', `${file}.recipe.yaml`), yaml)
    },
  }
  shop.recipe(goodRecipe())
  return shop
}

/** Every record of a data directory, oldest first, with its whole no-verdict; the balance must be closed. */
export async function closedBooks(
  dataDir: string,
): Promise<(PartRow & { code: string | null; message: string | null })[]> {
  const query = openTraceQuery(dataDir)
  try {
    for (const b of query.triggerBalance()) {
      expect(b).toMatchObject({ open: 0, closed: true })
      expect(b.verdicts + b.noVerdicts).toBe(b.triggers)
    }
    const rows = (await query.recentParts({ limit: 100_000 })).reverse()
    expect(new Set(rows.map((r) => `${r.station}/${r.trigger}`)).size).toBe(rows.length)
    const parts = await Promise.all(rows.map((r) => query.part(r.inspectionId)))
    return rows.map((r, i) => {
      const nv = parts[i]?.verdict.noVerdict ?? null
      return { ...r, code: nv?.code ?? null, message: nv?.message ?? null }
    })
  } finally {
    query.close()
  }
}
