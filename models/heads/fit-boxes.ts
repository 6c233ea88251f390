import type { Tensor2D } from '@tensorflow/tfjs-core'
import { sample, seededRandom } from '../teach/random.ts'
import { boxGradient } from './box-gradient.ts'
import { type BoxHead, boxNetwork, HIDDEN } from './box-network.ts'
import { type BoxView, STEP } from './box-views.ts'
import type { SegmentSize } from './patch-describer.ts'
import type { TensorFlow } from './tensorflow.ts'

export interface BoxFit {
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
/** Steps until the rate is reached. */
const WARM_UP = 20
/** Decoupled weight decay (Loshchilov and Hutter 2019), per step and rate. */
const DECAY = 0.05

/** Views of a step. */
export const batchOf = ({ widthPx, heightPx }: SegmentSize): number =>
  Math.max(1, Math.min(MOST_VIEWS, Math.round(BATCH_PX / (widthPx * heightPx))))

/** Bytes that a step takes: features of its views, and some dozen maps of hidden values. */
export const stepBytes = (size: SegmentSize, channels: number): number =>
  batchOf(size) * size.grid.width * size.grid.height * (2 * channels + 12 * HIDDEN) * 4

/**
 * A box head by Adam on batches of views with a rate that falls to nothing (cosine). Not convex: the same for the same
 * seed and backend.
 *
 * @param views [pictures][views]; each step takes one view of each of some pictures
 */
export async function fitBoxes(
  engine: TensorFlow,
  views: readonly (readonly BoxView[])[],
  { classes, size, coarseStridePx, channels, unitPx, steps, seed, signal }: BoxFit,
): Promise<BoxHead> {
  const { tf } = engine
  const random = seededRandom(seed)
  const coarse = { width: size.widthPx / coarseStridePx, height: size.heightPx / coarseStridePx }
  const network = boxNetwork(engine, channels, classes, { coarse, fine: size.grid }, random)
  const all = Object.entries(network.variables)
  const batch = Math.min(views.length, batchOf(size))
  const adam = tf.train.adam(RATE)
  let order: number[] = []
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted()
      if (order.length < batch) order = sample(views.length, views.length, random)
      const chosen = order.splice(0, batch).flatMap((picture) => {
        const ways = views[picture] ?? []
        const view = ways[Math.floor(random() * ways.length)]
        return view ? [view] : []
      })
      const rate = (RATE * Math.min(1, (step + 1) / WARM_UP) * (1 + Math.cos((Math.PI * step) / steps))) / 2
      ;(adam as unknown as { learningRate: number }).learningRate = rate
      tf.tidy(() => {
        const seen = tensorOf(
          engine,
          chosen.map((v) => v.coarse),
          channels.coarse,
        )
        const detail =
          channels.fine > 0
            ? tensorOf(
                engine,
                chosen.map((v) => v.fine),
                channels.fine,
              )
            : null
        const { given, backward } = network.forward(seen, detail)
        const values = given.dataSync<'float32'>()
        const slope = new Float32Array(values.length)
        boxGradient(
          values,
          chosen.map((v) => v.targets),
          classes,
          unitPx,
          slope,
        )
        const grads = backward(tf.tensor2d(slope, given.shape))
        adam.applyGradients(
          all.flatMap(([name, variable]) => {
            const tensor = grads[name]
            return tensor ? [{ name: variable.name, tensor }] : []
          }),
        )
        for (const [name, variable] of all)
          if (!name.endsWith('.bias')) variable.assign(tf.mul(variable, 1 - rate * DECAY))
      })
      // The event loop must breathe, so that a run can be cancelled.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return await network.read()
  } finally {
    network.dispose()
    adam.dispose()
  }
}

function tensorOf({ tf }: TensorFlow, parts: readonly Int8Array[], channels: number): Tensor2D {
  const values = new Float32Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const part of parts) for (let i = 0; i < part.length; i++) values[at++] = (part[i] ?? 0) * STEP
  return tf.tensor2d(values, [values.length / channels, channels])
}
