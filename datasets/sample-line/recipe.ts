import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { stringify } from 'yaml'
import { CodedError, makeFolder, recipeSchema, type Box, type Recipe } from '../../contracts/index.ts'
import { goldenPicture } from './board.ts'
import { BOARD_PX, clip, grow, MM_PER_PX } from './design.ts'
import type { SampleProduct } from './product.ts'

export interface SampleRecipeOptions {
  /** Recipe id; default `sample-board`. */
  recipe?: string
  version?: number
  /** Pair or anomaly model that judges the copper; without one `template@1` does. */
  model?: { id: string; sha256: string; threshold: number }
}

/** A measurement with its true value. */
export interface KnownWidth {
  /** Across a straight, free part of a trace, px of the golden template. */
  line: readonly [number, number, number, number]
  trueMm: number
}

export interface WrittenRecipe {
  /** `id@version` */
  id: string
  recipe: Recipe
  recipeFile: string
  goldenFile: string
  width: KnownWidth
}

/** Fiducials as registration anchors, px of the golden template. */
const sampleAnchors = (product: SampleProduct): Box[] =>
  product.design.fiducials.map((f) => clip(grow([f.cx, f.cy, f.cx + 1, f.cy + 1], f.clearPx)))

/**
 * The longest straight upright or level trace piece with free laminate on both sides, and a line across its middle.
 *
 * @throws DAT_EMPTY when the product has none
 */
export function knownTraceWidth(product: SampleProduct): KnownWidth {
  let best: { long: number; width: KnownWidth } | null = null
  const free = (x: number, y: number): boolean =>
    product.mask[Math.round(y) * BOARD_PX + Math.round(x)] === 0 && x > 40 && y > 40 && x < 600 && y < 600
  for (const t of product.design.traces) {
    t.points.forEach((b, n) => {
      const a = t.points[n - 1]
      if (!a || (a[0] !== b[0] && a[1] !== b[1])) return
      const long = Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1])
      if (best && long <= best.long) return
      const reach = Math.round(t.widthPx / 2 + 4)
      const [ux, uy] = a[0] === b[0] ? [1, 0] : [0, 1]
      const x = (a[0] + b[0]) / 2
      const y = (a[1] + b[1]) / 2
      for (let s = t.widthPx / 2 + 1; s <= reach; s++) {
        if (!free(x - ux * s, y - uy * s) || !free(x + ux * s, y + uy * s)) return
      }
      // Recipes count from pixel corners, drawings from pixel centres: half a pixel apart.
      const line = [
        x - ux * reach + 0.5,
        y - uy * reach + 0.5,
        x + ux * reach + 0.5,
        y + uy * reach + 0.5,
      ] as const
      best = { long, width: { line, trueMm: t.widthPx * MM_PER_PX } }
    })
  }
  const found = best as { long: number; width: KnownWidth } | null
  if (!found)
    throw new CodedError('DAT_EMPTY', {
      expected: `a straight trace with free sides on ${product.id}`,
      actual: 'none',
      hint: 'take another product seed',
    })
  return found.width
}

/**
 * Writes `<id>@<version>.recipe.yaml` and its golden template (PNG) for a product with label and fiducials:
 * registration, comparison, trace width, code. Tolerance of the width: 20 % as in IPC-6012 class 2.
 */
