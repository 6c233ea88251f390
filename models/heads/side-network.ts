import type { Tensor, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core'
import { SIDES } from './box-gradient.ts'
import type { BoxGrids } from './box-network.ts'
import { enlarge, enlargeGradient } from './map-layers.ts'
import { fold, profilePool, unfold } from './profile-layers.ts'
import { PLACES, placeShares, type ProfileWeights } from './side-profiles.ts'
import type { LinearHead } from './softmax-regression.ts'
import type { TensorFlow } from './tensorflow.ts'
import { TrainedLayers } from './trained-layers.ts'

/**
 * What a network of sides is: both levels are projected to a small map; profiles of it along and across each box, read
 * from each of the four sides inwards, pass the same short convolutions, which say where the side lies; their means say
 * how well the box will lie.
 */
export interface SideHead {
  coarse: LinearHead
  /** Null without a fine level. */
  fine: LinearHead | null
  /** Convolutions along a profile: features are [tap][channel]. */
  first: LinearHead
  /** Of the class, one-hot, and of the axis, x or y; added to each place; its bias is 0. */
  kind: LinearHead
  second: LinearHead
  places: LinearHead
  /** Of the means over the box and over the whole profile, the class and the logit of the box. */
  means: LinearHead
  quality: LinearHead
}

/** Channels of the map. */
export const MAP = 32
export const HIDDEN_SIDES = 32
/** Places, each way, that a convolution brings together. */
export const TAPS = 5
const HIDDEN_MEANS = 64
/** Places of a profile that lie in the box. */
export const INSIDE = [PLACES / 4, (3 * PLACES) / 4] as const
/** Before anything is learnt, a side lies where it is. */
export const firstLogits: readonly number[] = placeShares.map((share) => -8 * share * share)

/** The same number of boxes of each view. */
export interface SideBatch {
  /** [views × coarse cells][channels], standardised */
  seen: Tensor2D
  /** [views × patches][channels], standardised; null without a fine level */
  detail: Tensor2D | null
  /** [views][boxes] one after the other, as are the others. */
  weights: ProfileWeights
  classes: readonly number[]
  /** Of each box's score. */
  logits: readonly number[]
  views: number
}

export interface SideNetwork {
  /** By name. */
  variables: Record<string, Variable>
  /** @returns logits [SIDES × boxes][PLACES] and [boxes][1], and the gradients of all variables for gradients of those */
  forward(batch: SideBatch): {
    places: Tensor2D
    quality: Tensor2D
    backward: (places: Tensor2D, quality: Tensor2D) => Record<string, Tensor>
  }
  read(): Promise<SideHead>
  dispose(): void
}

export function sideNetwork(
  engine: TensorFlow,
  channels: { coarse: number; fine: number },
  classes: number,
  grids: BoxGrids,
  random: () => number,
): SideNetwork {
  const { tf } = engine
  const layers = new TrainedLayers(engine, random)
  layers.dense('coarse', channels.coarse, MAP)
  if (channels.fine > 0) layers.dense('fine', channels.fine, MAP)
  layers.dense('first', TAPS * MAP, HIDDEN_SIDES)
  // The convolution beside it has the bias.
  layers.spread('kind.weights', [classes + 2, HIDDEN_SIDES], classes + 2)
  layers.dense('second', TAPS * HIDDEN_SIDES, HIDDEN_SIDES)
  layers.dense('places', TAPS * HIDDEN_SIDES, 1, 0)
  layers.dense('means', 2 * HIDDEN_SIDES + classes + 1, HIDDEN_MEANS)
  layers.dense('quality', HIDDEN_MEANS, 1)
  const { width: columns, height: rows } = grids.fine
  const cells = grids.coarse.width * grids.coarse.height

  return {
    variables: layers.variables,
    forward(batch) {
      const { seen, detail, views } = batch
      const count = batch.classes.length
      const coarse = tf.reshape(layers.linear(seen, 'coarse'), [
        views,
        grids.coarse.height,
        grids.coarse.width,
        MAP,
      ])
      const spread = tf.reshape(enlarge(engine, coarse as Tensor4D, grids.fine), [
        views * rows * columns,
        MAP,
      ])
      const hidden: Tensor2D = detail ? tf.add(spread, layers.linear(detail, 'fine')) : (spread as Tensor2D)
      const map = tf.reshape(tf.relu(hidden), [views, rows, columns, MAP]) as Tensor4D
      const pool = profilePool(engine, batch.weights, views, count, grids.fine)
      const [x, y] = pool.forward(map)
      const profiles = tf.concat([x, y, tf.reverse(x, 1), tf.reverse(y, 1)])
      const shape: [number, number, number] = [SIDES * count, PLACES, HIDDEN_SIDES]
      const around = unfold(engine, profiles, TAPS)
      const kinds = kindsOf(engine, batch.classes, classes)
      const kind = tf.reshape(tf.matMul(kinds, layers.of<Tensor2D>('kind.weights')), [
        SIDES * count,
        1,
        HIDDEN_SIDES,
      ])
      const before = tf.add<Tensor3D>(tf.reshape(layers.linear(around, 'first'), shape), kind)
      const first = tf.relu(before)
      const wide = unfold(engine, first, TAPS)
      const mixed = layers.linear(wide, 'second')
      const second = tf.add<Tensor3D>(first, tf.reshape(tf.relu(mixed), shape))
      const last = unfold(engine, second, TAPS)
      const still = tf.tensor2d([...firstLogits], [1, PLACES])
      const places = tf.add<Tensor2D>(
        tf.reshape(layers.linear(last, 'places'), [SIDES * count, PLACES]),
        still,
      )
      const mean = tf.mean<Tensor3D>(tf.reshape(second, [SIDES, count, PLACES, HIDDEN_SIDES]), 0)
      const [from, to] = INSIDE
      const middle = tf.slice(mean, [0, from, 0], [count, to - from, HIDDEN_SIDES])
      const means = tf.concat<Tensor2D>(
        [
          tf.mean<Tensor2D>(middle, 1),
          tf.mean<Tensor2D>(mean, 1),
          tf.slice(kinds, [0, 0], [count, classes]),
          tf.tensor2d([...batch.logits], [count, 1]),
        ],
        1,
      )
      const inner = layers.linear(means, 'means')
      const kept = tf.relu(inner)
      const quality = layers.linear(kept, 'quality')

      const backward = (dPlaces: Tensor2D, dQuality: Tensor2D): Record<string, Tensor> => {
        const grads: Record<string, Tensor> = {}
        const dInner = tf.mul<Tensor2D>(layers.through(grads, kept, dQuality, 'quality'), tf.step(inner))
        const dMeans = layers.through(grads, means, dInner, 'means')
        const part = (at: number, length: number): Tensor3D =>
          tf.div(
            tf.reshape(tf.slice(dMeans, [0, at], [count, HIDDEN_SIDES]), [count, 1, HIDDEN_SIDES]),
            SIDES * length,
          )
        const dMiddle = tf.pad(tf.tile(part(0, to - from), [1, to - from, 1]), [
          [0, 0],
          [from, PLACES - to],
          [0, 0],
        ])
        const dMean = tf.add(dMiddle, part(HIDDEN_SIDES, PLACES))
        const dLast = layers.through(grads, last, tf.reshape(dPlaces, [SIDES * count * PLACES, 1]), 'places')
        const dSecond = tf.add<Tensor3D>(
          fold(engine, dLast, second.shape, TAPS),
          tf.tile(dMean, [SIDES, 1, 1]),
        )
        const dMixed = tf.mul<Tensor2D>(tf.reshape(dSecond, mixed.shape), tf.step(mixed))
        const dFirst = tf.add(
          dSecond,
          fold(engine, layers.through(grads, wide, dMixed, 'second'), first.shape, TAPS),
        )
        const dBefore = tf.mul<Tensor3D>(dFirst, tf.step(before))
        grads['kind.weights'] = tf.matMul(tf.transpose(kinds), tf.sum<Tensor2D>(dBefore, 1))
        const dAround = layers.through(
          grads,
          around,
          tf.reshape(dBefore, [SIDES * count * PLACES, HIDDEN_SIDES]),
          'first',
        )
        const [dx, dy, dxBack, dyBack] = tf.split(fold(engine, dAround, profiles.shape, TAPS), SIDES) as [
          Tensor3D,
          Tensor3D,
          Tensor3D,
          Tensor3D,
        ]
        const dMap = pool.backward(tf.add(dx, tf.reverse(dxBack, 1)), tf.add(dy, tf.reverse(dyBack, 1)))
        const dHidden = tf.mul<Tensor2D>(tf.reshape(dMap, hidden.shape), tf.step(hidden))
        if (detail) layers.ofWeights(grads, detail, dHidden, 'fine')
        const dCoarse = enlargeGradient(dHidden.dataSync<'float32'>(), grids.coarse, grids.fine, MAP)
        layers.ofWeights(grads, seen, tf.tensor2d(dCoarse, [views * cells, MAP]), 'coarse')
        return grads
      }
      return { places, quality, backward }
    },
    async read() {
      return {
        coarse: await layers.read('coarse'),
        fine: channels.fine > 0 ? await layers.read('fine') : null,
        first: await layers.read('first'),
        kind: await layers.read('kind'),
        second: await layers.read('second'),
        places: await layers.read('places'),
        means: await layers.read('means'),
        quality: await layers.read('quality'),
      }
    },
    dispose: () => layers.dispose(),
  }
}

/** Class and axis of each profile, one-hot: [SIDES × boxes][classes + 2]. */
function kindsOf({ tf }: TensorFlow, labels: readonly number[], classes: number): Tensor2D {
  const values = new Float32Array(SIDES * labels.length * (classes + 2))
  for (let side = 0; side < SIDES; side++)
    labels.forEach((label, i) => {
      const at = (side * labels.length + i) * (classes + 2)
      values[at + label] = 1
      values[at + classes + (side % 2)] = 1
    })
  return tf.tensor2d(values, [SIDES * labels.length, classes + 2])
}
