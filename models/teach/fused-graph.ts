import { CodedError } from '../../contracts/index.ts'
import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { OnnxValueInfo } from '../onnx/graph.ts'
import type { Backbone } from './backbone.ts'
import { averageOver, smoothingReach, topCells } from './calibration.ts'
import { OUTSIDE, TOP_SHARE } from './crossfit.ts'
import type { Calibration } from './crossfit.ts'
import type { WorkingSize } from './working-size.ts'
import { describingModel } from './describing-graph.ts'
import { averageCells, OWN } from './feature-nodes.ts'
import type { GraphPart, Projection } from './feature-nodes.ts'
import { METHODS } from './fit.ts'
import type { Fitted, MethodId } from './fit.ts'
import { formGraph } from './form.ts'
import { planeNumbers } from './plane-points.ts'
import { planeNodes } from './planes.ts'

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
 * score; with a golden template no backbone. Input as the backbone's, uint8 [1, height, width, 3]; outputs `map`
 * [1, 1, rows, columns], smoothed, and `score` [1]. A tiled area is one image here: only the backbone sees it tile by tile.
 */
export function fusedModel(request: FusedRequest): Uint8Array {
  const { backbone, size, projection, method, fitted, calibration, allowed, mapGain } = request
  const { grid } = size
  const cells = grid.width * grid.height
  const embedding = `${OWN}embedding`
  const residual = `${OWN}residual`
  const template = METHODS[method].reference === 'template'
  const parts = [
    ...(template ? [planeNodes(backbone.input, grid, embedding)] : []),
    fitted.reference.graph(embedding, residual, `${OWN}reference_`),
  ]
  const kind = METHODS[method].form
  const form = fitted.forms[kind]
  if (form === undefined) throw new CodedError('TCH_IMAGES', { path: 'method', expected: method })
  const [raw, z] = [`${OWN}raw`, `${OWN}z`]
  const dims = template ? planeNumbers(grid) : projection.dims
  parts.push(formGraph(form, dims, residual, raw, `${OWN}${kind}_`), {
    initializers: [
      onnxTensor(`${raw}_mean`, [cells], calibration.statistics.mean),
      onnxTensor(`${raw}_scale`, [cells], calibration.statistics.scale),
    ],
    nodes: [
      onnxNode('Sub', [raw, `${raw}_mean`], [`${raw}_centred`]),
      onnxNode('Div', [`${raw}_centred`, `${raw}_scale`], [z]),
    ],
  })
  parts.push(scoreNodes(z, allowed, grid, mapGain))
  const after = {
    nodes: parts.flatMap((p) => p.nodes),
    initializers: parts.flatMap((p) => p.initializers),
  }
  const outputs: OnnxValueInfo[] = [
    { name: MAP_OUTPUT, type: 'float32', shape: [1, 1, grid.height, grid.width] },
    { name: SCORE_OUTPUT, type: 'float32', shape: [1] },
  ]
  if (!template)
    return describingModel({ backbone, size, projection, described: embedding, after, outputs, allowed })
  const inputs: OnnxValueInfo[] = [
    { name: backbone.input, type: 'uint8', shape: [1, size.heightPx, size.widthPx, 3] },
  ]
  return onnxModel(onnxGraph({ name: 'template', ...after, inputs, outputs }))
}

function scoreNodes(
  calibrated: string,
  allowed: Float32Array<ArrayBuffer> | null,
  { width, height }: { width: number; height: number },
  mapGain: number,
): GraphPart {
  const cells = width * height
  const name = (what: string): string => `${OWN}${what}`
  const part: GraphPart = {
    nodes: [],
    initializers: [
      onnxTensor(name('gain'), [1], Float32Array.of(mapGain)),
      onnxTensor(name('map_shape'), [4], BigInt64Array.of(1n, 1n, BigInt(height), BigInt(width))),
    ],
  }
  let z = calibrated
  let count = cells
  let where = calibrated
  if (allowed !== null) {
    count = allowed.reduce((n, a) => n + (a === 0 ? 0 : 1), 0)
    part.initializers.push(
      onnxTensor(name('allowed'), [cells], allowed),
      onnxTensor(
        name('outside'),
        [cells],
        allowed.map((a) => (a === 0 ? OUTSIDE : 0)),
      ),
    )
    part.nodes.push(
      onnxNode('Mul', [z, name('allowed')], [name('inside')]),
      onnxNode('Add', [name('inside'), name('outside')], [name('masked')]),
    )
    z = name('masked')
    where = name('inside')
  }
  const reach = smoothingReach(cells)
  part.initializers.push(onnxTensor(name('top'), [1], BigInt64Array.of(BigInt(topCells(count, TOP_SHARE)))))
  part.nodes.push(
    onnxNode('TopK', [z, name('top')], [name('largest'), name('where')], { axis: { int: 0 } }),
    onnxNode('ReduceMean', [name('largest')], [SCORE_OUTPUT], {
      axes: { ints: [0] },
      keepdims: { int: 1 },
    }),
    onnxNode('Mul', [where, name('gain')], [name('scaled')]),
    onnxNode('Reshape', [name('scaled'), name('map_shape')], [name('fine_map')]),
    averageCells(name('fine_map'), allowed === null ? MAP_OUTPUT : name('smooth_map'), reach),
  )
  if (allowed !== null) {
    // the mean of the allowed cells only; the others stay far below every threshold
    const share = averageOver(allowed, width, height, reach)
    const factor = allowed.map((a, i) => (a === 0 ? 0 : 1 / (share[i] ?? 1)))
    const below = allowed.map((a) => (a === 0 ? OUTSIDE * mapGain : 0))
    const shape = [1, 1, height, width]
    part.initializers.push(onnxTensor(name('factor'), shape, factor), onnxTensor(name('below'), shape, below))
    part.nodes.push(
      onnxNode('Mul', [name('smooth_map'), name('factor')], [name('allowed_map')]),
      onnxNode('Add', [name('allowed_map'), name('below')], [MAP_OUTPUT]),
    )
  }
  return part
}
