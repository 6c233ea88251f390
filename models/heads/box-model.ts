import type { ModelCard } from '../../contracts/index.ts'
import { extendModel } from '../onnx/extend.ts'
import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { Backbone } from '../teach/backbone.ts'
import { SIDES } from './box-gradient.ts'
import { headNodes } from './box-nodes.ts'
import { boxLevels } from './box-taps.ts'
import type { Scale } from './cross-fit.ts'
import type { BoxHead } from './box-network.ts'
import type { SegmentSize } from './patch-describer.ts'
import { segmentInput } from './segment-model.ts'
import type { SideHead } from './side-network.ts'
import { sideNodes } from './side-nodes.ts'

const n = (name: string): string => `sightline_box_${name}`
export const [BOXES, SCORES, LABELS] = ['boxes', 'scores', 'labels'] as const
/** Width of the suppression, as Bodla et al. 2017: what lies beside a better box of its class in part is kept, lower. */
const NMS_SIGMA = 0.5
/** Exponents beyond this are no box of any image. */
const EXPONENT = 6

/**
 * Image → boxes, their classes and scores, in one graph: of every patch without networks of sides, else of the best
 * ones, their sides moved. What several heads give for a patch is averaged: logits of the scores and logarithms of the
 * distances.
 *
 * @param heads one or more, of the same classes
 * @param sides none or more, of the same classes
 * @param scales of the levels, as the heads were taught
 */
export function boxModel(
  backbone: Backbone,
  size: SegmentSize,
  heads: readonly BoxHead[],
  sides: readonly SideHead[],
  scales: { coarse: Scale; fine: Scale },
  unitPx: number,
): Uint8Array {
  const { width, height } = size.grid
  const outputs = heads[0]?.out.classes ?? 0
  const classes = outputs - SIDES
  const { nodes, coarse, fine } = boxLevels(backbone.taps, size.stridePx)
  const parts = heads.map((head, i) => headNodes(head, n(`head${i}`), scales, coarse, fine, size.stridePx))
  const centres = Float32Array.from({ length: width * height * SIDES }, (_, i) => {
    const cell = Math.floor(i / SIDES)
    return ((i % 2 === 0 ? cell % width : Math.floor(cell / width)) + 0.5) * size.stridePx
  })
  const whole = (name: string, values: readonly number[]) =>
    onnxTensor(n(name), [values.length], BigInt64Array.from(values.map(BigInt)))
  const ends = { boxes: n('clipped'), scores: n('top'), labels: n('which') }
  const moved =
    sides.length === 0
      ? { nodes: [], initializers: [], ...ends }
      : sideNodes(
          sides,
          { boxes: ends.boxes, scores: n('defects'), top: ends.scores },
          { coarse, fine, scales, size, classes },
        )
  return extendModel(backbone.model, {
    nodes: [
      ...nodes,
      ...parts.flatMap((p) => p.nodes),
      onnxNode(
        'Mean',
        parts.map((_, i) => n(`head${i}`)),
        [n('out')],
      ),
      onnxNode('Transpose', [n('out')], [n('last')], { perm: { ints: [0, 2, 3, 1] } }),
      onnxNode('Reshape', [n('last'), n('patches')], [n('rows')]),
      onnxNode('Slice', [n('rows'), n('zero'), n('classes'), n('one')], [n('logits')]),
      onnxNode('Sigmoid', [n('logits')], [n('defects')]),
      onnxNode('ReduceMax', [n('defects')], [n('top')], { axes: { ints: [1] }, keepdims: { int: 1 } }),
      onnxNode('ArgMax', [n('defects')], [n('which')], { axis: { int: 1 }, keepdims: { int: 0 } }),
      onnxNode('Slice', [n('rows'), n('classes'), n('outputs'), n('one')], [n('logs')]),
      onnxNode('Clip', [n('logs'), n('low'), n('high')], [n('bounded')]),
      onnxNode('Exp', [n('bounded')], [n('distances')]),
      onnxNode('Mul', [n('distances'), n('units')], [n('ways')]),
      onnxNode('Add', [n('ways'), n('centres')], [n('corners')]),
      onnxNode('Max', [n('corners'), n('origin')], [n('inside')]),
      onnxNode('Min', [n('inside'), n('size')], [n('clipped')]),
      ...moved.nodes,
      onnxNode('Reshape', [moved.boxes, n('fours')], [BOXES]),
      onnxNode('Reshape', [moved.scores, n('flat')], [SCORES]),
      onnxNode('Reshape', [moved.labels, n('flat')], [LABELS]),
    ],
    initializers: [
      ...parts.flatMap((p) => p.initializers),
      ...moved.initializers,
      onnxTensor(n('low'), [], Float32Array.of(-EXPONENT)),
      onnxTensor(n('high'), [], Float32Array.of(EXPONENT)),
      onnxTensor(n('units'), [1, SIDES], Float32Array.of(-unitPx, -unitPx, unitPx, unitPx)),
      // What lies outside the image would count against the overlap of two boxes.
      onnxTensor(n('origin'), [1], Float32Array.of(0)),
      onnxTensor(
        n('size'),
        [1, SIDES],
        Float32Array.of(size.widthPx, size.heightPx, size.widthPx, size.heightPx),
      ),
      onnxTensor(n('centres'), [width * height, SIDES], centres),
      // Slices run over the columns: start, end, axis; the axis is 1 as well.
      whole('zero', [0]),
      whole('one', [1]),
      whole('classes', [classes]),
      whole('outputs', [outputs]),
      whole('patches', [-1, outputs]),
      whole('flat', [1, -1]),
      whole('fours', [1, -1, SIDES]),
    ],
    inputs: [{ name: backbone.input, type: 'uint8', shape: [1, size.heightPx, size.widthPx, 3] }],
    outputs: [
      { name: BOXES, type: 'float32', shape: [1, 'k', SIDES] },
      { name: SCORES, type: 'float32', shape: [1, 'k'] },
      { name: LABELS, type: 'int64', shape: [1, 'k'] },
    ],
  })
}

export interface BoxFacts {
  id: string
  version: string
  /** Without the background. */
  classes: readonly string[]
  size: SegmentSize
  images: number
  metrics: Record<string, number>
  threshold: ModelCard['threshold']
  licence: string
}

export function boxCard(backbone: Backbone, facts: BoxFacts): ModelCard {
  const { id, version, classes, size, images, metrics, threshold, licence } = facts
  return {
    id,
    version,
    title: { zh: `缺陷检测:${classes.join('、')}`, en: `Defects: ${classes.join(', ')}` },
    spec: {
      family: 'detection-decoded',
      boxes: BOXES,
      scores: SCORES,
      labels: LABELS,
      nms: { sigma: NMS_SIGMA, classAware: true },
      scoreFloor: 0.02,
    },
    inputs: [segmentInput(backbone, size)],
    labels: [...classes],
    licence,
    trainingData: [
      { name: `${images} images with labelled boxes`, licence },
      ...backbone.trainingData.map((d) => ({ ...d, name: `backbone ${backbone.id}: ${d.name}` })),
    ],
    metrics,
    threshold,
    golden: { atol: 2e-2, rtol: 1e-3 },
  }
}
