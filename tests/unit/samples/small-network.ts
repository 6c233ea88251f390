import type { ModelCard } from '../../../contracts/index.ts'
import {
  type OnnxAttribute,
  onnxGraph,
  onnxModel,
  onnxNode,
  onnxTensor,
  type Pixels,
} from '../../../models/index.ts'

type Bytes = Uint8Array<ArrayBuffer>

export const SIDE = 12
const SHAPES = {
  stem: [8, 3, 3, 3],
  depth: [8, 1, 3, 3],
  grow: [16, 8, 1, 1],
  project: [8, 16, 1, 1],
  mix: [12, 8, 3, 3],
  dense: [6, 12],
  answer: [6, 3],
}

/** The network and the images of tests/golden/quantise.py. */
export function smallNetwork(): { model: Bytes; card: ModelCard; images: Pixels[] } {
  let state = 1
  const draw = (): number => (state = (Math.imul(1664525, state) + 1013904223) >>> 0) / 2 ** 32
  const drawn = (n: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: n }, () => draw() - 0.45)
  const initializers = Object.entries(SHAPES).flatMap(([name, shape]) => [
    onnxTensor(name, shape, drawn(shape.reduce((a, b) => a * b, 1))),
    ...(name === 'answer' ? [] : [onnxTensor(`${name}_bias`, [shape[0] ?? 0], drawn(shape[0] ?? 0))]),
  ])
  const images = Array.from({ length: 10 }, () => imageOf(() => Math.floor(draw() * 256)))
  const padded = { pads: { ints: [1, 1, 1, 1] } }
  const conv = (name: string, from: string, to: string, attributes: Record<string, OnnxAttribute> = {}) =>
    onnxNode('Conv', [from, name, `${name}_bias`], [to], attributes)
  const nodes = [
    onnxNode('Transpose', ['image'], ['planes'], { perm: { ints: [0, 3, 1, 2] } }),
    onnxNode('Cast', ['planes'], ['levels'], { to: { int: 1 } }),
    onnxNode('Div', ['levels', 'white'], ['unit']),
    conv('stem', 'unit', 'stem_raw', padded),
    onnxNode('Relu', ['stem_raw'], ['stem_out']),
    conv('depth', 'stem_out', 'depth_out', { ...padded, group: { int: 8 } }),
    conv('grow', 'depth_out', 'grow_raw'),
    onnxNode('Relu', ['grow_raw'], ['grow_out']),
    conv('project', 'grow_out', 'project_out'),
    onnxNode('Add', ['stem_out', 'project_out'], ['sum']),
    conv('mix', 'sum', 'mix_raw'),
    onnxNode('Relu', ['mix_raw'], ['mix_out']),
    onnxNode('GlobalAveragePool', ['mix_out'], ['pooled']),
    onnxNode('Flatten', ['pooled'], ['row']),
    onnxNode('Gemm', ['row', 'dense', 'dense_bias'], ['dense_out'], { transB: { int: 1 } }),
    onnxNode('MatMul', ['dense_out', 'answer'], ['logits']),
  ]
  return { model: networkOf(nodes, [...initializers, white()], 3), card: cardOf(3), images }
}

/**
 * Two classes whose logits are the mean grey g and 1.0005 g: nearer to each other than a step of 8 bits. `copies`
 * layers that change nothing come before the one that makes the difference.
 */
export function closeClasses(copies: number): { model: Bytes; card: ModelCard; images: Pixels[] } {
  const one = (name: string, ...values: number[]) =>
    onnxTensor(name, [values.length, 1, 1, 1], Float32Array.from(values))
  const layers = Array.from({ length: copies + 1 }, (_, i) =>
    onnxNode('Conv', [`x${i}`, i === 0 ? 'grey' : 'same'], [`x${i + 1}`]),
  )
  const nodes = [
    onnxNode('Transpose', ['image'], ['planes'], { perm: { ints: [0, 3, 1, 2] } }),
    onnxNode('Cast', ['planes'], ['levels'], { to: { int: 1 } }),
    onnxNode('Div', ['levels', 'white'], ['x0']),
    ...layers,
    onnxNode('Conv', [`x${copies + 1}`, 'split'], ['two']),
    onnxNode('GlobalAveragePool', ['two'], ['pooled']),
    onnxNode('Flatten', ['pooled'], ['row']),
    onnxNode('MatMul', ['row', 'last'], ['logits']),
  ]
  const initializers = [
    onnxTensor('grey', [1, 3, 1, 1], new Float32Array(3).fill(1 / 3)),
    one('same', 1),
    one('split', 1, 1.0005),
    onnxTensor('last', [2, 2], Float32Array.of(1, 0, 0, 1)),
    white(),
  ]
  const images = [255, 131, 61].map((level) => imageOf(() => level))
  return { model: networkOf(nodes, initializers, 2), card: cardOf(2), images }
}

const white = (): Bytes => onnxTensor('white', [1], Float32Array.of(255))

const imageOf = (level: () => number): Pixels => ({
  data: Uint8Array.from({ length: SIDE * SIDE * 3 }, level),
  widthPx: SIDE,
  heightPx: SIDE,
  channels: 3,
})

const networkOf = (nodes: Bytes[], initializers: Bytes[], classes: number): Bytes =>
  onnxModel(
    onnxGraph({
      name: 'small',
      nodes,
      initializers,
      inputs: [{ name: 'image', type: 'uint8', shape: ['n', SIDE, SIDE, 3] }],
      outputs: [{ name: 'logits', type: 'float32', shape: ['n', classes] }],
    }),
  )

const cardOf = (classes: number): ModelCard => ({
  id: 'small',
  version: '1.2.0',
  title: { zh: '小网络', en: 'Small network' },
  spec: { family: 'classification', output: 'logits', activation: 'none' },
  inputs: [
    {
      name: 'image',
      layout: 'NHWC',
      dtype: 'uint8',
      channels: 3,
      widthPx: SIDE,
      heightPx: SIDE,
      multipleOf: 1,
      fit: 'none',
      role: 'image',
    },
  ],
  labels: Array.from({ length: classes }, (_, i) => `class-${i}`),
  licence: 'Apache-2.0',
  trainingData: [{ name: 'drawn', licence: 'none' }],
  metrics: { accuracy: 1 },
  threshold: { value: 0.5, provenance: 'chosen by hand' },
  golden: { atol: 1e-4, rtol: 1e-4 },
})
