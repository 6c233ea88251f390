import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  canonicalJson,
  CodedError,
  gs1CheckDigit,
  lineOfPath,
  parseStrict,
  type Recipe,
  recipeSchema,
} from '../../contracts/index.ts'
import { compileRules } from '../rules/index.ts'

export interface LoadedRecipe {
  /** `id@version` */
  id: string
  recipe: Recipe
  /** SHA-256 of the canonical JSON of the recipe with all defaults filled in. */
  sha256: string
  /** Folder of the recipe file; relative paths in the recipe start here. */
  dir: string
  file: string
}

/**
 * Loads `<dir>/<id>@<version>.recipe.yaml` and checks everything that can be checked without models: schema,
 * references between ROIs and tools, sizes, rules.
 *
 * @throws CFG_MISSING_FILE, CFG_SYNTAX, CFG_INVALID, CFG_UNKNOWN_REFERENCE, INS_RULE_INVALID
 */
export async function loadRecipe(dir: string, id: string): Promise<LoadedRecipe> {
  const file = join(dir, `${id}.recipe.yaml`)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new CodedError('CFG_MISSING_FILE', { file, expected: `the recipe ${id}`, cause: error })
  }
  const recipe = parseStrict(text, recipeSchema, file)
  const named = recipeId(recipe)
  if (named !== id)
    throw new CodedError('CFG_INVALID', {
      file,
      path: 'recipe',
      expected: id,
      actual: named,
      hint: 'file name and content must agree',
    })
  try {
    checkReferences(recipe)
    compileRules(recipe)
    await checkGolden(recipe, dir)
  } catch (error) {
    if (error instanceof CodedError)
      throw new CodedError(error.code, {
        file,
        line: lineOfPath(text, error.detail.path ?? '') ?? 1,
        ...error.detail,
      })
    throw error
  }
  return { id, recipe, sha256: recipeHash(recipe), dir, file }
}

/** The golden template is there and is the one the recipe was released with. */
async function checkGolden({ golden }: Recipe, dir: string): Promise<void> {
  if (golden?.from !== 'file') return
  const bytes = await readFile(join(dir, golden.file)).catch((error: unknown) => {
    throw new CodedError('CFG_MISSING_FILE', {
      path: 'golden.file',
      expected: 'the golden template',
      actual: `no readable file ${join(dir, golden.file)}`,
      cause: error,
    })
  })
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== golden.sha256)
    throw new CodedError('CFG_INVALID', {
      path: 'golden.sha256',
      expected: golden.sha256,
      actual,
      hint: 'a released recipe never changes: restore the file, or raise the version',
    })
}

/**
 * Whether a station can find the identity that the recipe wants.
 *
 * @param beside codes are also read beside the camera there
 * @throws CFG_UNKNOWN_REFERENCE
 */
export function checkNaming({ recipe, file }: LoadedRecipe, beside: boolean): void {
  if (recipe.identity !== 'required' || beside) return
  if (recipe.tools.some((t) => t.use === 'code@1' && t.identity)) return
  throw new CodedError('CFG_UNKNOWN_REFERENCE', {
    file,
    path: 'identity',
    expected: 'a code@1 tool with `identity: true`, or an association of the station',
    actual: 'none',
  })
}

/** `id@version` */
export const recipeId = (recipe: Recipe): string => `${recipe.recipe}@${recipe.version}`

export const recipeHash = (recipe: Recipe): string =>
  createHash('sha256').update(canonicalJson(recipe)).digest('hex')

