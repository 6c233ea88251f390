import { extendModel } from '../onnx/extend.ts'
import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { OnnxValueInfo } from '../onnx/graph.ts'
import { extendOverWindows } from '../onnx/loop.ts'
import type { Field } from '../onnx/wire.ts'
import { patchTaps } from './backbone.ts'
import type { Backbone } from './backbone.ts'
import type { WorkingSize } from './working-size.ts'
import { channelsOf, descriptorNodes, OWN } from './feature-nodes.ts'
import type { GraphPart, Projection } from './feature-nodes.ts'
import { viewTiles } from './tiles.ts'

export interface DescribingRequest {
  backbone: Backbone
  size: WorkingSize
  /** Null gives all channels of the taps. */
  projection: Projection | null
  /** Name of the descriptors, float32 [cells, dims]. */
  described: string
  /** Nodes that follow them. */
  after: GraphPart
  outputs: readonly OnnxValueInfo[]
  /** 1 or 0 per cell: tiles without an allowed cell are not described. Null: all are. */
  allowed: Float32Array | null
}

/**
 * The backbone with the descriptors of its patches, at one size of image: in one piece, or tile by tile with each cell
 * from the tile that sees most around it. What follows is the same, whichever it is.
 */
export function describingModel(request: DescribingRequest): Field {
  const { backbone, size, projection, described, after, outputs, allowed } = request
  const { model, input } = backbone
  const { grid, tiles, widthPx, heightPx } = size
  const taps = patchTaps(backbone.taps)
  const inputs = [{ name: input, type: 'uint8' as const, shape: [1, heightPx, widthPx, 3] }]
  if (tiles === undefined) {
    const part = descriptorNodes(taps, grid.stridePx, projection, described)
    return extendModel(model, {
      nodes: [...part.nodes, ...after.nodes],
      initializers: [...part.initializers, ...after.initializers],
      inputs,
      outputs,
    })
  }
  const name = (what: string): string => `${OWN}tiles_${what}`
  const { origins, source } = viewTiles(size, tiles, allowed)
  const dims = projection?.dims ?? channelsOf(taps)
  const windows = {
    input,
    origins,
    widthPx: tiles.widthPx,
    heightPx: tiles.heightPx,
    body: descriptorNodes(taps, grid.stridePx, projection, name('patches')),
    kept: name('patches'),
    stacked: name('stacked'),
  }
  return extendOverWindows(model, windows, {
    nodes: [
      onnxNode('Reshape', [windows.stacked, name('shape')], [name('rows')]),
      onnxNode('Gather', [name('rows'), name('source')], [described], { axis: { int: 0 } }),
      ...after.nodes,
    ],
    initializers: [
      onnxTensor(name('shape'), [2], BigInt64Array.of(-1n, BigInt(dims))),
      onnxTensor(name('source'), [source.length], source),
      ...after.initializers,
    ],
    inputs,
    outputs,
  })
}
