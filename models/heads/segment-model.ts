import type { ModelCard, ModelInput } from '../../contracts/index.ts'
import { extendModel } from '../onnx/extend.ts'
import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { Backbone } from '../teach/backbone.ts'
import { descriptorNodes } from '../teach/feature-nodes.ts'
import { contextTaps } from './context-taps.ts'
import type { Scale } from './cross-fit.ts'
import type { SegmentSize } from './patch-describer.ts'
import type { LinearHead } from './softmax-regression.ts'
import type { TwoLayerHead } from './two-layer.ts'

const OWN = 'sightline_segment_'
const MAP = 'classes'

/** What turns standardised patches into logits. */
export type SegmentHead = { kind: 'linear'; out: LinearHead } | ({ kind: 'two-layer' } & TwoLayerHead)

export const segmentInput = (
  backbone: Backbone,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): ModelInput => ({
  name: backbone.input,
  layout: 'NHWC',
  dtype: 'uint8',
  channels: 3,
  widthPx,
  heightPx,
  multipleOf: 1,
  fit: 'stretch',
  resample: 'pillow',
  marginGrey: 114,
  role: 'image',
})

/**
 * Image → probability of each class per patch, [1, classes, h, w], in one graph. The first layer is applied to each tap
 * at its own stride and the results are brought to the finest one and added: a linear map and a resize may change places.
 */
export function segmentModel(
  backbone: Backbone,
  size: SegmentSize,
  head: SegmentHead,
  { mean, deviation }: Scale,
  temperature: number,
): Uint8Array {
  const { grid } = size
  const first = head.kind === 'linear' ? head.out : head.hidden
  const classes = head.out.classes
  const context = contextTaps(backbone.taps)
  const part = descriptorNodes(
    context.taps,
    size.stridePx,
    { dims: first.classes, ...standardising(first, mean, deviation) },
    `${OWN}first`,
  )
  const hot = Float32Array.of(temperature)
  const layers =
    head.kind === 'linear'
      ? [onnxNode('Identity', [`${OWN}first`], [`${OWN}logits`])]
      : [
          onnxNode('Relu', [`${OWN}first`], [`${OWN}inner`]),
          onnxNode('Gemm', [`${OWN}inner`, `${OWN}weights`, `${OWN}bias`], [`${OWN}logits`]),
        ]
  return extendModel(backbone.model, {
    nodes: [
      ...context.nodes,
      ...part.nodes,
      ...layers,
      onnxNode('Div', [`${OWN}logits`, `${OWN}temperature`], [`${OWN}calm`]),
      onnxNode('Softmax', [`${OWN}calm`], [`${OWN}rows`], { axis: { int: 1 } }),
      onnxNode('Reshape', [`${OWN}rows`, `${OWN}map`], [`${OWN}last`]),
      onnxNode('Transpose', [`${OWN}last`], [MAP], { perm: { ints: [0, 3, 1, 2] } }),
    ],
    initializers: [
      ...part.initializers,
      onnxTensor(`${OWN}temperature`, [1], hot),
      onnxTensor(`${OWN}map`, [4], BigInt64Array.from([1, grid.height, grid.width, classes].map(BigInt))),
      ...(head.kind === 'linear'
        ? []
        : [
            onnxTensor(`${OWN}weights`, [head.out.features, classes], head.out.weights),
            onnxTensor(`${OWN}bias`, [classes], head.out.bias),
          ]),
    ],
    inputs: [{ name: backbone.input, type: 'uint8', shape: [1, size.heightPx, size.widthPx, 3] }],
    outputs: [{ name: MAP, type: 'float32', shape: [1, classes, grid.height, grid.width] }],
  })
}

/** The same layer for features that are not standardised. */
export function standardising(
  { features, classes, weights, bias }: LinearHead,
  mean: Float32Array,
  deviation: Float32Array,
) {
  const w = new Float32Array(weights.length)
  const shift = Float64Array.from(bias)
  for (let f = 0; f < features; f++)
    for (let c = 0; c < classes; c++) {
      const v = (weights[f * classes + c] ?? 0) / (deviation[f] ?? 1)
      w[f * classes + c] = v
      shift[c] = (shift[c] ?? 0) - v * (mean[f] ?? 0)
    }
  return { weights: w, bias: Float32Array.from(shift) }
}

export interface SegmentFacts {
  id: string
  version: string
  /** Without the background. */
  classes: readonly string[]
  size: SegmentSize
  images: number
  metrics: Record<string, number>
  temperature: number
  licence: string
}

/** Name of what belongs to no class. */
export const BACKGROUND = 'background'

export function segmentCard(backbone: Backbone, facts: SegmentFacts): ModelCard {
  const { id, version, classes, size, images, metrics, temperature, licence } = facts
  return {
    id,
    version,
    title: { zh: `缺陷分割:${classes.join('、')}`, en: `Defect regions: ${classes.join(', ')}` },
    spec: {
      family: 'segmentation-classes',
      output: MAP,
      activation: 'none',
      background: BACKGROUND,
      minAreaPx: 1,
    },
    inputs: [segmentInput(backbone, size)],
    labels: [BACKGROUND, ...classes],
    licence,
    trainingData: [
      { name: `${images} images with labelled regions`, licence },
      ...backbone.trainingData.map((d) => ({ ...d, name: `backbone ${backbone.id}: ${d.name}` })),
    ],
    metrics,
    threshold: {
      value: 0.5,
      provenance: `calibrated probability (temperature ${temperature.toFixed(3)}) of the surest patch of a region`,
    },
    golden: { atol: 2e-3, rtol: 1e-3 },
  }
}
