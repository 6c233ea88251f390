import { sample, seededRandom } from '../teach/random.ts'
import { boxGradient } from './box-gradient.ts'
import { type BoxHead, boxNetwork, HIDDEN } from './box-network.ts'
import { type BoxView, levelTensors } from './box-views.ts'
import { descend } from './descent.ts'
import type { SegmentSize } from './patch-describer.ts'
import type { TensorFlow } from './tensorflow.ts'

export interface HeadFit {
  /** Without the background. */
  classes: number
  size: SegmentSize
  coarseStridePx: number
  channels: { coarse: number; fine: number }
  unitPx: number
  steps: number
  seed: number
  signal?: AbortSignal
}

/** Pixels per step, about. */
const BATCH_PX = 8 * 65_536
const MOST_VIEWS = 8
const RATE = 3e-3

/** Views of a step. */
export const batchOf = ({ widthPx, heightPx }: SegmentSize): number =>
  Math.max(1, Math.min(MOST_VIEWS, Math.round(BATCH_PX / (widthPx * heightPx))))

/** Bytes that a step takes: features of its views, and some dozen maps of hidden values. */
export const stepBytes = (size: SegmentSize, channels: number): number =>
  batchOf(size) * size.grid.width * size.grid.height * (2 * channels + 12 * HIDDEN) * 4

/**
 * A box head by descent on batches of views. Not convex: the same for the same seed and backend.
 *
 * @param views [pictures][views]; each step takes one view of each of some pictures
 */
export async function fitBoxes(
  engine: TensorFlow,
  views: readonly (readonly BoxView[])[],
  { classes, size, coarseStridePx, channels, unitPx, steps, seed, signal }: HeadFit,
): Promise<BoxHead> {
  const { tf } = engine
  const random = seededRandom(seed)
  const coarse = { width: size.widthPx / coarseStridePx, height: size.heightPx / coarseStridePx }
  const network = boxNetwork(engine, channels, classes, { coarse, fine: size.grid }, random)
  const batch = Math.min(views.length, batchOf(size))
  let order: number[] = []
  try {
    await descend(engine, network.variables, { rate: RATE, steps, ...(signal && { signal }) }, () => {
      if (order.length < batch) order = sample(views.length, views.length, random)
      const chosen = order.splice(0, batch).flatMap((picture) => {
        const ways = views[picture] ?? []
        const view = ways[Math.floor(random() * ways.length)]
        return view ? [view] : []
      })
      const { seen, detail } = levelTensors(engine, chosen, channels)
      const { given, backward } = network.forward(seen, detail)
      const values = given.dataSync<'float32'>()
      const slope = new Float32Array(values.length)
      const targets = chosen.map((v) => v.targets)
      boxGradient(values, targets, classes, unitPx, slope)
      return backward(tf.tensor2d(slope, given.shape))
    })
    return await network.read()
  } finally {
    network.dispose()
  }
}
