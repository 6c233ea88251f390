import { onnxGraph, onnxModel, onnxNode, onnxTensor } from './graph.ts'
import type { OnnxAttribute } from './graph.ts'
import type { Field } from './wire.ts'

export interface ScaledTo {
  widthPx: number
  heightPx: number
}

/** The oldest operator set whose Resize has an antialias. */
export const ANTIALIAS_OPSET = 18

const FLOAT = 1

/**
 * Scales [1, c, h, w] as torchvision scales float tensors with `antialias=True`: the triangle filter of Pillow without
 * its rounding to 8 bits. What lies outside gets no weight; the operator's default would repeat the border.
 *
 * @param size name of the constant that `scaledSize` makes
 * @returns operator, inputs after the image, attributes
 */
export const antialiasedResize = (size: string): [string, string[], Record<string, OnnxAttribute>] => [
  'Resize',
  ['', '', size],
  {
    mode: { string: 'linear' },
    antialias: { int: 1 },
    exclude_outside: { int: 1 },
    coordinate_transformation_mode: { string: 'half_pixel' },
  },
]

export const scaledSize = (name: string, channels: number, { widthPx, heightPx }: ScaledTo): Field =>
  onnxTensor(name, [4], BigInt64Array.of(1n, BigInt(channels), BigInt(heightPx), BigInt(widthPx)))

/** The scaling as a model of its own: `image`, uint8 NHWC of any size → `scaled`, float32 NCHW, grey levels 0..255. */
export function scalingModel(to: ScaledTo): Field {
  const [op, further, attributes] = antialiasedResize('sizes')
  return onnxModel(
    onnxGraph({
      name: 'scaling',
      nodes: [
        onnxNode('Transpose', ['image'], ['planar'], { perm: { ints: [0, 3, 1, 2] } }),
        onnxNode('Cast', ['planar'], ['float'], { to: { int: FLOAT } }),
        onnxNode(op, ['float', ...further], ['scaled'], attributes),
      ],
      initializers: [scaledSize('sizes', 3, to)],
      inputs: [{ name: 'image', type: 'uint8', shape: ['n', 'h', 'w', 3] }],
      outputs: [{ name: 'scaled', type: 'float32', shape: ['n', 3, to.heightPx, to.widthPx] }],
    }),
    'sightline',
    ANTIALIAS_OPSET,
  )
}
