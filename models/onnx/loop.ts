import { CodedError } from '../../contracts/index.ts'
import { onnxNode, onnxTensor, valueInfo } from './graph.ts'
import type { OnnxValueInfo } from './graph.ts'
import { screenOnnx } from './screen.ts'
import { checkOpset } from './extend.ts'
import type { GraphExtension } from './extend.ts'
import { bytesField, concatFields, messageField, readFields, textField, textOf } from './wire.ts'
import type { Field } from './wire.ts'

/** onnx.proto3: GraphProto, ModelProto and NodeProto fields used here. */
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const
const MODEL = { graph: 7 } as const
const NODE = { input: 1, attribute: 5 } as const
/** AttributeProto: one graph, or several. */
const GRAPHS_IN = [6, 11]

/** Prefix of the names that windows bring. */
const OWN = 'sightline_window_'

export interface Windows {
  /** Image input of the model, uint8 [1, height, width, 3]; the new model has it at the size of the whole image. */
  input: string
  /** Upper left corner of each window: row, column, px. */
  origins: readonly (readonly [top: number, left: number])[]
  widthPx: number
  heightPx: number
  /** Nodes and constants that follow those of the model in each window. */
  body: Pick<GraphExtension, 'nodes' | 'initializers'>
  /** Value of the body that is kept of each window, float32 [rows, columns]. */
  kept: string
  /** Name under which it stands outside: float32 [windows, rows, columns]. */
  stacked: string
}

/**
 * Runs a model over windows of a larger image, one after the other: its graph becomes the body of one `Loop`
 * (ONNX operators, Loop-16), so that what is held at once is what one window takes. Other nodes follow the loop.
 *
 * @throws as `extendModel`; MDL_PACKAGE for a model that has graphs inside its nodes, which could read the whole image
 */
export function extendOverWindows(model: Uint8Array, windows: Windows, extension: GraphExtension): Field {
  screenOnnx(model)
  checkOpset(model)
  const parts: Uint8Array[] = []
  for (const field of readFields(model))
    parts.push(
      field.number === MODEL.graph && field.bytes !== null
        ? bytesField(MODEL.graph, loopGraph(field.bytes, windows, extension))
        : model.subarray(field.start, field.end),
    )
  return concatFields(parts)
}

function loopGraph(graph: Uint8Array, windows: Windows, extension: GraphExtension): Field {
  const { origins, stacked } = windows
  const corners = BigInt64Array.from(origins.flat(), BigInt)
  const initializers = [
    onnxTensor(`${OWN}count`, [], BigInt64Array.of(BigInt(origins.length))),
    onnxTensor(`${OWN}origins`, [origins.length, 2], corners),
  ]
  const loop = onnxNode('Loop', [`${OWN}count`, ''], [stacked], {
    body: { graph: bodyGraph(graph, windows) },
  })
  return concatFields([
    ...[loop, ...extension.nodes].map((n) => bytesField(GRAPH.node, n)),
    textField(GRAPH.name, 'windows'),
    ...[...initializers, ...extension.initializers].map((t) => bytesField(GRAPH.initializer, t)),
    ...extension.inputs.map((v) => messageField(GRAPH.input, valueInfo(v))),
    ...extension.outputs.map((v) => messageField(GRAPH.output, valueInfo(v))),
  ])
}

function bodyGraph(graph: Uint8Array, { input, widthPx, heightPx, body, kept }: Windows): Field {
  const cut = `${OWN}pixels`
  const own: Uint8Array[] = []
  for (const field of readFields(graph)) {
    if (field.number === GRAPH.input || field.number === GRAPH.output) continue
    own.push(
      field.number === GRAPH.node && field.bytes !== null
        ? bytesField(GRAPH.node, reading(field.bytes, input, cut))
        : graph.subarray(field.start, field.end),
    )
  }
  const before = [
    onnxNode('Gather', [`${OWN}origins`, `${OWN}number`], [`${OWN}from`], { axis: { int: 0 } }),
    onnxNode('Add', [`${OWN}from`, `${OWN}size`], [`${OWN}to`]),
    onnxNode('Slice', [input, `${OWN}from`, `${OWN}to`, `${OWN}axes`], [`${OWN}cut`]),
    // says its size to the optimiser
    onnxNode('Reshape', [`${OWN}cut`, `${OWN}shape`], [cut]),
    onnxNode('Identity', [`${OWN}more`], [`${OWN}again`]),
  ]
  const constants = [
    onnxTensor(`${OWN}size`, [2], BigInt64Array.of(BigInt(heightPx), BigInt(widthPx))),
    onnxTensor(`${OWN}axes`, [2], BigInt64Array.of(1n, 2n)),
    onnxTensor(`${OWN}shape`, [4], BigInt64Array.of(1n, BigInt(heightPx), BigInt(widthPx), 3n)),
  ]
  const inputs: OnnxValueInfo[] = [
    { name: `${OWN}number`, type: 'int64', shape: [] },
    { name: `${OWN}more`, type: 'bool', shape: [] },
  ]
  const outputs: OnnxValueInfo[] = [
    { name: `${OWN}again`, type: 'bool', shape: [] },
    { name: kept, type: 'float32', shape: ['rows', 'columns'] },
  ]
  return concatFields([
    ...before.map((n) => bytesField(GRAPH.node, n)),
    ...own,
    ...body.nodes.map((n) => bytesField(GRAPH.node, n)),
    ...[...constants, ...body.initializers].map((t) => bytesField(GRAPH.initializer, t)),
    ...inputs.map((v) => messageField(GRAPH.input, valueInfo(v))),
    ...outputs.map((v) => messageField(GRAPH.output, valueInfo(v))),
  ])
}

/** A node that reads `to` where it read `from`: a graph inside another may not use its names again. */
function reading(node: Uint8Array, from: string, to: string): Field {
  const parts: Uint8Array[] = []
  for (const { number, bytes, start, end } of readFields(node)) {
    const reads = number === NODE.input && bytes !== null && Buffer.from(bytes).toString('utf8') === from
    parts.push(reads ? textField(NODE.input, to) : node.subarray(start, end))
    if (number !== NODE.attribute || bytes === null) continue
    for (const inner of readFields(bytes))
      if (GRAPHS_IN.includes(inner.number))
        throw new CodedError('MDL_PACKAGE', {
          path: 'model.onnx',
          expected: 'a network without If, Loop or Scan, to run it over the tiles of an image',
          actual: `a graph in an attribute of ${textOf(node, 4)}`,
          hint: 'use a working area that needs no tiles, or export the network without them',
        })
  }
  return concatFields(parts)
}
