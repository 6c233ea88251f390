import type { Variable } from '@tensorflow/tfjs-core'
import { sample, seededRandom } from '../teach/random.ts'
import type { LinearHead } from './softmax-regression.ts'
import type { TensorFlow } from './tensorflow.ts'

/** outputs = relu(row × hidden) × out. */
export interface TwoLayerHead {
  hidden: LinearHead
  out: LinearHead
}

export type GradientOf = (given: ArrayLike<number>, rows: readonly number[], out: Float32Array) => void

export interface TwoLayerData {
  /** [rows][features], standardised. */
  values: Float32Array
  features: number
  count: number
  outputs: number
  /** Gradient of the mean loss of some rows with respect to what the head gave for them; both [rows][outputs]. */
  gradientOf: GradientOf
}

export interface TwoLayerOptions {
  hidden: number
  /** Rounds over all rows. */
  rounds: number
  seed: number
  signal?: AbortSignal
}

const BATCH = 512
const RATE = 2e-3
/** Decoupled weight decay (Loshchilov and Hutter 2019), per step and rate. */
const DECAY = 0.05
/** Share of hidden values left out at each step (Srivastava et al. 2014). */
const DROPOUT = 0.3

/**
 * A hidden layer between patches and outputs, by Adam on batches with a rate that falls to nothing (cosine). Not convex:
 * the same for the same seed and backend.
 */
export async function fitTwoLayer(
  { tf }: TensorFlow,
  { values, features, count, outputs, gradientOf }: TwoLayerData,
  { hidden, rounds, seed, signal }: TwoLayerOptions,
): Promise<TwoLayerHead> {
  const random = seededRandom(seed)
  const spread = (size: number, inputs: number): Float32Array =>
    // He et al. 2015, uniform: the same variance before and after the layer.
    Float32Array.from({ length: size }, () => (2 * random() - 1) * Math.sqrt(6 / inputs))
  const w1 = tf.variable(tf.tensor2d(spread(features * hidden, features), [features, hidden]))
  const b1 = tf.variable(tf.zeros([hidden]))
  const w2 = tf.variable(tf.tensor2d(spread(hidden * outputs, 4 * hidden), [hidden, outputs]))
  const b2 = tf.variable(tf.zeros([outputs]))
  const all: Variable[] = [w1, b1, w2, b2]
  const adam = tf.train.adam(RATE)
  const steps = rounds * Math.ceil(count / BATCH)
  let step = 0
  try {
    for (let round = 0; round < rounds; round++) {
      const order = sample(count, count, random)
      for (let from = 0; from < count; from += BATCH, step++) {
        signal?.throwIfAborted()
        const batch = order.slice(from, from + BATCH)
        const rate = (RATE * (1 + Math.cos((Math.PI * step) / steps))) / 2
        ;(adam as unknown as { learningRate: number }).learningRate = rate
        const x = new Float32Array(batch.length * features)
        batch.forEach((row, i) => x.set(values.subarray(row * features, (row + 1) * features), i * features))
        const mask = Float32Array.from({ length: batch.length * hidden }, () =>
          random() < DROPOUT ? 0 : 1 / (1 - DROPOUT),
        )
        tf.tidy(() => {
          const input = tf.tensor2d(x, [batch.length, features])
          const keep = tf.tensor2d(mask, [batch.length, hidden])
          const pre = tf.add(tf.matMul(input, w1), b1)
          const inner = tf.mul(tf.relu(pre), keep)
          const given = tf.add(tf.matMul(inner, w2), b2).dataSync()
          const slope = new Float32Array(given.length)
          gradientOf(given, batch, slope)
          const wrong = tf.tensor2d(slope, [batch.length, outputs])
          const back = tf.mul(tf.mul(tf.matMul(wrong, tf.transpose(w2)), tf.step(pre)), keep)
          adam.applyGradients([
            { name: w1.name, tensor: tf.matMul(tf.transpose(input), back) },
            { name: b1.name, tensor: tf.sum(back, 0) },
            { name: w2.name, tensor: tf.matMul(tf.transpose(inner), wrong) },
            { name: b2.name, tensor: tf.sum(wrong, 0) },
          ])
          for (const w of [w1, w2]) w.assign(tf.mul(w, 1 - rate * DECAY))
        })
        // The event loop must breathe, so that a run can be cancelled.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const read = async (v: Variable): Promise<Float32Array> => Float32Array.from(await v.data())
    return {
      hidden: { features, classes: hidden, weights: await read(w1), bias: await read(b1) },
      out: { features: hidden, classes: outputs, weights: await read(w2), bias: await read(b2) },
    }
  } finally {
    tf.dispose(all)
    adam.dispose()
  }
}

/**
 * Gradient of the mean weighted negative log likelihood of the true classes: (probabilities - truth) × weight. Negative
 * labels are not taught.
 */
export const classGradient =
  (classes: number, labels: ArrayLike<number>, weights: ArrayLike<number>): GradientOf =>
  (given, rows, out) => {
    rows.forEach((row, i) => {
      const label = labels[row] ?? -1
      if (label < 0) return
      const at = i * classes
      let top = -Infinity
      for (let c = 0; c < classes; c++) top = Math.max(top, given[at + c] ?? 0)
      let total = 0
      for (let c = 0; c < classes; c++) total += Math.exp((given[at + c] ?? 0) - top)
      const weight = (weights[row] ?? 0) / rows.length
      for (let c = 0; c < classes; c++)
        out[at + c] = (Math.exp((given[at + c] ?? 0) - top) / total - (c === label ? 1 : 0)) * weight
    })
  }
