import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core'
import type { LinearHead } from './softmax-regression.ts'
import type { TensorFlow } from './tensorflow.ts'

/** Dense layers of a network that is taught, by name: `<name>.weights` [inputs][outputs] and `<name>.bias`. */
export class TrainedLayers {
  readonly variables: Record<string, Variable> = {}
  readonly #tf: TensorFlow['tf']
  readonly #random: () => number

  /** @param random draws the first weights, in the order in which the layers are made */
  constructor({ tf }: TensorFlow, random: () => number) {
    this.#tf = tf
    this.#random = random
  }

  /** Weights alone, drawn evenly within `share` / √inputs. */
  spread(name: string, shape: number[], inputs: number, share = 1): void {
    const values = Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => ((2 * this.#random() - 1) * share) / Math.sqrt(inputs),
    )
    this.variables[name] = this.#tf.variable(this.#tf.tensor(values, shape))
  }

  dense(name: string, inputs: number, to: number, share = 1): void {
    this.spread(`${name}.weights`, [inputs, to], inputs, share)
    this.variables[`${name}.bias`] = this.#tf.variable(this.#tf.zeros([to]))
  }

  of<T extends Tensor>(name: string): T {
    return this.variables[name] as unknown as T
  }

  linear(x: Tensor2D, name: string): Tensor2D {
    return this.#tf.add(this.#tf.matMul(x, this.of<Tensor2D>(`${name}.weights`)), this.of(`${name}.bias`))
  }

  /**
   * Gradients of a layer, for those of what it gives, into `grads`. In WebAssembly, a product that transposes by itself
   * is many times slower.
   */
  ofWeights(grads: Record<string, Tensor>, input: Tensor2D, dy: Tensor2D, name: string): void {
    grads[`${name}.weights`] = this.#tf.matMul(this.#tf.transpose(input), dy)
    grads[`${name}.bias`] = this.#tf.sum(dy, 0)
  }

  /** The same, and the gradient of its input. */
  through(grads: Record<string, Tensor>, input: Tensor2D, dy: Tensor2D, name: string): Tensor2D {
    this.ofWeights(grads, input, dy, name)
    return this.#tf.matMul(dy, this.#tf.transpose(this.of<Tensor2D>(`${name}.weights`)))
  }

  async values(name: string): Promise<Float32Array<ArrayBuffer>> {
    return Float32Array.from((await this.variables[name]?.data()) ?? [])
  }

  /** A layer as it is now; without a bias that is 0. */
  async read(name: string): Promise<LinearHead> {
    const [features = 0, to = 0] = this.variables[`${name}.weights`]?.shape ?? []
    const weights = await this.values(`${name}.weights`)
    const bias = this.variables[`${name}.bias`] ? await this.values(`${name}.bias`) : new Float32Array(to)
    return { features, classes: to, weights, bias }
  }

  dispose(): void {
    this.#tf.dispose(Object.values(this.variables))
  }
}
