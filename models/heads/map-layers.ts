import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { TensorFlow } from './tensorflow.ts'

/** Depthwise convolution at stride 1, zeros outside. */
export const depthwise = ({ tf }: TensorFlow, x: Tensor4D, kernel: Tensor4D): Tensor4D =>
  tf.depthwiseConv2d(x, kernel, 1, 'same')

/**
 * Gradients of a depthwise convolution; TensorFlow.js has none in WebAssembly. That of the image is the convolution with
 * the kernel turned by 180°.
 *
 * @param dy gradient of what `depthwise` gave
 */
export function depthwiseGradient(
  engine: TensorFlow,
  x: Tensor4D,
  kernel: Tensor4D,
  dy: Tensor4D,
): { x: Tensor4D; kernel: Tensor4D } {
  const { tf } = engine
  const slope = kernelSlope(x.dataSync<'float32'>(), dy.dataSync<'float32'>(), x.shape, kernel.shape[0])
  return {
    x: depthwise(engine, dy, tf.reverse(kernel, [0, 1])),
    kernel: tf.tensor4d(slope, kernel.shape),
  }
}

/** What each weight of the kernel would change: the products of values and slopes that it brings together. */
function kernelSlope(
  x: Float32Array,
  dy: Float32Array,
  [, height, width, channels]: [number, number, number, number],
  size: number,
): Float32Array {
  const slope = new Float32Array(size * size * channels)
  const reach = (size - 1) / 2
  const rows = x.length / width / channels
  for (let r = 0; r < rows; r++) {
    const y = r % height
    for (let ky = Math.max(0, reach - y); ky < size && y + ky - reach < height; ky++)
      for (let kx = 0; kx < size; kx++) {
        const at = (ky * size + kx) * channels
        const left = Math.max(0, reach - kx)
        const right = Math.min(width, width + reach - kx)
        let to = (r * width + left) * channels
        let from = ((r + ky - reach) * width + left + kx - reach) * channels
        for (let c = left; c < right; c++)
          for (let k = 0; k < channels; k++) slope[at + k]! += x[from++]! * dy[to++]!
      }
  }
  return slope
}

interface GridSize {
  width: number
  height: number
}

/** Brings maps to a finer grid by linear interpolation between the middles of cells; edges are held. */
export const enlarge = ({ tf }: TensorFlow, x: Tensor4D, { width, height }: GridSize): Tensor4D =>
  tf.image.resizeBilinear(x, [height, width], false, true)

/**
 * Gradient of `enlarge`; that of TensorFlow.js is for other centres only.
 *
 * @param dy [maps][fine cells][channels]
 * @returns [maps][coarse cells][channels]
 */
export function enlargeGradient(
  dy: Float32Array,
  coarse: GridSize,
  fine: GridSize,
  channels: number,
): Float32Array {
  const across = interpolation(coarse.width, fine.width)
  const down = interpolation(coarse.height, fine.height)
  const maps = dy.length / (fine.width * fine.height * channels)
  const out = new Float32Array(maps * coarse.width * coarse.height * channels)
  let at = 0
  for (let map = 0; map < maps; map++)
    for (const rows of down)
      for (const columns of across) {
        for (const [row, shareDown] of rows)
          for (const [column, shareAcross] of columns) {
            const to = ((map * coarse.height + row) * coarse.width + column) * channels
            const share = shareDown * shareAcross
            for (let c = 0; c < channels; c++) out[to + c]! += share * dy[at + c]!
          }
        at += channels
      }
  return out
}

/** Per fine cell along one side: the coarse cells it comes from, and the share of each. */
function interpolation(from: number, to: number): [cell: number, share: number][][] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max(0, Math.min(from - 1, ((i + 0.5) * from) / to - 0.5))
    const low = Math.floor(at)
    return low + 1 < from && at > low
      ? [
          [low, 1 - (at - low)],
          [low + 1, at - low],
        ]
      : [[low, 1]]
  })
}
