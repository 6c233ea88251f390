import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../models/index.ts'
import type { OnnxValueInfo } from '../../models/index.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** xyxy px of the model input, label index, score for a white image (it falls linearly to 0 for a black one). */
export interface ToyRow {
  box: [number, number, number, number]
  label: number
  score: number
}

/**
 * Models small enough to compute by hand. `level` is the mean grey of the image (of |image - template| for a pair)
 * divided by 255, so a white image has level 1 and a black one 0.
 */
export type ToyKind =
  /** logits = level * gain + bias, per class */
  | { kind: 'classification'; gain: number[]; bias: number[] }
  /** YOLOv8 head with one anchor per row; its score is level * score, all other classes 0 */
  | { kind: 'yolov8' | 'yolov5'; classes: number; rows: ToyRow[] }
  /** decoded rows with score level * score */
  | { kind: 'decoded'; rows: ToyRow[]; pair?: boolean }
  /** map = |x - mean|, score = its maximum; one channel */
  | { kind: 'anomaly' }

export interface ToyGraph {
  toy: ToyKind
  channels?: 1 | 3
  /** Fixed input size; free when absent. */
  size?: { widthPx: number; heightPx: number }
  /** Every score is NaN (0 / 0) when `level` is 0, and unchanged otherwise. */
  nanWhenBlack?: boolean
  /** Products of 512 x 512 matrices before the answer: roughly 5 to 20 ms each on one core. */
  slowMatMuls?: number
}

/** Bytes of model.onnx; inputs `image` and, for a pair, `template`, uint8 [n, h, w, channels]. */
export function toyModel({
  toy,
  channels = 1,
  size,
  nanWhenBlack = false,
  slowMatMuls = 0,
}: ToyGraph): Bytes {
  const shape = ['n', size?.heightPx ?? 'h', size?.widthPx ?? 'w', channels]
  const pair = toy.kind === 'decoded' && toy.pair === true
  const inputs: OnnxValueInfo[] = ['image', ...(pair ? ['template'] : [])].map((name) => ({
    name,
    type: 'uint8',
    shape,
  }))
  const float = { to: { int: 1 } }
  const nodes: Bytes[] = [onnxNode('Cast', ['image'], [pair ? 'image_f' : 'x'], float)]
  if (pair)
    nodes.push(
      onnxNode('Cast', ['template'], ['template_f'], float),
      onnxNode('Sub', ['image_f', 'template_f'], ['signed']),
      onnxNode('Abs', ['signed'], ['x']),
    )
  nodes.push(
    onnxNode('ReduceMean', ['x'], ['mean4'], { axes: { ints: [1, 2, 3] } }),
    onnxNode('Flatten', ['mean4'], ['mean']),
    onnxNode('Div', ['mean', 'white'], ['level0']),
    onnxNode('Sub', ['level0', 'level0'], ['zero']),
  )
  const constants = [onnxTensor('white', [1], Float32Array.of(255))]
  let disturbance = 'zero'
  if (nanWhenBlack) {
    nodes.push(
      onnxNode('Div', ['level0', 'level0'], ['one']),
      onnxNode('Sub', ['one', 'one'], ['zero_or_nan']),
    )
    disturbance = 'zero_or_nan'
  }
  if (slowMatMuls > 0) disturbance = addSlowPart(nodes, constants, disturbance, slowMatMuls)
  nodes.push(onnxNode('Add', ['level0', disturbance], ['level']))
  const outputs = addHead(toy, nodes, constants, disturbance)
  return onnxModel(onnxGraph({ name: 'toy', nodes, initializers: constants, inputs, outputs }))
}

/** Multiplies the 512 x 512 matrix of equal cells with itself again and again; returns a name whose value is unchanged. */
function addSlowPart(nodes: Bytes[], constants: Bytes[], from: string, count: number): string {
  constants.push(onnxTensor('side', [2], BigInt64Array.of(512n, 512n)))
  const cell = onnxTensor('', [1], Float32Array.of(1 / 512))
  nodes.push(
    onnxNode('ConstantOfShape', ['side'], ['weights'], { value: { tensor: cell } }),
    onnxNode('Add', ['weights', from], ['product0']),
  )
  for (let i = 0; i < count; i++)
    nodes.push(onnxNode('MatMul', [`product${i}`, 'weights'], [`product${i + 1}`]))
  nodes.push(
    onnxNode('ReduceMean', [`product${count}`], ['slow_mean'], { axes: { ints: [0, 1] } }),
    onnxNode('Sub', ['slow_mean', 'slow_mean'], ['slow_zero']),
    onnxNode('Add', [from, 'slow_zero'], ['slowly']),
  )
  return 'slowly'
}

