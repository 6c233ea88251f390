import type { ModelCard, ModelInput } from '../../contracts/index.ts'
import { extendModel } from '../onnx/extend.ts'
import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { Backbone } from '../teach/backbone.ts'
import type { CrossFit, Scale } from './cross-fit.ts'
import { POOLED, pooledNodes, pooledSize } from './pooled-nodes.ts'
import type { LinearHead } from './softmax-regression.ts'

const OWN = 'sightline_head_'
const PROBABILITIES = 'probabilities'

export interface ClassModelFacts {
  id: string
  version: string
  labels: readonly string[]
  sidePx: number
  parts: number
  accuracy: number
  chosen: CrossFit
  licence: string
}

/** How an image is brought to the classifier, when it is taught and when it judges. */
export const classInput = (backbone: Backbone, sidePx: number): ModelInput => ({
  name: backbone.input,
  layout: 'NHWC',
  dtype: 'uint8',
  channels: 3,
  widthPx: sidePx,
  heightPx: sidePx,
  multipleOf: 1,
  fit: 'stretch',
  resample: 'pillow',
  marginGrey: 114,
  role: 'image',
})

/** Input of the graphs made here: one RGB image, [1, side, side, 3]. */
const imageInput = (backbone: Backbone, sidePx: number) => [
  { name: backbone.input, type: 'uint8' as const, shape: [1, sidePx, sidePx, 3] },
]

/** Backbone and pooling: image → `POOLED`. */
export const pooledModel = (backbone: Backbone, sidePx: number): Uint8Array =>
  extendModel(backbone.model, {
    nodes: pooledNodes(backbone.taps),
    initializers: [],
    inputs: imageInput(backbone, sidePx),
    outputs: [{ name: POOLED, type: 'float32', shape: [1, pooledSize(backbone.taps)] }],
  })

/** The whole classifier in one graph: backbone, pooling, standardisation, head, temperature, softmax. */
export function classModel(
  backbone: Backbone,
  sidePx: number,
  head: LinearHead,
  { mean, deviation }: Scale,
  temperature: number,
): Uint8Array {
  const { features, classes } = head
  return extendModel(backbone.model, {
    nodes: [
      ...pooledNodes(backbone.taps),
      onnxNode('Sub', [POOLED, `${OWN}mean`], [`${OWN}centred`]),
      onnxNode('Div', [`${OWN}centred`, `${OWN}deviation`], [`${OWN}row`]),
      onnxNode('Gemm', [`${OWN}row`, `${OWN}weights`, `${OWN}bias`], [`${OWN}logits`]),
      onnxNode('Softmax', [`${OWN}logits`], [PROBABILITIES], { axis: { int: 1 } }),
    ],
    initializers: [
      onnxTensor(`${OWN}mean`, [1, features], mean),
      onnxTensor(`${OWN}deviation`, [1, features], deviation),
      // Dividing weights and bias divides the logits.
      onnxTensor(
        `${OWN}weights`,
        [features, classes],
        head.weights.map((v) => v / temperature),
      ),
      onnxTensor(
        `${OWN}bias`,
        [classes],
        head.bias.map((v) => v / temperature),
      ),
    ],
    inputs: imageInput(backbone, sidePx),
    outputs: [{ name: PROBABILITIES, type: 'float32', shape: [1, classes] }],
  })
}

export function classCard(backbone: Backbone, facts: ClassModelFacts): ModelCard {
  const { id, version, labels, sidePx, parts, accuracy, chosen, licence } = facts
  return {
    id,
    version,
    title: { zh: `零件分类:${labels.join('、')}`, en: `Part classes: ${labels.join(', ')}` },
    spec: { family: 'classification', output: PROBABILITIES, activation: 'none' },
    inputs: [classInput(backbone, sidePx)],
    labels: [...labels],
    licence,
    trainingData: [
      { name: `${parts} labelled parts`, licence },
      ...backbone.trainingData.map((d) => ({ ...d, name: `backbone ${backbone.id}: ${d.name}` })),
    ],
    metrics: {
      'cross-validated-accuracy': accuracy,
      'cross-validated-log-loss': chosen.loss,
      'calibration-error': chosen.calibrationError,
    },
    threshold: {
      value: 0.5,
      provenance: `calibrated probability (temperature ${chosen.temperature.toFixed(3)}): at most one class reaches one half`,
    },
    golden: { atol: 1e-3, rtol: 1e-3 },
  }
}
