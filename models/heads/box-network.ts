import type { Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core'
import { SIDES } from './box-gradient.ts'
import { depthwise, depthwiseGradient, enlarge, enlargeGradient } from './map-layers.ts'
import type { LinearHead } from './softmax-regression.ts'
import type { TensorFlow } from './tensorflow.ts'

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
  const variables: Record<string, Variable> = {}
  const spread = (name: string, shape: number[], inputs: number, share = 1): void => {
    const values = Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => ((2 * random() - 1) * share) / Math.sqrt(inputs),
    )
    variables[name] = tf.variable(tf.tensor(values, shape))
  }
  const dense = (name: string, inputs: number, to: number, share = 1): void => {
    spread(`${name}.weights`, [inputs, to], inputs, share)
    variables[`${name}.bias`] = tf.variable(tf.zeros([to]))
  }
  const names = Array.from({ length: BLOCKS }, (_, i) => `block${i}`)
  dense('coarse', channels.coarse, HIDDEN)
  spread('whole.weights', [channels.coarse, HIDDEN], channels.coarse)
  for (const name of names) {
    spread(`${name}.kernel`, [AROUND, AROUND, HIDDEN, 1], AROUND * AROUND)
    dense(name, HIDDEN, HIDDEN)
  }
  if (channels.fine > 0) dense('fine', channels.fine, HIDDEN)
  dense('out', HIDDEN, outputs, 0.1)
  const first = Array.from({ length: outputs }, (_, i) => (i < classes ? FIRST_LOGIT : 0))
  variables['out.bias']?.assign(tf.tensor1d(first))

  const { width: columns, height: rows } = grids.coarse
  const { width, height } = grids.fine

  const of = <T extends Tensor>(name: string): T => variables[name] as unknown as T
  const linear = (x: Tensor2D, name: string): Tensor2D =>
    tf.add(tf.matMul(x, of<Tensor2D>(`${name}.weights`)), of(`${name}.bias`))

  return {
    variables,
    forward(seen, detail) {
      const cells = rows * columns
      const count = (seen.shape[0] ?? 0) / cells
      const mean = tf.mean<Tensor2D>(tf.reshape(seen, [count, cells, channels.coarse]), 1)
      const overall = tf.reshape(tf.matMul(mean, of<Tensor2D>('whole.weights')), [count, 1, HIDDEN])
      const local = tf.reshape(linear(seen, 'coarse'), [count, cells, HIDDEN])
      const start = tf.reshape(tf.add(local, overall), [count * cells, HIDDEN]) as Tensor2D
      let x = tf.relu(start)
      const steps = names.map((name) => {
        const map = tf.reshape(x, [count, rows, columns, HIDDEN]) as Tensor4D
        const about = tf.reshape(depthwise(engine, map, of(`${name}.kernel`)), x.shape) as Tensor2D
        const mixed = linear(about, name)
        x = tf.add<Tensor2D>(x, tf.relu(mixed))
        return { name, map, about, mixed }
      })
      const map = enlarge(engine, tf.reshape(x, [count, rows, columns, HIDDEN]), grids.fine)
      const spreadOut = tf.reshape(map, [count * width * height, HIDDEN]) as Tensor2D
      const hidden: Tensor2D = detail ? tf.add(spreadOut, linear(detail, 'fine')) : spreadOut
      const kept = tf.relu(hidden)
      const given = linear(kept, 'out')

      const backward = (slope: Tensor2D): Record<string, Tensor> => {
        const grads: Record<string, Tensor> = {}
        // In WebAssembly, a product that transposes by itself is many times slower.
        const ofWeights = (input: Tensor2D, dy: Tensor2D, name: string): void => {
          grads[`${name}.weights`] = tf.matMul(tf.transpose(input), dy)
          grads[`${name}.bias`] = tf.sum(dy, 0)
        }
        const through = (input: Tensor2D, dy: Tensor2D, name: string): Tensor2D => {
          ofWeights(input, dy, name)
          return tf.matMul(dy, tf.transpose(of<Tensor2D>(`${name}.weights`)))
        }
        const dKept = through(kept, slope, 'out')
        const dHidden = tf.mul(dKept, tf.step(hidden)) as Tensor2D
        if (detail) ofWeights(detail, dHidden, 'fine')
        const dMap = enlargeGradient(dHidden.dataSync<'float32'>(), grids.coarse, grids.fine, HIDDEN)
        let dx = tf.tensor2d(dMap, [count * cells, HIDDEN])
        for (const { name, map, about, mixed } of steps.toReversed()) {
          const dAbout = through(about, tf.mul(dx, tf.step(mixed)) as Tensor2D, name)
          const back = depthwiseGradient(engine, map, of(`${name}.kernel`), tf.reshape(dAbout, map.shape))
          grads[`${name}.kernel`] = back.kernel
          dx = tf.add(dx, tf.reshape(back.x, dx.shape))
        }
        const dStart = tf.mul(dx, tf.step(start)) as Tensor2D
        ofWeights(seen, dStart, 'coarse')
        const dOverall = tf.sum<Tensor2D>(tf.reshape(dStart, [count, cells, HIDDEN]), 1)
        grads['whole.weights'] = tf.matMul(tf.transpose(mean), dOverall)
        return grads
      }
      return { given, backward }
    },
    async read() {
      const values = async (name: string): Promise<Float32Array<ArrayBuffer>> =>
        Float32Array.from((await variables[name]?.data()) ?? [])
      const layer = async (name: string): Promise<LinearHead> => {
        const [features = 0, to = 0] = variables[`${name}.weights`]?.shape ?? []
        const weights = await values(`${name}.weights`)
        const bias = variables[`${name}.bias`] ? await values(`${name}.bias`) : new Float32Array(to)
        return { features, classes: to, weights, bias }
      }
      const blocks: BoxBlock[] = []
      for (const name of names)
        blocks.push({ kernel: await values(`${name}.kernel`), mix: await layer(name) })
      return {
        coarse: await layer('coarse'),
        whole: await layer('whole'),
        blocks,
        fine: channels.fine > 0 ? await layer('fine') : null,
        out: await layer('out'),
      }
    },
    dispose: () => tf.dispose(Object.values(variables)),
  }
}