function addHead(toy: ToyKind, nodes: Bytes[], constants: Bytes[], disturbance: string): OnnxValueInfo[] {
  switch (toy.kind) {
    case 'classification': {
      const classes = toy.gain.length
      constants.push(
        onnxTensor('gain', [1, classes], Float32Array.from(toy.gain)),
        onnxTensor('bias', [1, classes], Float32Array.from(toy.bias)),
      )
      nodes.push(
        onnxNode('Mul', ['level', 'gain'], ['scaled']),
        onnxNode('Add', ['scaled', 'bias'], ['logits']),
      )
      return [{ name: 'logits', type: 'float32', shape: ['n', classes] }]
    }
    case 'yolov8':
    case 'yolov5': {
      const anchors = toy.rows.length
      // The older head has a row for each anchor, and says first that something is there: always, here.
      const older = toy.kind === 'yolov5'
      const head = older ? 5 : 4
      const width = head + toy.classes
      const shape = older ? [1, anchors, width] : [1, width, anchors]
      const at = (a: number, n: number): number => (older ? a * width + n : n * anchors + a)
      const boxes = new Float32Array(width * anchors)
      const scores = new Float32Array(boxes.length)
      toy.rows.forEach(({ box: [x1, y1, x2, y2], label, score }, a) => {
        const cxcywh = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, ...(older ? [1] : [])]
        cxcywh.forEach((v, n) => (boxes[at(a, n)] = v))
        scores[at(a, head + label)] = score
      })
      constants.push(
        onnxTensor('boxes', shape, boxes),
        onnxTensor('scores', shape, scores),
        onnxTensor('axis', [1], BigInt64Array.of(2n)),
      )
      nodes.push(
        onnxNode('Unsqueeze', ['level', 'axis'], ['level3']),
        onnxNode('Mul', ['level3', 'scores'], ['scored']),
        onnxNode('Add', ['scored', 'boxes'], ['output0']),
      )
      return [{ name: 'output0', type: 'float32', shape: ['n', ...shape.slice(1)] }]
    }
    case 'decoded': {
      const k = toy.rows.length
      constants.push(
        onnxTensor('all_boxes', [1, k, 4], Float32Array.from(toy.rows.flatMap((r) => r.box))),
        onnxTensor(
          'all_scores',
          [1, k],
          Float32Array.from(toy.rows, (r) => r.score),
        ),
        onnxTensor(
          'all_labels',
          [1, k],
          BigInt64Array.from(toy.rows, (r) => BigInt(r.label)),
        ),
      )
      nodes.push(
        onnxNode('Identity', ['all_boxes'], ['boxes']),
        onnxNode('Mul', ['level', 'all_scores'], ['scores']),
        onnxNode('Identity', ['all_labels'], ['labels']),
      )
      return [
        { name: 'boxes', type: 'float32', shape: [1, k, 4] },
        { name: 'scores', type: 'float32', shape: ['n', k] },
        { name: 'labels', type: 'int64', shape: [1, k] },
      ]
    }
    case 'anomaly':
      constants.push(onnxTensor('last', [1], BigInt64Array.of(3n)))
      nodes.push(
        onnxNode('Sub', ['x', 'mean4'], ['centred']),
        onnxNode('Abs', ['centred'], ['deviation']),
        onnxNode('Squeeze', ['deviation', 'last'], ['clean_map']),
        onnxNode('Add', ['clean_map', disturbance], ['map']),
        onnxNode('ReduceMax', ['map'], ['score'], { axes: { ints: [1, 2] }, keepdims: { int: 0 } }),
      )
      return [
        { name: 'map', type: 'float32', shape: ['n', 'h', 'w'] },
        { name: 'score', type: 'float32', shape: ['n'] },
      ]
  }
}
