import { CodedError, gs1CheckDigit, type Recipe, type Roi } from '../../contracts/index.ts'
import { toolArea } from '../pipeline/roi.ts'
import { textPattern } from '../tools/text-pattern.ts'
import { checkPolygon } from './check-polygon.ts'

/**
 * All of a recipe that can be checked without models and files and that its schema does not say.
 *
 * @throws CFG_INVALID, CFG_UNKNOWN_REFERENCE
 */
export function checkRecipe(recipe: Recipe): void {
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
    else checkPolygon(recipe, name, roi.points)
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
    if (tool.use === 'text@1')
      tool.expect.forEach((e, k) => textPattern(e.pattern, `tools[${i}].expect[${k}].pattern`))
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
  checkRegistered(recipe)
  checkAreas(recipe)
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

/** Two edges on a shorter line are one. */
const MIN_LINE_PX = 4

/** A measurement needs a line in the template, and limits between which a part can be. */
function checkLines({ tools, view: { widthPx, heightPx } }: Recipe): void {
  tools.forEach((tool, i) => {
    if (tool.use !== 'measure@1') return
    const { line, lsl = -Infinity, usl = Infinity, target } = tool
    const [x1, y1, x2, y2] = line
    const inView = Math.min(...line) >= 0 && Math.max(x1, x2) <= widthPx && Math.max(y1, y2) <= heightPx
    if (!inView || Math.hypot(x2 - x1, y2 - y1) < MIN_LINE_PX)
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].line`,
        expected: `a line of ${MIN_LINE_PX} px or more inside ${widthPx} × ${heightPx} px`,
        actual: JSON.stringify(line),
      })
    if (lsl >= usl)
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].lsl`,
        expected: `a lower limit below the upper one, ${usl}`,
        actual: String(lsl),
      })
    if (target !== undefined && (target < lsl || target > usl))
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].target`,
        expected: `a target within the limits, ${lsl} to ${usl}`,
        actual: String(target),
      })
  })
}

/** Tools that judge what they see; a measurement has its line, and a code that is not in the picture is no read. */
const JUDGING = new Set(['template@1', 'blob@1', 'model@1', 'text@1'])

/** A region that is nearer to the border of the view holds all parts but those that lie where the template does, px. */
const LEAST_MARGIN_PX = 1

/** How far a region lies from the border of the view, px. */
function marginOf(roi: Roi, widthPx: number, heightPx: number): number {
  const points = roi.shape === 'polygon' ? roi.points : [roi.box.slice(0, 2), roi.box.slice(2)]
  return Math.min(...points.map(([x = 0, y = 0]) => Math.min(x, y, widthPx - x, heightPx - y)))
}

/**
 * Of a part that lies off, the frame shows less than the view: at one border of the view nothing of it was seen. Which
 * part of the view must be in the picture to be judged is for the recipe to say, tool by tool.
 */
function checkRegistered({ tools, rois, view: { widthPx, heightPx } }: Recipe): void {
  const place = tools.find((t) => t.use === 'register@1')
  if (!place) return
  tools.forEach((tool, i) => {
    if (tool.use === 'register@1' && tool !== place)
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].use`,
        expected: `one registration: ${place.id} says where the part lies`,
        actual: `another one, ${tool.id}`,
      })
    if (tool.use === 'register@1' && tool.maxAngleDeg > 0 && tool.anchors.length === 1)
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].maxAngleDeg`,
        expected: '0, or two or more anchors: one shows no turn',
        actual: String(tool.maxAngleDeg),
      })
    if (!JUDGING.has(tool.use)) return
    const roi = tool.roi === undefined ? undefined : rois[tool.roi]
    if (roi !== undefined && marginOf(roi, widthPx, heightPx) >= LEAST_MARGIN_PX) return
    const off = Math.ceil(place.maxShiftPx)
    throw new CodedError('CFG_INVALID', {
      path: `tools[${i}].roi`,
      expected: `a region that the frame shows wholly when the part lies off, or the part is held (up to ${off} px by ${place.id})`,
      actual: `${tool.roi === undefined ? 'none: the whole view' : `${tool.roi}, which reaches the border of the view`} of ${widthPx} × ${heightPx} px, which no part that lies off is seen in`,
      hint: 'draw a region around what is to be judged, away from the borders of the view by as much as parts may lie off',
    })
  })
}

/** Where a tool looks there are pixels, and as many as its smallest finding has. */
function checkAreas(recipe: Recipe): void {
  const { widthPx, heightPx } = recipe.view
  recipe.tools.forEach((tool, i) => {
    if (!('exclude' in tool)) return
    const { mask } = toolArea(recipe, tool.roi, tool.exclude)
    if (tool.use === 'model@1') return
    const areaPx = mask ? mask.reduce((sum, one) => sum + one, 0) : widthPx * heightPx
    const { minAreaPx } = tool
    const most = tool.use === 'blob@1' ? (tool.maxAreaPx ?? Infinity) : Infinity
    if (minAreaPx > Math.min(areaPx, most))
      throw new CodedError('CFG_INVALID', {
        path: `tools[${i}].minAreaPx`,
        expected:
          minAreaPx > most
            ? `at most maxAreaPx, ${most}`
            : `at most ${areaPx}, the pixels that the tool looks at`,
        actual: String(minAreaPx),
        hint: 'nothing would ever be found',
      })
  })
}
