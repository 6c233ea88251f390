import { minimise } from './minimise.ts'
import type { TensorFlow } from './tensorflow.ts'

/** Rows of features, standardised, with the class of each and how much it counts. */
export interface LabelledRows {
  /** [rows][features] */
  values: Float32Array
  features: number
  /** Index of the class per row. */
  labels: ArrayLike<number>
  /** Weight per row, mean 1: rare classes count as much as common ones. */
  weights: ArrayLike<number>
}

/** logits = row × weights + bias; weights [features][classes]. */
export interface LinearHead {
  features: number
  classes: number
  weights: Float32Array
  bias: Float32Array
}

interface FitOptions {
  /** L2 penalty on the weights. */
  penalty: number
  /** Where to begin; default zero. The optimum is the same, it is reached sooner. */
  from?: LinearHead
  /** Relative decrease that is not worth another step; default: that of float32. */
  precision?: number
  signal?: AbortSignal
}

/** Rows at a time: what is held beside the rows stays small. */
const CHUNK = 16_384
/** Far beyond what any fit here has needed; bounds the time where the penalty is nearly nothing. */
const STEPS = 300

/** Values and gradients come in float32: a smaller relative decrease is noise. */
const NOISE = 1e-7

/** Multinomial logistic regression on one set of rows, which TensorFlow.js holds until `close`. */
export interface SoftmaxFitter {
  /** The optimum: the problem is convex, so the same rows give the same head. */
  fit(options: FitOptions): Promise<LinearHead>
  close(): void
}

export function softmaxFitter({ tf }: TensorFlow, data: LabelledRows, classes: number): SoftmaxFitter {
  const { features, values, weights } = data
  const count = data.labels.length
  const chunks = Array.from({ length: Math.ceil(count / CHUNK) }, (_, n) => {
    const from = n * CHUNK
    const to = Math.min(count, from + CHUNK)
    return tf.tidy(() => {
      const labels = Int32Array.from({ length: to - from }, (__, i) => data.labels[from + i] ?? 0)
      const x = tf.tensor2d(values.subarray(from * features, to * features), [to - from, features])
      return {
        x,
        // Held as well: for transposed matrices WebAssembly has no fast path.
        turned: tf.transpose(x),
        y: tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32'),
        w: tf.tensor2d(
          Float32Array.from({ length: to - from }, (__, i) => (weights[from + i] ?? 0) / count),
          [to - from, 1],
        ),
      }
    })
  })
  const size = features * classes

  /** Mean loss and its gradient, rowsᵀ (probabilities - truth), plus the penalty's. */
  async function objective(at: Float64Array, penalty: number) {
    const gradient = new Float64Array(at.length)
    let value = 0
    for (let i = 0; i < size; i++) {
      const v = at[i] ?? 0
      value += penalty * v * v
      gradient[i] = 2 * penalty * v
    }
    for (const { x, turned, y, w } of chunks) {
      const [loss, slopes, sums] = tf.tidy(() => {
        const matrix = tf.tensor2d(Float32Array.from(at.subarray(0, size)), [features, classes])
        const logits = tf.add(tf.matMul(x, matrix), tf.tensor1d(Float32Array.from(at.subarray(size))))
        const log = tf.logSoftmax(logits)
        const wrong = tf.mul(tf.sub(tf.exp(log), y), w)
        return [tf.neg(tf.sum(tf.mul(tf.mul(log, y), w))), tf.matMul(turned, wrong), tf.sum(wrong, 0)]
      }) as [ReturnType<typeof tf.sum>, ReturnType<typeof tf.matMul>, ReturnType<typeof tf.sum>]
      value += (await loss.data())[0] ?? 0
      const slope = await slopes.data()
      for (let i = 0; i < size; i++) gradient[i] = (gradient[i] ?? 0) + (slope[i] ?? 0)
      const sum = await sums.data()
      for (let c = 0; c < classes; c++) gradient[size + c] = (gradient[size + c] ?? 0) + (sum[c] ?? 0)
      tf.dispose([loss, slopes, sums])
    }
    return { value, gradient }
  }

  return {
    async fit({ penalty, from, precision, signal }) {
      const start = new Float64Array(size + classes)
      if (from) {
        start.set(from.weights)
        start.set(from.bias, size)
      }
      const { at } = await minimise((p) => objective(p, penalty), start, {
        steps: STEPS,
        precision: precision ?? NOISE,
        ...(signal && { signal }),
      })
      return {
        features,
        classes,
        weights: Float32Array.from(at.subarray(0, size)),
        bias: Float32Array.from(at.subarray(size)),
      }
    },
    close: () => tf.dispose(chunks.flatMap(({ x, turned, y, w }) => [x, turned, y, w])),
  }
}

/** One array of logits per row. */
export function logitsOf(head: LinearHead, values: Float32Array): Float64Array[] {
  const { classes, features, weights, bias } = head
  return Array.from({ length: values.length / features }, (_, n) => {
    const logits = Float64Array.from(bias)
    for (let f = 0; f < features; f++) {
      const value = values[n * features + f] ?? 0
      for (let c = 0; c < classes; c++) logits[c] = (logits[c] ?? 0) + value * (weights[f * classes + c] ?? 0)
    }
    return logits
  })
}
