import { mkdtempSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { type FrameFormat, type PartContext, type Recipe, recipeSchema } from '../../../contracts/index.ts'
import { type ModelSetup, type PreparedRecipe, prepareRecipe } from '../../../inspection/index.ts'

export const context: PartContext = {
  line: 'line-1',
  plant: 'plant',
  station: 'st10',
  product: 'board',
  shift: 'day',
}

export const noModels: ModelSetup = { modelDirs: [], providers: ['cpu'], trustedKeys: {}, intraOpThreads: 1 }

/** A recipe for raw frames of `size`; fails a part on any finding, passes the rest. */
export function recipeOf(
  size: readonly [number, number],
  tools: unknown[],
  more: Record<string, unknown> = {},
): Recipe {
  return recipeSchema.parse({
    recipe: 'sample',
    version: 1,
    title: { zh: '样品', en: 'Sample' },
    product: { id: 'board' },
    view: { widthPx: size[0], heightPx: size[1] },
    tools,
    rules: [
      {
        id: 'found',
        when: 'findings.size() > 0',
        condemns: 'true',
        verdict: 'fail',
        disposition: 'scrap',
        severity: 'major',
        reason: { zh: '发现缺陷', en: 'Something found' },
      },
      {
        id: 'clean',
        when: 'findings.size() == 0',
        verdict: 'pass',
        disposition: 'release',
        reason: { zh: '合格', en: 'Clean' },
      },
    ],
    ...more,
  })
}

export const prepare = (recipe: Recipe, dir = '.'): Promise<PreparedRecipe> =>
  prepareRecipe({ recipe, dir }, noModels)

export const raw = (size: readonly [number, number], pixel: 'mono8' | 'rgb8' = 'mono8'): FrameFormat => ({
  kind: 'raw',
  pixel,
  widthPx: size[0],
  heightPx: size[1],
})

/** Grey image from a function of the pixel's centre in continuous px (pixel 0 covers [0, 1)). */
export function render(size: readonly [number, number], f: (x: number, y: number) => number): Uint8Array {
  const [w, h] = size
  return Uint8Array.from({ length: w * h }, (_, i) =>
    Math.max(0, Math.min(255, Math.round(f((i % w) + 0.5, Math.floor(i / w) + 0.5)))),
  )
}

/** Writes a golden template as PNG into a new folder. */
export async function goldenFile(
  size: readonly [number, number],
  pixels: Uint8Array,
): Promise<{ dir: string; golden: { from: 'file'; file: string; sha256: string } }> {
  const png = await sharp(pixels, { raw: { width: size[0], height: size[1], channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()
  const dir = mkdtempSync(join(tmpdir(), 'sightline-golden-'))
  writeFileSync(join(dir, 'golden.png'), png)
  return {
    dir,
    golden: { from: 'file', file: 'golden.png', sha256: createHash('sha256').update(png).digest('hex') },
  }
}
