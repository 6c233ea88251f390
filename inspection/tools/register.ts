import { CodedError, type Registration } from '../../contracts/index.ts'
import { warmOpenCv } from '../pipeline/opencv.ts'
import type { GoldenTemplate, PartImage } from '../pipeline/part-image.ts'
import { type Anchor, anchorsOf, commonShift, type Match, matchAnchors } from './register-anchors.ts'
import { fitRigid, residualPx, type RigidFit } from './rigid-fit.ts'
import type { Tool } from './tool.ts'

/** Step of the coarse search in angle: a 64 px patch still correlates well 1° off. */
const COARSE_STEP_RAD = (2 * Math.PI) / 180
const REFINE_PX = 3
/** Anchors of one rigid part cannot disagree by more. */
const MAX_RESIDUAL_PX = 2.5
/** Angles are trusted to this: 0.1° moves a point 100 px away by 0.2 px. */
const ANGLE_SLACK_RAD = (0.1 * Math.PI) / 180

/**
 * Rigid registration. Anchor patches of the golden template are looked for together by normalised cross-correlation
 * within `maxShiftPx` (and, with `maxAngleDeg` and two or more anchors, over turned patches), then each is placed
 * sub-pixel by a quadratic surface and all are joined by a least-squares rigid fit. One anchor gives translation only.
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
    const own = golden ? { golden, anchors: anchorsOf(golden, spec.anchors) } : null
    const maxAngle = (spec.maxAngleDeg * Math.PI) / 180
    const turns = maxAngle > 0 && spec.anchors.length > 1
    const size = { widthPx, heightPx }
    return {
      id: spec.id,
      use: spec.use,
      run({ image, golden: reference }) {
        const { golden: source, anchors } = own ?? travelling(reference, spec.anchors)
        const coarse = coarseMotion(source, image, anchors, spec.maxShiftPx, turns ? maxAngle : 0)
        if (coarse.atEdge)
          throw failed(
            spec.id,
            `a shift below ${spec.maxShiftPx} px`,
            'the best place at the edge of the search range',
            HOLDER,
          )
        let matches = matchAnchors(source, image, anchors, coarse, coarse.slackPx + REFINE_PX)
        let fit = fitRigid(anchors, matches, size, turns)
        if (turns) {
          matches = matchAnchors(source, image, anchors, fit, REFINE_PX)
          fit = fitRigid(anchors, matches, size, turns)
        }
        return { registration: accept(fit, anchors, matches, size, spec, maxAngle) }
      },
    }
  },
}

function coarseMotion(
  golden: GoldenTemplate,
  image: PartImage,
  anchors: readonly Anchor[],
  maxShiftPx: number,
  maxAngle: number,
): RigidFit & { atEdge: boolean; slackPx: number } {
  const steps = Math.ceil(maxAngle / COARSE_STEP_RAD)
  const step = steps === 0 ? 0 : maxAngle / steps
  // Half a step of turn moves the outermost anchor by this much against the others.
  const reach = Math.max(
    ...anchors.map((a) => Math.hypot(a.x - golden.widthPx / 2, a.y - golden.heightPx / 2)),
  )
  const slackPx = steps === 0 ? 0 : Math.ceil((reach * step) / 2) + 1
  let best = commonShift(golden, image, anchors, 0, maxShiftPx, slackPx)
  for (let i = 1; i <= steps; i++) {
    // On a tie the smaller turn wins.
    for (const angle of [i * step, -i * step]) {
      const turned = commonShift(golden, image, anchors, angle, maxShiftPx, slackPx)
      if (turned.score > best.score) best = turned
    }
  }
  return { ...best, slackPx }
}

function accept(
  fit: RigidFit,
  anchors: readonly Anchor[],
  matches: readonly Match[],
  size: { widthPx: number; heightPx: number },
  spec: { id: string; minScore: number; maxShiftPx: number; maxAngleDeg: number },
  maxAngle: number,
): Registration {
  const score = matches.reduce((sum, m) => sum + m.score, 0) / matches.length
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
  const shift = Math.max(Math.abs(fit.dx), Math.abs(fit.dy))
  if (shift > spec.maxShiftPx)
    throw failed(spec.id, `a shift of at most ${spec.maxShiftPx} px`, `${shift.toFixed(1)} px`, HOLDER)
  if (Math.abs(fit.angle) > maxAngle + ANGLE_SLACK_RAD)
    throw failed(
      spec.id,
      `a turn of at most ${spec.maxAngleDeg}°`,
      `${((fit.angle * 180) / Math.PI).toFixed(2)}°`,
      HOLDER,
    )
  return { dxPx: fit.dx, dyPx: fit.dy, angleRad: fit.angle, score }
}

const HOLDER = 'check the part holder and the trigger'

const failed = (path: string, expected: string, actual: string, hint: string): CodedError =>
  new CodedError('INS_REGISTER', { path, expected, actual, hint })

function travelling(
  golden: GoldenTemplate | null,
  boxes: Parameters<typeof anchorsOf>[1],
): { golden: GoldenTemplate; anchors: Anchor[] } {
  if (!golden)
    throw new CodedError('INS_REGISTER', { expected: 'a golden template with the frame', actual: 'none' })
  return { golden, anchors: anchorsOf(golden, boxes) }
}
