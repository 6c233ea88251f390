import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core'
import { PLACES, type ProfileWeights } from './side-profiles.ts'
import type { TensorFlow } from './tensorflow.ts'

/** Each place with those around it, zeros beyond the ends: [profiles × places][taps × channels]. */
export function unfold({ tf }: TensorFlow, x: Tensor3D, taps: number): Tensor2D {
  const [profiles, places, channels] = x.shape
  const reach = (taps - 1) / 2
  const padded = tf.pad(x, [
    [0, 0],
    [reach, reach],
    [0, 0],
  ])
  const parts = Array.from({ length: taps }, (_, t) =>
    tf.slice(padded, [0, t, 0], [profiles, places, channels]),
  )
  return tf.reshape(tf.concat(parts, 2), [profiles * places, taps * channels])
}

/** Gradient of `unfold`; slices of the last axis are slow in WebAssembly. */
export function fold(
  { tf }: TensorFlow,
  dy: Tensor2D,
  [profiles, places, channels]: [number, number, number],
  taps: number,
): Tensor3D {
  const slope = dy.dataSync<'float32'>()
  const out = new Float32Array(profiles * places * channels)
  const reach = (taps - 1) / 2
  for (let row = 0; row < profiles * places; row++)
    for (let t = 0; t < taps; t++) {
      const place = (row % places) + t - reach
      if (place < 0 || place >= places) continue
      const from = (row * taps + t) * channels
      const to = (row + t - reach) * channels
      for (let c = 0; c < channels; c++) out[to + c]! += slope[from + c]!
    }
  return tf.tensor3d(out, [profiles, places, channels])
}

/** Profiles of maps in boxes, and the gradient of the maps. `boxes` in all, the same number in each map. */
export function profilePool(
  { tf }: TensorFlow,
  { along, across }: ProfileWeights,
  views: number,
  boxes: number,
  { width, height }: { width: number; height: number },
): {
  /** [views][rows][columns][channels] → along x and along y, [boxes][PLACES][channels] each */
  forward: (map: Tensor4D) => [Tensor3D, Tensor3D]
  backward: (dx: Tensor3D, dy: Tensor3D) => Tensor4D
} {
  const axis = (lengthwise: Float32Array, crosswise: Float32Array, length: number, breadth: number) => {
    const places = tf.tensor3d(lengthwise, [boxes, PLACES, length])
    const mean = tf.tensor3d(crosswise, [views, boxes / views, breadth])
    return {
      // [views][breadth][length][channels]
      forward(map: Tensor4D): Tensor3D {
        const channels = map.shape[3]
        const flat = tf.reshape(map, [views, breadth, length * channels])
        return tf.matMul(places, tf.reshape(tf.matMul(mean, flat), [boxes, length, channels]) as Tensor3D)
      },
      backward(slope: Tensor3D): Tensor4D {
        const channels = slope.shape[2]
        const lines = tf.matMul(tf.transpose(places, [0, 2, 1]), slope)
        const flat = tf.reshape(lines, [views, boxes / views, length * channels])
        return tf.reshape(tf.matMul(tf.transpose(mean, [0, 2, 1]), flat), [views, breadth, length, channels])
      },
    }
  }
  const x = axis(along.x, across.x, width, height)
  const y = axis(along.y, across.y, height, width)
  const turned = (map: Tensor4D): Tensor4D => tf.transpose(map, [0, 2, 1, 3])
  return {
    forward: (map) => [x.forward(map), y.forward(turned(map))],
    backward: (dx, dy) => tf.add(x.backward(dx), turned(y.backward(dy))),
  }
}
