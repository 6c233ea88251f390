import { CodedError } from '../../contracts/index.ts'
import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import { extendModel } from '../onnx/extend.ts'
import { patchTaps } from './backbone.ts'
import type { Backbone } from './backbone.ts'
import { topCells } from './calibration.ts'
import { OUTSIDE, TOP_SHARE } from './crossfit.ts'
import type { Calibration } from './crossfit.ts'
import type { WorkingSize } from './embedder.ts'
import { OWN, descriptorNodes } from './feature-nodes.ts'
import type { GraphPart, Projection } from './feature-nodes.ts'
import { METHODS } from './fit.ts'
import type { Fitted, MethodId } from './fit.ts'
import { formGraph } from './form.ts'

/** Names of the outputs of a taught model. */
export const MAP_OUTPUT = 'map'
export const SCORE_OUTPUT = 'score'

export interface FusedRequest {
  backbone: Backbone
  size: WorkingSize
  projection: Projection
  method: MethodId
  fitted: Fitted
  calibration: Calibration
  /** 0 for cells outside the regions taught; null allows all. */
  allowed: Float32Array<ArrayBuffer> | null
  /** The map is multiplied by it, so that one threshold serves map and score. */
  mapGain: number
}

/**
 * The whole taught model as one ONNX graph: backbone, projection, reference, form, position statistics and image
 * score. Input as the backbone's, uint8 [1, height, width, 3]; outputs `map` [1, 1, rows, columns] and `score` [1].
 */
export function fusedModel(request: FusedRequest): Uint8Array {
  const { backbone, size, projection, method, fitted, calibration, allowed, mapGain } = request
  const { grid } = size
  const cells = grid.width * grid.height
  const embedding = `${OWN}embedding`
  const residual = `${OWN}residual`
  const parts = [
    descriptorNodes(patchTaps(backbone.taps), grid.stridePx, projection, embedding),
    fitted.reference.graph(embedding, residual, `${OWN}reference_`),
  ]
  const kind = METHODS[method].form
  const form = fitted.forms[kind]
  if (form === undefined) throw new CodedError('TCH_IMAGES', { path: 'method', expected: method })
  const [raw, z] = [`${OWN}raw`, `${OWN}z`]
  parts.push(formGraph(form, projection.dims, residual, raw, `${OWN}${kind}_`), {
    initializers: [
      onnxTensor(`${raw}_mean`, [cells], calibration.statistics.mean),
      onnxTensor(`${raw}_scale`, [cells], calibration.statistics.scale),
    ],
    nodes: [
      onnxNode('Sub', [raw, `${raw}_mean`], [`${raw}_centred`]),
      onnxNode('Div', [`${raw}_centred`, `${raw}_scale`], [z]),
    ],
  })
  parts.push(scoreNodes(z, allowed, cells, [1, 1, grid.height, grid.width], mapGain))
  return extendModel(backbone.model, {
    nodes: parts.flatMap((p) => p.nodes),
    initializers: parts.flatMap((p) => p.initializers),
    inputs: [{ name: backbone.input, type: 'uint8', shape: [1, size.heightPx, size.widthPx, 3] }],
    outputs: [
      { name: MAP_OUTPUT, type: 'float32', shape: [1, 1, grid.height, grid.width] },
      { name: SCORE_OUTPUT, type: 'float32', shape: [1] },
    ],
  })
}

function scoreNodes(
  calibrated: string,
  allowed: Float32Array<ArrayBuffer> | null,
  cells: number,
  mapShape: number[],
  mapGain: number,
): GraphPart {
  const part: GraphPart = { nodes: [], initializers: [] }
  let z = calibrated
  let count = cells
  if (allowed !== null) {
    count = allowed.reduce((n, a) => n + (a === 0 ? 0 : 1), 0)
    part.initializers.push(
      onnxTensor(`${OWN}allowed`, [cells], allowed),
      onnxTensor(
        `${OWN}outside`,
        [cells],
        allowed.map((a) => (a === 0 ? OUTSIDE : 0)),
      ),
    )
    part.nodes.push(
      onnxNode('Mul', [z, `${OWN}allowed`], [`${OWN}inside`]),
      onnxNode('Add', [`${OWN}inside`, `${OWN}outside`], [`${OWN}masked`]),
    )
    z = `${OWN}masked`
  }
  part.initializers.push(
    onnxTensor(`${OWN}top`, [1], BigInt64Array.of(BigInt(topCells(count, TOP_SHARE)))),
    onnxTensor(`${OWN}gain`, [1], Float32Array.of(mapGain)),
    onnxTensor(`${OWN}map_shape`, [4], BigInt64Array.from(mapShape, BigInt)),
  )
  part.nodes.push(
    onnxNode('TopK', [z, `${OWN}top`], [`${OWN}largest`, `${OWN}where`], { axis: { int: 0 } }),
    onnxNode('ReduceMean', [`${OWN}largest`], [SCORE_OUTPUT], {
      axes: { ints: [0] },
      keepdims: { int: 1 },
    }),
    onnxNode('Mul', [z, `${OWN}gain`], [`${OWN}scaled`]),
    onnxNode('Reshape', [`${OWN}scaled`, `${OWN}map_shape`], [MAP_OUTPUT]),
  )
  return part
}