function checkReferences(recipe: Recipe): void {
  const rois = new Set(Object.keys(recipe.rois))
  const { widthPx, heightPx } = recipe.view
  const need = (roi: string | undefined, path: string): void => {
    if (roi !== undefined && !rois.has(roi)) {
      throw new CodedError('CFG_UNKNOWN_REFERENCE', {
        path,
        expected: `a region of \`rois\` (${[...rois].join(', ') || 'none defined'})`,
        actual: roi,
      })
    }
  }
  const inside = (box: readonly [number, number, number, number], path: string): void => {
    if (box[2] > widthPx || box[3] > heightPx) {
      throw new CodedError('CFG_INVALID', {
        path,
        expected: `a box inside ${widthPx} × ${heightPx} px`,
        actual: JSON.stringify(box),
      })
    }
  }
  const ids = new Set<string>()
  for (const [name, roi] of Object.entries(recipe.rois))
    if (roi.shape === 'rect') inside(roi.box, `rois.${name}.box`)
  need(recipe.gate.presence?.roi, 'gate.presence.roi')
  recipe.tools.forEach((tool, i) => {
    if (ids.has(tool.id))
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].id`,
        expected: 'an id used once',
        actual: tool.id,
      })
    ids.add(tool.id)
    need(tool.roi, `tools[${i}].roi`)
    if ('exclude' in tool) tool.exclude.forEach((roi, k) => need(roi, `tools[${i}].exclude[${k}]`))
    if (tool.use === 'register@1') tool.anchors.forEach((box, k) => inside(box, `tools[${i}].anchors[${k}]`))
    if ((tool.use === 'register@1' || tool.use === 'template@1') && !recipe.golden) {
      throw new CodedError('CFG_UNKNOWN_REFERENCE', {
        path: `tools[${i}]`,
        expected: 'a golden template (`golden:`) in the recipe',
        actual: 'none',
      })
    }
    if (tool.use === 'measure@1' && tool.unit === 'mm' && !recipe.calibration) {
      throw new CodedError('CFG_UNKNOWN_REFERENCE', {
        path: `tools[${i}].unit`,
        expected: '`calibration:` in the recipe for mm',
        actual: 'none',
      })
    }
  })
  checkGtin(recipe)
  checkGate(recipe)
  checkLines(recipe)
  const characteristics = new Set<string>()
  recipe.tools.forEach((tool, i) => {
    if (tool.use !== 'measure@1') return
    if (characteristics.has(tool.characteristic))
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].characteristic`,
        expected: 'a characteristic measured once: rules know it by this name',
        actual: tool.characteristic,
      })
    characteristics.add(tool.characteristic)
  })
  const ruleIds = new Set<string>()
  recipe.rules.forEach((rule, i) => {
    if (ruleIds.has(rule.id))
      throw new CodedError('CFG_INVALID', {
        path: `rules[${i}].id`,
        expected: 'an id used once',
        actual: rule.id,
      })
    ruleIds.add(rule.id)
  })
  const expiry = recipe.calibration?.validUntil
  if (expiry !== undefined && expiry < new Date().toISOString().slice(0, 10)) {
    throw new CodedError('CFG_INVALID', {
      path: 'calibration.validUntil',
      expected: 'a calibration that has not expired',
      actual: expiry,
      hint: 'calibrate again',
    })
  }
}

/** Codes of parts are compared with it: with a wrong check digit none is ever the right one. */
function checkGtin({ product: { gtin } }: Recipe): void {
  if (gtin === undefined) return
  const digit = gs1CheckDigit(gtin.slice(0, -1))
  if (gtin.endsWith(String(digit))) return
  throw new CodedError('CFG_INVALID', {
    path: 'product.gtin',
    expected: `check digit ${digit}`,
    actual: gtin,
  })
}

/** An image is never darker and brighter at once: with crossed limits none would ever be judged. */
function checkGate({ gate: { meanGreyMin = 0, meanGreyMax = 255 } }: Recipe): void {
  if (meanGreyMin < meanGreyMax) return
  throw new CodedError('CFG_INVALID', {
    path: 'gate.meanGreyMin',
    expected: `less than meanGreyMax, ${meanGreyMax}`,
    actual: String(meanGreyMin),
  })
}

/** A measurement needs a line in the template, and limits between which a part can be. */
function checkLines({ tools, view: { widthPx, heightPx } }: Recipe): void {
  tools.forEach((tool, i) => {
    if (tool.use !== 'measure@1') return
    const { line, lsl = -Infinity, usl = Infinity } = tool
    const [x1, y1, x2, y2] = line
    const inView = Math.min(...line) >= 0 && Math.max(x1, x2) <= widthPx && Math.max(y1, y2) <= heightPx
    if (!inView || Math.hypot(x2 - x1, y2 - y1) < 1)
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].line`,
        expected: `a line of 1 px or more inside ${widthPx} × ${heightPx} px`,
        actual: JSON.stringify(line),
      })
    if (lsl >= usl)
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].lsl`,
        expected: `a lower limit below the upper one, ${usl}`,
        actual: String(lsl),
      })
  })
}
