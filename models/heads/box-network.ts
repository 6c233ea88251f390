import type { Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core'
import { SIDES } from './box-gradient.ts'
import { depthwise, depthwiseGradient, enlarge, enlargeGradient } from './map-layers.ts'
import type { LinearHead } from './softmax-regression.ts'
import type { TensorFlow } from './tensorflow.ts'
import { TrainedLayers } from './trained-layers.ts'

/**
 * What a box head is: the coarse level and its mean over the image are projected, a few blocks look around, the result is
 * brought to the patches, the fine level is added, and every patch gives scores and distances. Of standardised features.
 */
export interface BoxHead {
  coarse: LinearHead
  /** Of the mean over the image; its bias is 0. */
  whole: LinearHead
  blocks: BoxBlock[]
  /** Null without a fine level. */
  fine: LinearHead | null
  out: LinearHead
}

/** x + relu(depthwise(x) × mix). */
export interface BoxBlock {
  /** [AROUND × AROUND][HIDDEN] */
  kernel: Float32Array<ArrayBuffer>
  mix: LinearHead
}

export const HIDDEN = 64
/** Cells of the coarse level, each way, that a block brings together. */
export const AROUND = 5
/** Together they see 13 cells each way. */
const BLOCKS = 3
/** A score begins so low that the many patches without a defect do not drown the others (Lin et al. 2017). */
const FIRST_LOGIT = -4

/** Cells of both levels. */
export interface BoxGrids {
  coarse: { width: number; height: number }
  fine: { width: number; height: number }
}

export interface BoxNetwork {
  /** By name. */
  variables: Record<string, Variable>
  /**
   * @param seen [views × coarse cells][channels], standardised
   * @param detail [views × patches][channels], standardised; null without a fine level
   * @returns what it gives, [views × patches][classes + sides], and the gradients of all variables for a gradient of it
   */
  forward(
    seen: Tensor2D,
    detail: Tensor2D | null,
  ): { given: Tensor2D; backward: (slope: Tensor2D) => Record<string, Tensor> }
  read(): Promise<BoxHead>
  dispose(): void
}

export function boxNetwork(
  engine: TensorFlow,
  channels: { coarse: number; fine: number },
  classes: number,
  grids: BoxGrids,
  random: () => number,
): BoxNetwork {
  const { tf } = engine
  const outputs = classes + SIDES
  const layers = new TrainedLayers(engine, random)
  const { variables } = layers
  const names = Array.from({ length: BLOCKS }, (_, i) => `block${i}`)
  layers.dense('coarse', channels.coarse, HIDDEN)
  layers.spread('whole.weights', [channels.coarse, HIDDEN], channels.coarse)
  for (const name of names) {
    layers.spread(`${name}.kernel`, [AROUND, AROUND, HIDDEN, 1], AROUND * AROUND)
    layers.dense(name, HIDDEN, HIDDEN)
  }
  if (channels.fine > 0) layers.dense('fine', channels.fine, HIDDEN)
  layers.dense('out', HIDDEN, outputs, 0.1)
  const first = Array.from({ length: outputs }, (_, i) => (i < classes ? FIRST_LOGIT : 0))
  variables['out.bias']?.assign(tf.tensor1d(first))

  const { width: columns, height: rows } = grids.coarse
  const { width, height } = grids.fine

  return {
    variables,
    forward(seen, detail) {
      const cells = rows * columns
      const count = (seen.shape[0] ?? 0) / cells
      const mean = tf.mean<Tensor2D>(tf.reshape(seen, [count, cells, channels.coarse]), 1)
      const overall = tf.reshape(tf.matMul(mean, layers.of<Tensor2D>('whole.weights')), [count, 1, HIDDEN])
      const local = tf.reshape(layers.linear(seen, 'coarse'), [count, cells, HIDDEN])
      const start = tf.reshape(tf.add(local, overall), [count * cells, HIDDEN]) as Tensor2D
      let x = tf.relu(start)
      const steps = names.map((name) => {
        const map = tf.reshape(x, [count, rows, columns, HIDDEN]) as Tensor4D
        const about = tf.reshape(depthwise(engine, map, layers.of(`${name}.kernel`)), x.shape) as Tensor2D
        const mixed = layers.linear(about, name)
        x = tf.add<Tensor2D>(x, tf.relu(mixed))
        return { name, map, about, mixed }
      })
      const map = enlarge(engine, tf.reshape(x, [count, rows, columns, HIDDEN]), grids.fine)
      const spreadOut = tf.reshape(map, [count * width * height, HIDDEN]) as Tensor2D
      const hidden: Tensor2D = detail ? tf.add(spreadOut, layers.linear(detail, 'fine')) : spreadOut
      const kept = tf.relu(hidden)
      const given = layers.linear(kept, 'out')

      const backward = (slope: Tensor2D): Record<string, Tensor> => {
        const grads: Record<string, Tensor> = {}
        const dKept = layers.through(grads, kept, slope, 'out')
        const dHidden = tf.mul(dKept, tf.step(hidden)) as Tensor2D
        if (detail) layers.ofWeights(grads, detail, dHidden, 'fine')
        const dMap = enlargeGradient(dHidden.dataSync<'float32'>(), grids.coarse, grids.fine, HIDDEN)
        let dx = tf.tensor2d(dMap, [count * cells, HIDDEN])
        for (const { name, map, about, mixed } of steps.toReversed()) {
          const dAbout = layers.through(grads, about, tf.mul(dx, tf.step(mixed)) as Tensor2D, name)
          const back = depthwiseGradient(
            engine,
            map,
            layers.of(`${name}.kernel`),
            tf.reshape(dAbout, map.shape),
          )
          grads[`${name}.kernel`] = back.kernel
          dx = tf.add(dx, tf.reshape(back.x, dx.shape))
        }
        const dStart = tf.mul(dx, tf.step(start)) as Tensor2D
        layers.ofWeights(grads, seen, dStart, 'coarse')
        const dOverall = tf.sum<Tensor2D>(tf.reshape(dStart, [count, cells, HIDDEN]), 1)
        grads['whole.weights'] = tf.matMul(tf.transpose(mean), dOverall)
        return grads
      }
      return { given, backward }
    },
    async read() {
      const blocks: BoxBlock[] = []
      for (const name of names)
        blocks.push({ kernel: await layers.values(`${name}.kernel`), mix: await layers.read(name) })
      return {
        coarse: await layers.read('coarse'),
        whole: await layers.read('whole'),
        blocks,
        fine: channels.fine > 0 ? await layers.read('fine') : null,
        out: await layers.read('out'),
      }
    },
    dispose: () => layers.dispose(),
  }
}