export async function writeSampleRecipe(
  dir: string,
  product: SampleProduct,
  options: SampleRecipeOptions = {},
): Promise<WrittenRecipe> {
  const label = product.design.label
  if (!label || product.design.fiducials.length === 0)
    throw new CodedError('DAT_LAYOUT', {
      expected: 'a sample product with label and fiducials',
      actual: product.id,
    })
  const name = `${options.recipe ?? 'sample-board'}@${options.version ?? 1}`
  const png = await sharp(goldenPicture(product), { raw: { width: BOARD_PX, height: BOARD_PX, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 9 })
    .toBuffer()
  const width = knownTraceWidth(product)
  const recipe = recipeDocument(product, label, width, options, {
    file: `${name}.golden.png`,
    sha256: createHash('sha256').update(png).digest('hex'),
  })
  makeFolder(dir)
  const goldenFile = join(dir, `${name}.golden.png`)
  const recipeFile = join(dir, `${name}.recipe.yaml`)
  await writeFile(goldenFile, png)
  await writeFile(recipeFile, stringify(recipe, { lineWidth: 110 }))
  return { id: name, recipe: recipeSchema.parse(recipe), recipeFile, goldenFile, width }
}

function recipeDocument(
  product: SampleProduct,
  label: Box,
  width: KnownWidth,
  options: SampleRecipeOptions,
  golden: { file: string; sha256: string },
): object {
  const rising = product.polarity === 'bright' ? ['rising', 'falling'] : ['falling', 'rising']
  const copper = options.model
    ? {
        id: 'copper',
        use: 'model@1',
        model: options.model.id,
        sha256: options.model.sha256,
        threshold: GREY_ZONE_FROM,
        invert: product.polarity === 'bright',
        roi: 'board',
        exclude: ['label'],
      }
    : {
        id: 'copper',
        use: 'template@1',
        roi: 'board',
        exclude: ['label'],
        threshold: 52,
        tolerancePx: 1,
        minAreaPx: 9,
      }
  return {
    recipe: options.recipe ?? 'sample-board',
    version: options.version ?? 1,
    title: { en: `Sample board ${product.id}`, zh: `示例电路板 ${product.id}` },
    product: { id: product.id, revision: 'A', gtin: product.gtin },
    view: { name: 'top', widthPx: BOARD_PX, heightPx: BOARD_PX, color: 'mono' },
    golden: { from: 'file', ...golden },
    calibration: { mmPerPx: MM_PER_PX, uncertainty: 0.002 },
    gate: { focusMin: 40, meanGreyMin: 30, meanGreyMax: 235, glareMax: 0.001 },
    rois: {
      // Corners move by up to 12.3 px on an axis: shift of 8 px, and 0.8° over half a side. A rim is left out: with the part shifted by 8 px it is not in the picture.
      board: { shape: 'rect', box: [12, 12, BOARD_PX - 12, BOARD_PX - 12] },
      label: { shape: 'rect', box: grow(label, 4) },
    },
    tools: [
      {
        id: 'place',
        use: 'register@1',
        anchors: sampleAnchors(product),
        maxShiftPx: 20,
        maxAngleDeg: 1.5,
        minScore: 0.6,
      },
      copper,
      {
        id: 'width',
        use: 'measure@1',
        characteristic: 'trace-width',
        line: width.line,
        halfWidthPx: 6,
        edges: rising,
        minContrast: 8,
        unit: 'mm',
        target: round(width.trueMm),
        lsl: round(width.trueMm * 0.8),
        usl: round(width.trueMm * 1.2),
      },
      { id: 'code', use: 'code@1', formats: ['DataMatrix'], roi: 'label' },
    ],
    identity: 'required',
    rules: [...copperRules(options.model?.threshold), ...RULES],
  }
}

const round = (mm: number): number => Math.round(mm * 1e5) / 1e5

/** Raw model score from which a person must look; below it is nothing. */
const GREY_ZONE_FROM = 0.3

/** Without a model there is no score to be unsure about: every difference is a defect. */
function copperRules(threshold: number | undefined): object[] {
  const sure =
    threshold === undefined ? 'f.tool == "copper"' : `f.tool == "copper" && f.score >= ${threshold}`
  const defect = {
    id: 'copper-defect',
    when: `findings.exists(f, ${sure})`,
    condemns: sure.replaceAll('f.', 'finding.'),
    verdict: 'fail',
    disposition: 'rework',
    severity: 'major',
    reason: { en: 'Copper differs from the golden template', zh: '铜箔与金样不符' },
  }
  if (threshold === undefined) return [defect]
  const unsure = `f.tool == "copper" && f.score < ${threshold}`
  return [
    defect,
    {
      id: 'copper-grey-zone',
      when: `findings.exists(f, ${unsure})`,
      condemns: unsure.replaceAll('f.', 'finding.'),
      verdict: 'inconclusive',
      disposition: 'hold',
      reason: { en: 'Suspicious copper: a person must decide', zh: '铜箔疑似异常,需人工判定' },
    },
  ]
}

const RULES = [
  {
    id: 'width-out',
    when: 'measurements["trace-width"].state == "out"',
    verdict: 'fail',
    disposition: 'scrap',
    severity: 'major',
    reason: { en: 'Trace width out of tolerance', zh: '线宽超差' },
  },
  {
    id: 'width-uncertain',
    when: 'measurements["trace-width"].state == "uncertain"',
    verdict: 'inconclusive',
    disposition: 'hold',
    reason: { en: 'Trace width too near its limit to decide', zh: '线宽接近极限,无法判定' },
  },
  {
    id: 'good',
    when: 'findings.size() == 0',
    verdict: 'pass',
    disposition: 'release',
    reason: { en: 'No deviation found', zh: '未发现异常' },
  },
]
