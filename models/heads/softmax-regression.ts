import type { TensorFlow } from './tensorflow.ts'

/** Rows of features, standardised, with the class of each and how much it counts. */
export interface LabelledRows {
  rows: readonly Float32Array[]
  /** Index of the class per row. */
  labels: readonly number[]
  /** Weight per row, mean 1: rare classes count as much as common ones. */
  weights: readonly number[]
}

/** logits = row × weights + bias; weights [features][classes]. */
export interface LinearHead {
  features: number
  classes: number
  weights: Float32Array
  bias: Float32Array
}

export interface FitOptions {
  classes: number
  /** L2 penalty on the weights. */
  penalty: number
  /** Steps at most. */
  steps: number
  /** Rows to watch: the best step on them is kept. Absent: the last step. */
  watch?: LabelledRows
  signal?: AbortSignal
}

/**
 * Adam moves every weight by up to its rate at each step, and so a logit by up to rate × features: divided by the
 * number of features, a step changes logits by about this much at most.
 */
const LOGIT_PER_STEP = 1
/** Steps without progress on the watched rows before it stops. */
const PATIENCE = 60
/** The watched rows are looked at every so many steps. */
const LOOK_EVERY = 5

/**
 * Multinomial logistic regression, all rows at a time, by Adam (Kingma and Ba 2015), from zero: the same rows give the
 * same head.
 *
 * @returns the head, and the steps it took
 */
export async function fitSoftmax(
  { tf }: TensorFlow,
  data: LabelledRows,
  options: FitOptions,
): Promise<{ head: LinearHead; steps: number }> {
  const features = data.rows[0]?.length ?? 0
  const { classes } = options
  const x = tf.tensor2d(joined(data.rows, features), [data.rows.length, features])
  const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([...data.labels], 'int32'), classes), 'float32'))
  const rowCount = data.rows.length
  const w = tf.tensor2d(
    data.weights.map((v) => v / rowCount),
    [rowCount, 1],
  )
  const weights = tf.variable(tf.zeros([features, classes]))
  const bias = tf.variable(tf.zeros([classes]))
  const adam = tf.train.adam(LOGIT_PER_STEP / features)
  const read = async (): Promise<LinearHead> => ({
    features,
    classes,
    weights: Float32Array.from(await weights.data()),
    bias: Float32Array.from(await bias.data()),
  })
  let best = { loss: Infinity, head: await read(), steps: 0 }
  try {
    let step = 0
    for (; step < options.steps && (!options.watch || step - best.steps <= PATIENCE); step++) {
      options.signal?.throwIfAborted()
      // The gradient of the mean loss is known in closed form: rowsᵀ (probabilities - truth), plus the penalty's.
      const gradients = tf.tidy(() => {
        const wrong = tf.mul(tf.sub(tf.softmax(tf.add(tf.matMul(x, weights), bias)), y), w)
        return {
          [weights.name]: tf.add(tf.matMul(x, wrong, true), tf.mul(2 * options.penalty, weights)),
          [bias.name]: tf.sum(wrong, 0),
        }
      })
      adam.applyGradients(Object.entries(gradients).map(([name, tensor]) => ({ name, tensor })))
      for (const g of Object.values(gradients)) g.dispose()
      if (!options.watch || step % LOOK_EVERY !== 0) continue
      const head = await read()
      // Confidence is corrected afterwards; a head that is right but too sure of itself is not worse for it.
      const logits = logitsOf(head, options.watch.rows)
      const { labels } = options.watch
      const loss = crossEntropy(logits, labels, fitTemperature(logits, labels))
      if (loss < best.loss - 1e-5) best = { loss, head, steps: step + 1 }
      // The event loop must breathe, so that a run can be cancelled.
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (!options.watch) best = { loss: NaN, head: await read(), steps: step }
    return { head: best.head, steps: best.steps }
  } finally {
    for (const t of [x, y, w, weights, bias]) t.dispose()
    adam.dispose()
  }
}

function joined(rows: readonly Float32Array[], features: number): Float32Array {
  const all = new Float32Array(rows.length * features)
  rows.forEach((row, i) => all.set(row, i * features))
  return all
}

/** One array of logits per row. */
export function logitsOf(head: LinearHead, rows: readonly Float32Array[]): Float64Array[] {
  const { classes, features, weights, bias } = head
  return rows.map((row) => {
    const logits = Float64Array.from(bias)
    for (let f = 0; f < features; f++) {
      const value = row[f] ?? 0
      for (let c = 0; c < classes; c++) logits[c] = (logits[c] ?? 0) + value * (weights[f * classes + c] ?? 0)
    }
    return logits
  })
}

/** Mean negative log likelihood of the true classes when logits are divided by `temperature`. */
export function crossEntropy(
  logits: readonly Float64Array[],
  labels: readonly number[],
  temperature: number,
): number {
  let sum = 0
  logits.forEach((row, i) => {
    const top = Math.max(...row) / temperature
    let total = 0
    for (const v of row) total += Math.exp(v / temperature - top)
    sum += Math.log(total) + top - (row[labels[i] ?? 0] ?? 0) / temperature
  })
  return sum / Math.max(1, logits.length)
}

/**
 * The temperature that makes probabilities honest on rows the head was not fitted to (Guo et al. 2017, "On calibration
 * of modern neural networks"): golden-section search over its logarithm, within a factor of 20.
 */
export function fitTemperature(logits: readonly Float64Array[], labels: readonly number[]): number {
  const loss = (log: number): number => crossEntropy(logits, labels, Math.exp(log))
  const ratio = (Math.sqrt(5) - 1) / 2
  let [low, high] = [-Math.log(20), Math.log(20)]
  while (high - low > 1e-4) {
    const a = high - ratio * (high - low)
    const b = low + ratio * (high - low)
    if (loss(a) < loss(b)) high = b
    else low = a
  }
  return Math.exp((low + high) / 2)
}
