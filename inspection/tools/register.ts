import { CodedError, type Registration } from '../../contracts/index.ts'
import { warmOpenCv } from '../pipeline/opencv.ts'
import type { GoldenTemplate, PartImage } from '../pipeline/part-image.ts'
import { type Anchor, anchorsOf, type Match, matchAnchors } from './register-anchors.ts'
import { fitRigid, residualPx, type RigidFit } from './rigid-fit.ts'
import type { Tool } from './tool.ts'

/** Step of the coarse search in angle: a 64 px patch still correlates well 1° off. */
const COARSE_STEP_RAD = (2 * Math.PI) / 180
/** Angles below this need no second look with turned patches: 0.1° moves a point 100 px away by 0.2 px. */
const REFINE_RAD = (0.1 * Math.PI) / 180
const REFINE_PX = 4
/** Anchors of one rigid part cannot disagree by more. */
const MAX_RESIDUAL_PX = 2.5

/**
 * Rigid registration. Anchor patches of the golden template are looked for by normalised cross-correlation within
 * `maxShiftPx` (and, with `maxAngleDeg` and two or more anchors, over turned patches), placed sub-pixel by a parabola
 * and joined by a least-squares rigid fit. One anchor gives translation only.
 *
 * @throws INS_REGISTER when the score is below `minScore`, the part lies at the edge of the search range or beyond
 * `maxAngleDeg`, or the anchors disagree
 */
export const register: Tool<'register@1'> = {
  use: 'register@1',
  prepare(spec, { recipe, golden }) {
    const { widthPx, heightPx } = recipe.view
    if (!recipe.golden)
      throw new CodedError('CFG_UNKNOWN_REFERENCE', {
        path: `tools.${spec.id}`,
        expected: 'a golden template (`golden:`) in the recipe',
        actual: 'none',
      })
    warmOpenCv()
    const own = golden ? anchorsOf(golden, spec.anchors) : null
    const maxAngle = (spec.maxAngleDeg * Math.PI) / 180
    const turns = maxAngle > 0 && spec.anchors.length > 1
    const size = { widthPx, heightPx }
    return {
      id: spec.id,
      use: spec.use,
      run({ image, golden: reference }) {
        const anchors = own ?? anchorsOf(need(reference), spec.anchors)
        const source = own ? need(golden) : need(reference)
        const coarse = turns ? bestAngle(source, image, anchors, spec.maxShiftPx, maxAngle) : 0
        let matches = matchAnchors(source, image, anchors, { dx: 0, dy: 0, angle: coarse }, spec.maxShiftPx)
        refuseEdge(matches, spec.maxShiftPx, spec.id)
        let fit = fitRigid(anchors, matches, size, turns)
        if (Math.abs(fit.angle - coarse) > REFINE_RAD || Math.abs(coarse) > 0) {
          matches = matchAnchors(source, image, anchors, fit, REFINE_PX)
          fit = fitRigid(anchors, matches, size, turns)
        }
        return { registration: accept(fit, anchors, matches, size, spec, maxAngle) }
      },
    }
  },
}

function bestAngle(
  golden: GoldenTemplate,
  image: PartImage,
  anchors: readonly Anchor[],
  maxShiftPx: number,
  maxAngle: number,
): number {
  const steps = Math.ceil(maxAngle / COARSE_STEP_RAD)
  let best = { angle: 0, score: -Infinity }
  for (let i = 0; i <= 2 * steps; i++) {
    // 0, +1, -1, +2 …: on a tie the smallest turn wins.
    const angle = (i % 2 === 1 ? (i + 1) / 2 : -i / 2) * (maxAngle / steps)
    const matches = matchAnchors(golden, image, anchors, { dx: 0, dy: 0, angle }, maxShiftPx)
    const score = meanScore(matches)
    if (score > best.score) best = { angle, score }
  }
  return best.angle
}

function accept(
  fit: RigidFit,
  anchors: readonly Anchor[],
  matches: readonly Match[],
  size: { widthPx: number; heightPx: number },
  spec: { id: string; minScore: number; maxShiftPx: number; maxAngleDeg: number },
  maxAngle: number,
): Registration {
  const score = meanScore(matches)
  if (!(score >= spec.minScore))
    throw failed(spec.id, `score ${spec.minScore} or more`, score.toFixed(3), 'no part, or another one?')
  const residual = residualPx(fit, anchors, matches, size)
  if (residual > MAX_RESIDUAL_PX)
    throw failed(
      spec.id,
      `anchors within ${MAX_RESIDUAL_PX} px of one rigid motion`,
      `${residual.toFixed(1)} px apart`,
      'choose anchors that look different from their surroundings',
    )
  if (Math.abs(fit.angle) > maxAngle + REFINE_RAD)
    throw failed(
      spec.id,
      `a turn of at most ${spec.maxAngleDeg}°`,
      `${((fit.angle * 180) / Math.PI).toFixed(2)}°`,
      'check the part holder',
    )
  return { dxPx: fit.dx, dyPx: fit.dy, angleRad: fit.angle, score }
}

/** A best match at the edge of the range says that the true one lies outside. */
function refuseEdge(matches: readonly Match[], maxShiftPx: number, tool: string): void {
  const lost = matches.findIndex((m) => m.atEdge)
  if (lost >= 0)
    throw failed(
      tool,
      `a shift below ${maxShiftPx} px`,
      `anchor ${lost} at the edge of the search range`,
      'check the part holder and the trigger',
    )
}

const meanScore = (matches: readonly Match[]): number =>
  matches.reduce((sum, m) => sum + m.score, 0) / matches.length

const failed = (path: string, expected: string, actual: string, hint: string): CodedError =>
  new CodedError('INS_REGISTER', { path, expected, actual, hint })

function need(golden: GoldenTemplate | null): GoldenTemplate {
  if (!golden)
    throw new CodedError('INS_REGISTER', { expected: 'a golden template with the frame', actual: 'none' })
  return golden
}
