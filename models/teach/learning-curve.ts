import { mapInOrder } from '../../contracts/index.ts'
import { imageScore } from './crossfit.ts'
import { areaUnderRoc } from './choose.ts'
import { smallBank } from './fit.ts'
import type { FitContext } from './fit.ts'
import { CURVE } from './plan.ts'
import type { TeachData } from './teach-data.ts'

export interface LearningPoint {
  goodImages: number
  /** Mean score of held-out good images, raw distance: falls as the bank comes to know what good looks like. */
  meanGood: number
  /** Held-out good images against damaged copies of them, 0..1. */
  auroc: number
}

export interface LearningCurve {
  points: LearningPoint[]
  /** Doubling the images no longer lowers the mean score by more than `FLAT`. */
  enough: boolean
}

/** Relative drop of the mean score per doubling below which more images change little. */
const FLAT = 0.05
/** Images that are scored, at most. */
const MAX_SCORED = 24

/**
 * How the bank improves with the number of good images: the last third is held out, the rest is used in growing parts.
 * All photographs of a workpiece are on one side.
 *
 * @param groups number of the workpiece of each good image
 * @param allowed 1 or 0 per cell; null when all count
 */
export async function learningCurve(
  { good: images, damaged }: Pick<TeachData, 'good' | 'damaged'>,
  groups: readonly number[],
  allowed: Float32Array | null,
  context: FitContext,
): Promise<LearningCurve> {
  const { dims, matrices, checkCancelled } = context
  const n = images.length
  const order = images.map((_, i) => i).sort((a, b) => (groups[a] ?? 0) - (groups[b] ?? 0))
  const first = groups[order[n - Math.max(1, Math.min(MAX_SCORED, Math.floor(n / 3)))] ?? 0]
  const used = order.findIndex((i) => groups[i] === first) || order.findIndex((i) => groups[i] !== first)
  const good = order.flatMap((i) => images[i] ?? [])
  const held = good.slice(used)
  const heldOut = new Set(order.slice(used))
  const bad = damaged.filter((d) => heldOut.has(d.source))
  const points: LearningPoint[] = []
  for (const size of [Math.floor(used / 4), Math.floor(used / 2), used].filter((s) => s >= 1)) {
    if (size === points.at(-1)?.goodImages) continue
    const bank = await smallBank(
      good.slice(0, size).map((g) => g.embedding),
      context,
      Math.ceil(context.bankSize * CURVE.bankShare),
      CURVE.candidates,
    )
    const score = async (embedding: Float32Array<ArrayBuffer>): Promise<number> => {
      checkCancelled()
      const map = (await matrices.nearest(embedding, bank, dims)).map(Math.sqrt)
      return imageScore(map, allowed)
    }
    const sound = await mapInOrder(held, ({ embedding }) => score(embedding), matrices.lanes)
    const broken = await mapInOrder(bad, ({ embedding }) => score(embedding), matrices.lanes)
    points.push({
      goodImages: size,
      meanGood: sound.reduce((a, b) => a + b, 0) / sound.length,
      auroc: broken.length === 0 ? 1 : areaUnderRoc(sound, broken),
    })
  }
  const [before, last] = points.slice(-2)
  const enough = before !== undefined && last !== undefined && last.meanGood >= (1 - FLAT) * before.meanGood
  return { points, enough }
}
