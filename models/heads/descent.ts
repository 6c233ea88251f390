import type { Tensor, Variable } from '@tensorflow/tfjs-core'
import type { TensorFlow } from './tensorflow.ts'

/** Steps until the rate is reached. */
const WARM_UP = 20
/** Decoupled weight decay (Loshchilov and Hutter 2019), per step and rate; biases keep their values. */
const DECAY = 0.05

/**
 * Adam with a rate that falls to nothing (cosine).
 *
 * @param gradients of the variables by name, for the next batch
 */
export async function descend(
  { tf }: TensorFlow,
  variables: Record<string, Variable>,
  { rate: highest, steps, signal }: { rate: number; steps: number; signal?: AbortSignal },
  gradients: () => Record<string, Tensor>,
): Promise<void> {
  const all = Object.entries(variables)
  const adam = tf.train.adam(highest)
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted()
      const rate =
        (highest * Math.min(1, (step + 1) / WARM_UP) * (1 + Math.cos((Math.PI * step) / steps))) / 2
      ;(adam as unknown as { learningRate: number }).learningRate = rate
      tf.tidy(() => {
        const grads = gradients()
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
  } finally {
    adam.dispose()
  }
}
